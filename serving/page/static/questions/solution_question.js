// Asks the solution of an equation at the points of a grid over one or two of its coordinates.

import { Surface } from "../field/surface.js";
import { NPZ } from "../shell/endpoint.js";
import { numberText, quantityText } from "../shell/numbers.js";
import { Answer, FieldAnswer } from "./answer.js";
import { pythonText } from "./fields_question.js";

const CURVE_POINTS = 201;
const PLANE_POINTS = 57;

export class SolutionQuestion {
  constructor(endpoint, about, state) {
    this.endpoint = endpoint;
    this.state = state;
    this.route = "solve";
    this.runs = null;
    this.hasSensitivities = false;
    this.hasPoints = false;
    this.rangeWord = "solved";
    this.statistics = ["mean", "error", "band width", "std", "lower", "upper"];
    this.take(about);
  }

  take(about) {
    this.about = about;
    this.coordinates = about.coordinates;
    const scaled = (info) => ({ ...info, scale: "raw" });
    this.parameters = [...about.parameters.map(scaled), ...about.coordinates.map((info) => ({ ...scaled(info), coordinate: true }))];
    this.fields = about.outputs.map((info) => ({ ...info, components: [""], on: "point", times: null }));
    this.grids = new Map();
  }

  async prepare() {}

  async become(about) {
    this.take(about);
  }

  /** What the grid can go over: each pair of coordinates and each of them, as [value, text]. */
  get overChoices() {
    const names = this.coordinates.map((info) => info.name);
    const pairs = names.flatMap((first, j) => names.slice(j + 1).map((second) => `${first},${second}`));
    return [...pairs, ...names].map((value) => [value, value.replace(",", " and ")]);
  }

  get over() {
    const choices = this.overChoices.map(([value]) => value);
    const over = this.state.get("over");
    return (choices.includes(over) ? over : choices[0]).split(",");
  }

  /** Whether a parameter has no slider now, since the grid goes over it. */
  isHidden(info) {
    return Boolean(info.coordinate) && this.over.includes(info.name);
  }

  /** The grid over the present coordinates, the same object as long as these are the same. */
  async surface() {
    const key = this.over.join(",");
    if (!this.grids.has(key)) this.grids.set(key, gridOver(this.over.map((name) => this.coordinates.find((info) => info.name === name))));
    return this.grids.get(key).surface;
  }

  body(parameters) {
    const key = this.over.join(",");
    if (!this.grids.has(key)) this.surface();
    const { axes } = this.grids.get(key);
    const places = this.over.length === 2 ? axes[1].flatMap((b) => axes[0].map((a) => [a, b])) : axes[0].map((a) => [a]);
    const points = places.map((place) => this.coordinates.map(({ name }) => (this.over.includes(name) ? place[this.over.indexOf(name)] : parameters[name])));
    const own = this.about.parameters.map(({ name }) => [name, parameters[name]]);
    return { points, ...(own.length ? { parameters: Object.fromEntries(own) } : {}), outside: "answer" };
  }

  async ask(body, signal) {
    const { about, arrays } = await this.endpoint.arrays(this.route, { body, signal });
    const inside = arrays.inside.data;
    const fields = {};
    const facts = [
      ["equation", about.equation],
      ["verdict of the training", about.verdict],
      ["relative residual", numberText(about.residual, 3)],
      ["bound of the error", about.error_bound === null ? "no theory gives one" : numberText(about.error_bound, 3)],
    ];
    for (const info of this.fields) {
      const statistics = {};
      for (const name of ["mean", "std", "error", "lower", "upper"]) {
        const array = arrays[`outputs/${info.name}/${name}`];
        if (array) statistics[name] = array.data;
      }
      fields[info.name] = new FieldAnswer(info, null, statistics);
      fields[info.name].mask = inside.map((is) => 1 - is);
      const error = statistics.error;
      const most = error ? error.reduce((a, b, k) => (inside[k] ? Math.max(a, b) : a), 0) : null;
      facts.push([`largest estimated error of ${info.name}`, most === null ? "not known" : quantityText(most, info.unit, 3)]);
    }
    const is = inside.some(Boolean);
    return new Answer({
      version: about.version,
      coverage: null,
      inside: is,
      outside: null,
      why: is ? null : about.why.find(Boolean),
      quantities: [],
      fields,
      facts,
    });
  }

  python(body, { root, model, key }) {
    const ends = [`"${root}"`, model === null ? null : `model=${JSON.stringify(model)}`, key ? 'key="YOUR_KEY"' : null];
    const few = body.points.slice(0, 2);
    const parameters = body.parameters ? `, ${pythonText(body.parameters)}` : "";
    return [
      "import fieldwright as fw",
      "",
      `points = ${pythonText(few)}  # and so on: the page asks at ${body.points.length} points`,
      `with fw.Client(${ends.filter(Boolean).join(", ")}) as client:`,
      `    answer = client.solve(points${parameters})`,
      "print(answer.outputs)",
    ].join("\n");
  }

  downloads(field) {
    return [
      { name: "CSV", accept: "text/csv", file: `${field}.csv`, fields: [field] },
      { name: "NumPy", accept: NPZ, file: `${field}.npz`, fields: [field] },
    ];
  }
}

/** Points of a grid over one or two ranges, joined by triangles. */
function gridOver(infos) {
  const count = infos.length === 2 ? PLANE_POINTS : CURVE_POINTS;
  const axes = infos.map((info) => even(info.minimum, info.maximum, count));
  const points = [];
  const triangles = [];
  const edges = [];
  const [across, up] = [axes[0], axes[1] ?? [0]];
  up.forEach((b, row) =>
    across.forEach((a, column) => {
      points.push(a, b, 0);
      const k = row * across.length + column;
      const right = column + 1 < across.length;
      const above = row + 1 < up.length;
      if (right) edges.push(k, k + 1);
      if (above) edges.push(k, k + across.length);
      if (right && above) triangles.push(k, k + 1, k + across.length + 1, k, k + across.length + 1, k + across.length);
    }),
  );
  const ends = ["minimum", "maximum"].map((end) => [0, 1, 2].map((axis) => infos[axis]?.[end] ?? 0));
  const surface = new Surface({
    axes: infos.map((_, axis) => axis),
    points: Float64Array.from(points),
    values: Int32Array.from({ length: across.length * up.length }, (_, k) => k),
    triangles: Uint32Array.from(triangles),
    edges: Uint32Array.from(edges),
    joined: "cells",
    ends,
    names: infos.map((info) => (info.unit ? `${info.name} [${info.unit}]` : info.name)),
    stretched: true,
  });
  return { axes, surface };
}

function even(low, high, count) {
  return Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));
}
