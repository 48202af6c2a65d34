// The values along a line that was drawn across the picture.

import { Chart } from "../charts/chart.js";
import { element } from "../shell/elements.js";
import { numberText } from "../shell/numbers.js";

export class CutCurve {
  constructor(desk) {
    this.desk = desk;
    this.name = "cut";
    this.text = "Line cut";
    this.absent = true;
    this.ends = element("p", { class: "note" });
    this.host = element("div", {});
    this.root = element("div", {}, this.ends, this.host);
    desk.view.addEventListener("cut", () => {
      desk.tabs.offer(this, Boolean(desk.view.picture?.cut));
      this.draw();
    });
  }

  opened() {
    this.draw();
  }

  draw() {
    const curve = this.root.hidden ? null : this.desk.view.cutCurve();
    if (curve === null) return;
    const { heading, unit } = curve;
    if (heading !== this.heading) {
      this.heading = heading;
      this.chart = new Chart({ heading, unit, x: "length along the line", height: 220 });
      this.host.replaceChildren(this.chart.root);
    }
    const { surface } = this.desk.view;
    const [from, to] = curve.ends.map((place) => `(${surface.axes.map((axis) => numberText(place[axis], 4)).join(", ")})`);
    this.ends.textContent = `From ${from} to ${to}.`;
    this.chart.show({ x: curve.along, mean: curve.mean, lower: curve.lower, upper: curve.upper, pinned: curve.pinned });
  }
}
