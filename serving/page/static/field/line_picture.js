// A field on a line: a curve with its band over the one coordinate.

import { Chart } from "../charts/chart.js";

export class LinePicture {
  constructor({ name, unit }, coordinate, xUnit = "") {
    this.chart = new Chart({ heading: name, unit, x: coordinate, xUnit, height: 360 });
    this.root = this.chart.root;
    this.root.classList.add("line-picture");
  }

  /** surface: of one axis. values: {mean, lower, upper, pinned} by place; all but the mean may be null. */
  show(surface, { mean, lower, upper, pinned }) {
    const [axis] = surface.axes.length ? surface.axes : [0];
    const order = Array.from({ length: surface.count }, (_, k) => k).sort(
      (a, b) => surface.points[3 * a + axis] - surface.points[3 * b + axis],
    );
    const sorted = (values) => values && order.map((k) => values[surface.values[k]]);
    this.chart.show({
      x: order.map((k) => surface.points[3 * k + axis]),
      mean: sorted(mean),
      lower: sorted(lower),
      upper: sorted(upper),
      pinned: sorted(pinned),
    });
  }
}
