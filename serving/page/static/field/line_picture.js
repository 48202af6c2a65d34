// A field on a line: a curve with its band over the one coordinate; at one place, over its times.

import { Chart } from "../charts/chart.js";
import { MAGNITUDE, MEAN, scalars } from "./scalars.js";

export class LinePicture {
  /** surface: of one axis, or of one place. */
  constructor({ name, unit, times }, surface) {
    this.surface = surface;
    this.overTime = surface.count === 1 && Boolean(times);
    const x = this.overTime ? "time" : (surface.names[0] ?? "x");
    this.chart = new Chart({ heading: name, unit, x, xUnit: "", height: 360 });
    this.root = this.chart.root;
    this.root.classList.add("line-picture");
  }

  /** field: of the answer. before: the same of the pinned design, or null. view: {component, show, time}. */
  draw(field, before, view) {
    const banded = view.show === MEAN && view.component !== MAGNITUDE;
    const by = (answer, other, show) => this.ordered(answer, other, { ...view, show });
    const { x, now } = this.axis(field, view);
    this.chart.show({
      x,
      now,
      mean: by(field, before, view.show),
      lower: banded ? by(field, null, "lower") : null,
      upper: banded ? by(field, null, "upper") : null,
      pinned: before && view.show === MEAN ? by(before, null, MEAN) : null,
    });
  }

  axis({ times }, { time }) {
    if (this.overTime) return { x: times, now: times[Math.min(time, times.length - 1)] };
    const [axis] = this.surface.axes.length ? this.surface.axes : [0];
    const at = (k) => this.surface.points[3 * k + axis];
    this.order = Array.from({ length: this.surface.count }, (_, k) => k).sort((a, b) => at(a) - at(b));
    return { x: this.order.map(at), now: null };
  }

  ordered(answer, other, view) {
    if (this.overTime) return answer.times.map((_, time) => scalars(answer, other, { ...view, time })[0]);
    const numbers = scalars(answer, other, view);
    return this.order.map((k) => numbers[this.surface.values[k]]);
  }
}
