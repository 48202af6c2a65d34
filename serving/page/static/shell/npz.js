// Reads NumPy archives: a ZIP of arrays that are stored without compression, as the endpoint writes them.

const END = 0x06054b50;
const ENTRY = 0x02014b50;

/** Name to {shape, data} of every array; `about` is the header of the answer as an object. */
export function readArchive(buffer) {
  const view = new DataView(buffer);
  const arrays = {};
  let about = {};
  for (const { name, offset, size } of entries(view)) {
    const array = readArray(buffer, offset, size);
    if (name === "about") about = JSON.parse(array.data);
    else arrays[name] = array;
  }
  return { about, arrays };
}

function* entries(view) {
  let end = view.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new Error("The answer is no NumPy archive");
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
    yield { name: name.replace(/\.npy$/, ""), offset, size };
    at += 46 + nameLength + extra + comment;
  }
}

function readArray(buffer, offset, size) {
  const view = new DataView(buffer, offset, size);
  const long = view.getUint8(6) > 1;
  const start = long ? 12 : 10;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder().decode(new Uint8Array(buffer, offset + start, length));
  const type = /'descr': '([^']+)'/.exec(header)[1];
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(",").filter((part) => part.trim()).map(Number);
  // A copy, since typed arrays must begin at multiples of their size.
  const bytes = buffer.slice(offset + start + length, offset + size);
  const turned = /'fortran_order': True/.test(header) && shape.length > 1;
  return turned ? fortran(type, shape, bytes) : { shape, data: numbers(type, bytes) };
}

function numbers(type, bytes) {
  const kind = type.replace(/^[<|]/, "");
  if (kind[0] === "U") return text(new Uint32Array(bytes));
  if (kind === "i8") return Float64Array.from(new BigInt64Array(bytes), Number);
  const types = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, b1: Uint8Array };
  if (!(kind in types)) throw new Error(`An array of the type ${type} cannot be read`);
  return new types[kind](bytes);
}

/** NumPy's text, which has four bytes for each character. */
function text(codes) {
  const parts = [];
  for (let start = 0; start < codes.length; start += 4096) {
    parts.push(String.fromCodePoint(...codes.subarray(start, start + 4096)));
  }
  return parts.join("");
}

/** An array whose first axis runs fastest, turned to the usual order. */
function fortran(type, shape, bytes) {
  const from = numbers(type, bytes);
  const to = new from.constructor(from.length);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  for (let k = 0; k < to.length; k += 1) {
    to[k] = from[index.reduce((sum, value, axis) => sum + value * strides[axis], 0)];
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis] += 1;
      if (index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return { shape, data: to };
}
