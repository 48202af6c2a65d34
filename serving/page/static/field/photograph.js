// The picture of a field as a PNG: with what it shows, its scale and its design.

import { commonPower, numberText, unitWithPower } from "../shell/numbers.js";
import { colours } from "./colour_maps.js";

const MARGIN = 24;
const BAR = 120;

/** A PNG of the canvas with a title, a scale of the colours and lines of text beneath. */
export function photograph({ canvas, draw, title, unit, range, map, lines }) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.width / ratio, canvas.height / ratio];
  const made = document.createElement("canvas");
  made.width = Math.round((width + BAR + 2 * MARGIN) * ratio);
  made.height = Math.round((height + 60 + 18 * lines.length + MARGIN) * ratio);
  const context = made.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, made.width, made.height);
  context.fillStyle = "#1d2530";
  context.font = "600 16px system-ui, sans-serif";
  const power = commonPower(...range);
  const scaled = unitWithPower(unit, power);
  context.fillText(scaled ? `${title} [${scaled}]` : title, MARGIN, 32);
  // Drawn and copied in one go: the browser clears the canvas of WebGL afterwards.
  draw();
  context.drawImage(canvas, MARGIN, 48, width, height);
  drawScale(context, MARGIN + width + 16, 60, height - 24, range.map((value) => value / 10 ** power), map);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = "#1d2530";
  lines.forEach((line, k) => context.fillText(line, MARGIN, height + 68 + 18 * k));
  return new Promise((resolve) => made.toBlob(resolve, "image/png"));
}

function drawScale(context, x, y, height, [low, high], map) {
  const table = colours(map);
  for (let k = 0; k < 256; k += 1) {
    context.fillStyle = `rgb(${table[3 * k]} ${table[3 * k + 1]} ${table[3 * k + 2]})`;
    context.fillRect(x, y + height - ((k + 1) * height) / 256, 16, height / 256 + 0.6);
  }
  context.fillStyle = "#1d2530";
  context.font = "12px system-ui, sans-serif";
  for (let k = 0; k <= 4; k += 1) {
    context.fillText(numberText(low + (k * (high - low)) / 4, 4), x + 22, y + height - (k * height) / 4 + 4);
  }
}
