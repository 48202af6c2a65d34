// What helps most: the shares of the variance that each parameter has over the ranges of the runs, and the slopes here.

import { element } from "../shell/elements.js";
import { Latest } from "../shell/latest.js";
import { numberText } from "../shell/numbers.js";
import { QuantityChoice } from "./quantity_choice.js";
import { shareBars } from "./share_bars.js";

const SAMPLES = 256;
const REST_MS = 250;
/** Of the largest change: less is the rounding of the numbers. */
const NOTHING = 1e-5;

export class Influence {
  constructor(desk) {
    this.desk = desk;
    this.name = "influence";
    this.text = "What helps most";
    this.choice = new QuantityChoice(desk.state, desk.question);
    this.slopes = element("div", {});
    this.shares = element("div", {});
    this.advice = element("p", { class: "advice" });
    this.root = element(
      "div",
      {},
      element("div", { class: "tab-head" }, this.choice.root, this.advice),
      element(
        "div",
        { class: "two" },
        element("section", {}, element("h3", {}, "Here: what a tenth of the training range changes"), this.slopes),
        element("section", {}, element("h3", {}, "Over all training ranges: shares of the variance (Sobol)"), this.shares),
      ),
    );
    this.latest = new Latest(
      (body, signal) => desk.endpoint.json("gradients", { body, signal }),
      (answer) => this.drawSlopes(answer),
      (error) => desk.failed(error),
    );
    this.latestShares = new Latest(
      (body, signal) => desk.endpoint.json("sensitivities", { body, signal }),
      (answer) => this.drawShares(answer),
      (error) => (this.shares.textContent = error.message),
    );
    desk.state.follow(["p.", "quantity", "field", "time"], (keys) => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.want([...keys].some((key) => key === "quantity" || key === "field")), REST_MS);
    });
  }

  opened() {
    this.want(true);
  }

  /** After another version answers. */
  forget() {
    this.answered = null;
    if (!this.root.hidden) this.want(true);
  }

  want(another) {
    if (this.root.hidden) return;
    const quantities = [this.choice.quantity];
    this.latest.want({ parameters: this.desk.parameters.values(), quantities });
    if (this.answered === this.choice.label) {
      if (another) this.drawShares(this.lastShares);
      return;
    }
    this.answered = this.choice.label;
    this.shares.textContent = "Computing ...";
    this.latestShares.want({ quantities, samples: SAMPLES });
  }

  frame(values) {
    return values[Math.min(values.length - 1, this.desk.time.index)];
  }

  drawSlopes({ quantities }) {
    const [label] = Object.keys(quantities);
    const rows = this.desk.question.parameters.map((info) => {
      const { unit, values } = quantities[label][info.name];
      const slope = Array.isArray(values[0]) ? this.frame(values[0]) : values[0];
      return { info, unit, slope, change: 0.1 * (info.maximum - info.minimum) * slope };
    });
    const most = Math.max(...rows.map(({ change }) => Math.abs(change))) || 1;
    const best = rows.reduce((a, b) => (Math.abs(b.change) > Math.abs(a.change) ? b : a));
    this.advice.textContent =
      best.change === 0 ? "" : `To lower ${label} here, ${best.change > 0 ? "lower" : "raise"} ${best.info.name} first.`;
    this.slopes.replaceChildren(
      shareBars(
        rows.map(({ info, unit, slope, change }) => ({
          name: info.name,
          share: change / most,
          text: Math.abs(change) < NOTHING * most ? "0" : `${change > 0 ? "+" : ""}${numberText(change, 3)}`,
          note: `slope ${numberText(slope, 3)} ${unit}`,
        })),
        true,
      ),
    );
  }

  drawShares(answer) {
    this.lastShares = answer;
    if (!answer) return;
    const [label] = Object.keys(answer.quantities);
    const { parameters } = answer.quantities[label];
    const rows = Object.entries(parameters).map(([name, indices]) => {
      const [first, total, spread] = ["first", "total", "total_std"].map((key) => this.frame(indices[key]));
      return {
        name,
        share: Math.max(0, first),
        further: total,
        text: `${percent(Math.max(0, first))} %`,
        note: `with others ${percent(total)} ± ${percent(spread)} %`,
      };
    });
    this.shares.replaceChildren(shareBars(rows));
  }
}

/** A share as a percentage with one decimal, as far as its estimate goes. */
function percent(share) {
  return numberText(Math.round(1000 * share) / 10, 3);
}
