// The field at the probed place: its calibrated band, and over time where the field has times.

import { Chart } from "../charts/chart.js";
import { element } from "../shell/elements.js";
import { Refusal } from "../shell/endpoint.js";
import { Latest } from "../shell/latest.js";

export class ProbeCurve {
  constructor(desk) {
    this.desk = desk;
    this.name = "probe";
    this.text = "Probe over time";
    this.absent = true;
    this.host = element("div", {});
    this.root = element("div", {}, this.host);
    this.latest = new Latest(
      (body, signal) => desk.question.table(body.parameters, body.quantities, signal),
      (table) => this.answered(table),
      (error) => this.failed(error),
    );
    desk.state.follow(["probe", "part"], () => this.want());
    desk.state.follow(["time"], () => this.draw());
  }

  opened() {
    this.draw();
  }

  /** The probed place as a quantity of the field that is drawn, or null. */
  quantity() {
    const place = this.desk.state.numbers("probe");
    const { surface } = this.desk.view;
    if (place === null || surface === null || surface.dimension < 2) return null;
    const at = surface.axes.map((axis) => place[axis]);
    const { info, part } = this.desk.view.display;
    if (info.on === "cell") return null;
    return { what: "point", field: info.name, at, ...(info.components.length > 1 ? { component: part } : {}) };
  }

  want() {
    const quantity = this.desk.question.hasPoints ? this.quantity() : null;
    const times = this.desk.view.display.info.times;
    this.desk.tabs.offer(this, quantity !== null && Boolean(times));
    if (quantity === null) {
      this.desk.view.readout.say("");
      return;
    }
    this.latest.want({ parameters: this.desk.parameters.values(), quantities: [quantity] });
  }

  answered({ about, arrays }) {
    const [label] = Object.keys(about.quantities);
    const values = (name) => arrays[`quantities/${label}/${name}`].data;
    this.curve = { label, ...about.quantities[label], mean: values("mean"), lower: values("lower"), upper: values("upper") };
    this.draw();
  }

  failed(error) {
    this.curve = null;
    this.desk.view.readout.say(error instanceof Refusal ? `. No band: ${error.message}` : "");
  }

  draw() {
    if (!this.curve) return;
    const { label, unit, times, mean, lower, upper } = this.curve;
    const k = times === null ? 0 : Math.min(this.desk.time.index, times.length - 1);
    if (this.desk.view.display.show === "mean") {
      this.desk.view.readout.answer({ mean: mean[k], lower: lower[k], upper: upper[k] });
    } else {
      this.desk.view.readout.say("");
    }
    if (times === null || this.root.hidden) return;
    if (label !== this.heading) {
      this.heading = label;
      this.chart = new Chart({ heading: label, unit, x: "time", height: 220, picked: (time) => this.desk.time.goTo(time) });
      this.host.replaceChildren(this.chart.root);
    }
    this.chart.show({ x: times, mean, lower, upper, now: times[k] });
  }
}
