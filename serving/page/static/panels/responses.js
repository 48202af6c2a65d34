// How a quantity goes with each parameter while the others stay as they are, with its band and the training runs.

import { Chart, valueRange } from "../charts/chart.js";
import { element } from "../shell/elements.js";
import { Latest } from "../shell/latest.js";
import { extent } from "../shell/numbers.js";
import { isLogarithmic } from "./parameters.js";
import { QuantityChoice } from "./quantity_choice.js";
import { valuesAt } from "./quantities.js";

const STEPS = 25;
/** For how long the sliders must rest: curves of a large field would hold up its picture. */
const REST_MS = { small: 250, large: 1200 };
const LARGE = 50_000;

export class Responses {
  constructor(desk) {
    this.desk = desk;
    this.name = "responses";
    this.text = "Response curves";
    this.choice = new QuantityChoice(desk.state, desk.question);
    this.charts = element("div", { class: "charts" });
    this.root = element(
      "div",
      {},
      element("div", { class: "tab-head" }, this.choice.root, element("p", { class: "note" }, "The other parameters stay as they are. Dots: the training runs, which differ in all of them. A click sets the parameter.")),
      this.charts,
    );
    this.latest = new Latest(
      (rows, signal) => desk.question.table(rows.all, [this.choice.quantity], signal),
      (table, rows) => this.draw(table, rows),
      (error) => desk.failed(error),
    );
    desk.state.follow(["p.", "time", "quantity", "field"], () => this.later());
  }

  opened() {
    this.want();
  }

  /** Asks once the sliders have come to rest: the picture comes first. */
  later() {
    clearTimeout(this.timer);
    const { field } = this.choice.quantity;
    // A number of the run is no field.
    const points = this.desk.question.fields.find((info) => info.name === field)?.n_points ?? 1;
    this.timer = setTimeout(() => this.want(), points > LARGE ? REST_MS.large : REST_MS.small);
  }

  want() {
    if (this.root.hidden) return;
    const at = this.desk.parameters.values();
    const rows = { at, all: [], along: [] };
    for (const info of this.desk.question.parameters) {
      const along = steps(info);
      rows.along.push(along);
      rows.all.push(...along.map((value) => ({ ...at, [info.name]: value })));
    }
    this.latest.want(rows);
  }

  draw({ about, arrays }, { at, along }) {
    const [label] = Object.keys(about.quantities);
    const { unit, times } = about.quantities[label];
    const { question, time } = this.desk;
    this.make(label, unit);
    const frames = times === null ? 1 : times.length;
    const column = (name) => arrays[`quantities/${label}/${name}`].data;
    const [mean, lower, upper] = ["mean", "lower", "upper"].map((name) => column(name));
    const simulated = question.runs?.quantities[label];
    const curves = question.parameters.map((info, j) => {
      const part = (values) => along[j].map((_, k) => values[(j * STEPS + k) * frames + (times === null ? 0 : time.index)]);
      return {
        x: along[j],
        mean: part(mean),
        lower: part(lower),
        upper: part(upper),
        dots: simulated ? [question.runs.parameters[info.name], valuesAt(simulated, time.index)] : null,
        now: at[info.name],
      };
    });
    // One range for all, so that a curve that hardly rises looks as flat as it is.
    const range = extent(curves.flatMap(valueRange));
    curves.forEach((curve, j) => this.made[j].show({ ...curve, range }));
  }

  make(label, unit) {
    if (this.drawn === label) return;
    this.drawn = label;
    this.made = this.desk.question.parameters.map(
      (info) =>
        new Chart({
          heading: `${label} over ${info.name}`,
          unit,
          x: info.name,
          xUnit: info.unit,
          height: 170,
          logarithmic: isLogarithmic(info),
          picked: (value) => this.desk.parameters.write({ [info.name]: Number(value.toPrecision(4)) }),
        }),
    );
    this.charts.replaceChildren(...this.made.map((chart) => chart.root));
  }
}

/** Values over the training range, even on the scale of the parameter. */
function steps(info) {
  const [into, out] = isLogarithmic(info) ? [Math.log, Math.exp] : [(value) => value, (value) => value];
  const [low, high] = [into(info.minimum), into(info.maximum)];
  return Array.from({ length: STEPS }, (_, k) => out(low + ((high - low) * k) / (STEPS - 1)));
}
