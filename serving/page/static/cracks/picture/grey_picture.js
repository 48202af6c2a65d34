// Grey pictures of eight bits, as masks and probabilities are sent: from PNG files to levels, and back.

import { checksum } from "../../shell/checksum.js";

const ROWS = 256;

/** {width, height, data}: a level from 0 to 255 for each pixel of a PNG file. */
export async function readGrey(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const data = new Uint8Array(width * height);
  // Some rows at a time: four bytes for each of a hundred million pixels are a lot.
  const canvas = new OffscreenCanvas(width, Math.min(ROWS, height));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < height; top += ROWS) {
    const rows = Math.min(ROWS, height - top);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const bytes = context.getImageData(0, 0, width, rows).data;
    for (let k = 0, at = top * width; k < bytes.length; k += 4, at += 1) data[at] = bytes[k];
  }
  bitmap.close();
  return { width, height, data };
}

/** A PNG file of levels. */
export async function writeGrey({ width, height, data }) {
  const rows = new Uint8Array((width + 1) * height);
  for (let row = 0; row < height; row += 1) rows.set(data.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  const packed = new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate")));
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head[8] = 8;
  const signature = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunk("IHDR", head), chunk("IDAT", new Uint8Array(await packed.arrayBuffer())), chunk("IEND", new Uint8Array(0))];
  return new Blob([signature, ...chunks], { type: "image/png" });
}

function chunk(name, content) {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set([...name].map((character) => character.charCodeAt(0)), 4);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, checksum(bytes.subarray(4, content.length + 8)));
  return bytes;
}

/** A mask, 255 for crack: where levels reach a threshold between 0 and 1. */
export function maskOf({ width, height, data }, threshold) {
  const least = Math.ceil(threshold * 255 - 1e-9);
  return { width, height, data: data.map((level) => (level >= least ? 255 : 0)) };
}
