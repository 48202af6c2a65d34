// A quantity over time with its band, and the training runs behind it.

import { Chart } from "../charts/chart.js";
import { element } from "../shell/elements.js";
import { QuantityChoice } from "./quantity_choice.js";

export class TimeCurve {
  constructor(desk) {
    this.desk = desk;
    this.name = "time";
    this.text = "Quantity over time";
    this.choice = new QuantityChoice(desk.state, desk.question);
    this.host = element("div", {});
    this.root = element("div", {}, element("div", { class: "tab-head" }, this.choice.root, desk.question.histories ? element("p", { class: "note" }, "Dots: the measured history, as far as it is a maximum or minimum.") : null), this.host);
    desk.state.follow(["quantity", "time", "field"], () => this.draw());
  }

  opened() {
    this.draw();
  }

  draw() {
    const { answer, pinAnswer, time } = this.desk;
    const of = (one) => one?.quantities.find((quantity) => quantity.label === this.choice.label) ?? null;
    const quantity = of(answer);
    if (this.root.hidden || quantity === null || quantity.times === null) return;
    const { label, unit } = quantity;
    if (label !== this.heading) {
      this.heading = label;
      this.chart = new Chart({ heading: label, unit, x: "time", height: 220, picked: (at) => time.goTo(at) });
      this.host.replaceChildren(this.chart.root);
    }
    const { times, mean, lower, upper } = quantity;
    const dots = this.desk.question.histories?.measured(this.choice.quantity) ?? null;
    this.chart.show({ x: times, mean, lower, upper, dots, now: time.times?.[time.index] ?? null, pinned: of(pinAnswer)?.mean ?? null });
  }
}
