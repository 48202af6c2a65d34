// Asks a model of varying shapes: an outline, and parameters where it has some.

import { NPZ } from "../shell/endpoint.js";
import { predictionOf } from "./answer.js";
import { FieldsQuestion, pythonText } from "./fields_question.js";

const DISC_CORNERS = 12;
const SIZE = 0.3;
/** Of the first shape, in shares of the shorter side of the grid. */

export class ShapesQuestion extends FieldsQuestion {
  constructor(endpoint, about, state) {
    super(endpoint, about, state);
    this.hasSensitivities = false;
    this.hasPoints = false;
    const { origin, spacing, shape } = about.geometry;
    const ranges = origin.map((start, k) => [start, start + spacing[k] * (shape[k] - 1)]);
    // The rows of the grid follow each other along its second coordinate.
    [this.yRange, this.xRange] = ranges;
  }

  async prepare() {}

  /** The corners of the shape, [x, y] each: those in the address, or a disc in the middle of the grid. */
  get outline() {
    const numbers = this.state.numbers("outline");
    if (numbers && numbers.length >= 6 && numbers.every(Number.isFinite)) return pairs(numbers);
    return this.disc(1, 1);
  }

  set outline(corners) {
    this.state.set({ outline: corners.flat().map((value) => Number(value.toPrecision(5))).join(",") });
  }

  /** An ellipse in the middle of the grid, so many times as wide and high as the first shape. */
  disc(width, height, corners = DISC_CORNERS, turn = 0) {
    const [x, y] = [this.xRange, this.yRange].map(([low, high]) => 0.5 * (low + high));
    const radius = 0.5 * SIZE * Math.min(this.xRange[1] - this.xRange[0], this.yRange[1] - this.yRange[0]);
    return Array.from({ length: corners }, (_, k) => {
      const angle = turn + (2 * Math.PI * k) / corners;
      return [x + width * radius * Math.cos(angle), y + height * radius * Math.sin(angle)];
    });
  }

  body({ outline, ...parameters }, { fields }) {
    const corners = outline ? pairs(outline) : this.outline;
    return { outline: corners, fields, ...(this.parameters.length ? { parameters } : {}) };
  }

  async ask(body, signal) {
    const [surface, reply] = await Promise.all([this.surface(body.fields[0]), this.endpoint.arrays(this.route, { body, signal })]);
    const answer = predictionOf(reply, this.fields);
    const axes = this.planeAxes(surface);
    for (const field of Object.values(answer.fields)) {
      field.covered = new Uint8Array(field.places);
      for (let k = 0; k < surface.count; k += 1) {
        const place = axes.map((axis) => surface.points[3 * k + axis]);
        if (contains(body.outline, place)) field.covered[surface.values[k]] = 1;
      }
    }
    return answer;
  }

  /** The axes of the mesh along which corners have their first and second coordinate. */
  planeAxes(surface) {
    const rows = "xyz".indexOf(this.about.geometry.axes[0]);
    const columns = "xyz".indexOf(this.about.geometry.axes[1]);
    return rows >= 0 && columns >= 0 ? [columns, rows] : surface.axes;
  }

  python(body, { root, model, key }) {
    const ends = [`"${root}"`, model === null ? null : `model=${JSON.stringify(model)}`, key ? 'key="YOUR_KEY"' : null];
    const parameters = body.parameters ? `${pythonText(body.parameters)}, ` : "";
    return [
      "import fieldwright as fw",
      "",
      `outline = ${pythonText(body.outline)}`,
      `with fw.Client(${ends.filter(Boolean).join(", ")}) as client:`,
      `    answer = client.predict(${parameters}outline=outline, fields=${pythonText(body.fields)})`,
      "print(answer.fields, answer.inside, answer.why)",
    ].join("\n");
  }

  downloads(field) {
    return [
      { name: "VTU", accept: "model/vtu", file: `${field}.vtu`, fields: [field] },
      { name: "NumPy", accept: NPZ, file: `${field}.npz`, fields: [field] },
    ];
  }
}

function pairs(numbers) {
  return Array.from({ length: Math.floor(numbers.length / 2) }, (_, k) => [numbers[2 * k], numbers[2 * k + 1]]);
}

/** Whether a place lies within a closed outline: a ray from it crosses the outline an odd number of times. */
export function contains(outline, [x, y]) {
  let inside = false;
  for (let k = 0, j = outline.length - 1; k < outline.length; j = k, k += 1) {
    const [[ax, ay], [bx, by]] = [outline[k], outline[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
