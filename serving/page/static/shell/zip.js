// Reads and writes ZIP archives that hold their files without compression, as the endpoint does.

import { checksum } from "./checksum.js";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const FILE = 0x04034b50;

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

/** An archive of files: name in ASCII to bytes. */
export function archiveOf(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const title = new TextEncoder().encode(name);
    const about = [checksum(bytes), bytes.length, bytes.length];
    const head = [record([[FILE, 4], [20, 2], [0, 2], [0, 2], [0, 4], ...about.map((value) => [value, 4]), [title.length, 2], [0, 2]]), title];
    parts.push(...head, bytes);
    directory.push(record([[ENTRY, 4], [20, 2], [20, 2], [0, 2], [0, 2], [0, 4], ...about.map((value) => [value, 4]), [title.length, 2], [0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]]), title);
    offset += head[0].length + title.length + bytes.length;
  }
  const long = directory.reduce((sum, part) => sum + part.length, 0);
  const count = directory.length / 2;
  return new Blob([...parts, ...directory, record([[END, 4], [0, 2], [0, 2], [count, 2], [count, 2], [long, 4], [offset, 4], [0, 2]])], { type: "application/zip" });
}

/** Numbers of two or four bytes, the lowest byte first. */
function record(numbers) {
  const bytes = new Uint8Array(numbers.reduce((sum, [, size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, size] of numbers) {
    if (size === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += size;
  }
  return bytes;
}
