// Levels as colours over a photo: where a mask is crack, or how warm a part of the photo is.

import { colours } from "../../field/colour_maps.js";

/** One colour, from a level on. */
export function maskColours(least, [red, green, blue] = [255, 40, 150]) {
  return tableOf((level) => (level >= least ? [red, green, blue, 255] : [0, 0, 0, 0]));
}

/** Warm colours that grow opaque with the level. */
export function warmColours() {
  const map = colours("inferno");
  return tableOf((level) => [map[3 * level], map[3 * level + 1], map[3 * level + 2], Math.min(255, level * 2)]);
}

/** All levels in colours, opaque. */
export function allColours() {
  const map = colours("viridis");
  return tableOf((level) => [map[3 * level], map[3 * level + 1], map[3 * level + 2], 255]);
}

function tableOf(colour) {
  const bytes = new Uint8Array(1024);
  for (let level = 0; level < 256; level += 1) bytes.set(colour(level), 4 * level);
  return new Uint32Array(bytes.buffer);
}

export class LevelLayer {
  /** levels: {width, height, data}. step: of so many pixels across and down one is drawn, that of the highest level. */
  constructor(levels, step) {
    this.levels = levels;
    this.step = step;
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.ceil(levels.width / step);
    this.canvas.height = Math.ceil(levels.height / step);
    this.context = this.canvas.getContext("2d");
  }

  /** Draws by a table of 256 colours; within: a part of the photo in pixels. */
  paint(table, within = { x: 0, y: 0, width: this.levels.width, height: this.levels.height }) {
    const { step, levels } = this;
    const left = Math.floor(within.x / step);
    const top = Math.floor(within.y / step);
    const columns = Math.min(this.canvas.width, Math.ceil((within.x + within.width) / step)) - left;
    const rows = Math.min(this.canvas.height, Math.ceil((within.y + within.height) / step)) - top;
    if (columns <= 0 || rows <= 0) return;
    const image = new ImageData(columns, rows);
    const out = new Uint32Array(image.data.buffer);
    for (let row = 0, k = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1, k += 1) out[k] = table[this.level(left + column, top + row)];
    }
    this.context.putImageData(image, left, top);
  }

  /** The highest of the levels that one drawn pixel stands for: a crack thinner than it is seen nevertheless. */
  level(column, row) {
    const { step, levels } = this;
    if (step === 1) return levels.data[row * levels.width + column];
    let most = 0;
    const bottom = Math.min(levels.height, (row + 1) * step);
    const right = Math.min(levels.width, (column + 1) * step);
    for (let y = row * step; y < bottom; y += 1) {
      for (let x = column * step; x < right; x += 1) most = Math.max(most, levels.data[y * levels.width + x]);
    }
    return most;
  }
}
