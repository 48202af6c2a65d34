// Reads NumPy archives: a ZIP of arrays that are stored without compression, as the endpoint writes them.

import { storedFiles } from "./zip.js";

/** Name to {shape, data} of every array; `about` is the header of the answer as an object. */
export function readArchive(buffer) {
  const arrays = {};
  let about = {};
  for (const { name, offset, size } of storedFiles(buffer)) {
    const array = readArray(buffer, offset, size);
    const stem = name.replace(/\.npy$/, "");
    if (stem === "about") about = JSON.parse(array.data);
    else arrays[stem] = array;
  }
  return { about, arrays };
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
  const types = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u4: Uint32Array, u2: Uint16Array, u1: Uint8Array, b1: Uint8Array };
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
