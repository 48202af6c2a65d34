// Finds the files of a ZIP that holds them without compression, as the endpoint writes it.

const END = 0x06054b50;
const ENTRY = 0x02014b50;

/** Name, offset and size of every file in an archive; raises where it is damaged or compressed. */
export function* storedFiles(buffer) {
  const view = new DataView(buffer);
  let end = view.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new Error("The answer is no archive");
  let at = view.getUint32(end + 16, true);
  const decoder = new TextDecoder();
  for (let count = view.getUint16(end + 10, true); count > 0; count -= 1) {
    if (view.getUint32(at, true) !== ENTRY || view.getUint16(at + 10, true) !== 0) {
      throw new Error("The archive is compressed or damaged");
    }
    const size = view.getUint32(at + 24, true);
    const [nameLength, extra, comment] = [28, 30, 32].map((k) => view.getUint16(at + k, true));
    const name = decoder.decode(new Uint8Array(view.buffer, at + 46, nameLength));
    const local = view.getUint32(at + 42, true);
    const offset = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    yield { name, offset, size };
    at += 46 + nameLength + extra + comment;
  }
}
