// The photo with what was found on it, as a picture that stands by itself: numbers, scale and warnings beneath.

import { drawCracks } from "./crack_marks.js";

const MARGIN = 24;
const LEAST_WIDE = 900;

/** A PNG. drawn: the photo. layer: over it, or null. cracks: with lines. lines: of text. mmPerPx: or null. */
export async function annotated({ drawn, layer, opacity, cracks, lines, mmPerPx }) {
  const factor = Math.max(LEAST_WIDE, drawn.bitmap.width) / drawn.width;
  const canvas = document.createElement("canvas");
  const unit = Math.max(1, (drawn.width * factor) / 1200);
  const context = canvas.getContext("2d");
  const font = `${15 * unit}px system-ui, sans-serif`;
  context.font = font;
  canvas.width = Math.round(drawn.width * factor);
  const folded = lines.flatMap((line) => fold(context, line, canvas.width - 2 * MARGIN * unit, font));
  const photo = Math.round(drawn.height * factor);
  canvas.height = Math.round(photo + (folded.length > 0 ? (2 * MARGIN + 22 * folded.length) * unit : 0));
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.save();
  context.scale(factor, factor);
  context.drawImage(drawn.bitmap, 0, 0, drawn.width, drawn.height);
  if (layer !== null) {
    context.globalAlpha = opacity;
    context.drawImage(layer.canvas, 0, 0, layer.canvas.width * layer.step, layer.canvas.height * layer.step);
    context.globalAlpha = 1;
  }
  drawCracks(context, cracks, unit / factor);
  context.restore();
  if (mmPerPx) drawBar(context, mmPerPx / factor, photo, canvas.width, unit);
  context.font = font;
  context.textBaseline = "alphabetic";
  context.fillStyle = "#1d2530";
  folded.forEach((line, k) => context.fillText(line, MARGIN * unit, photo + (MARGIN + 14 + 22 * k) * unit));
  return new Promise((made) => canvas.toBlob(made, "image/png"));
}

/** Parts of a line that are no wider than so many pixels. */
function fold(context, line, most, font) {
  context.font = font;
  const parts = [];
  let part = "";
  for (const word of line.split(" ")) {
    const longer = part ? `${part} ${word}` : word;
    if (part && context.measureText(longer).width > most) {
      parts.push(part);
      part = word;
    } else part = longer;
  }
  return [...parts, part];
}

/** A bar of a round length in the photo's lower left corner. */
function drawBar(context, mmPerPx, bottom, wide, unit) {
  const most = 0.25 * wide * mmPerPx;
  const power = 10 ** Math.floor(Math.log10(most));
  const long = [5, 2, 1].map((step) => step * power).find((length) => length <= most);
  const pixels = long / mmPerPx;
  const [x, y] = [16 * unit, bottom - 20 * unit];
  context.font = `600 ${15 * unit}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const text = `${Number(long.toPrecision(3))} mm`;
  context.fillStyle = "rgb(0 0 0 / 0.65)";
  context.fillRect(x - 8 * unit, y - 14 * unit, pixels + context.measureText(text).width + 28 * unit, 28 * unit);
  context.fillStyle = "#ffffff";
  context.fillRect(x, y - 3 * unit, pixels, 6 * unit);
  context.fillText(text, x + pixels + 8 * unit, y);
}
