// The scale of the colours beside the picture: a bar with round numbers.

import { element } from "../shell/elements.js";
import { commonPower, numberText, ticks, unitWithPower } from "../shell/numbers.js";
import { colours } from "./colour_maps.js";

const STEPS = 256;

export class Legend {
  constructor() {
    this.bar = element("canvas", { width: 1, height: STEPS, class: "legend-bar", "aria-hidden": "true" });
    this.labels = element("div", { class: "legend-labels" });
    this.unit = element("div", { class: "legend-unit" });
    this.root = element("div", { class: "legend" }, this.unit, element("div", { class: "legend-scale" }, this.bar, this.labels));
    this.map = "";
  }

  setMap(name) {
    if (name === this.map) return;
    this.map = name;
    const context = this.bar.getContext("2d");
    const picture = context.createImageData(1, STEPS);
    const table = colours(name);
    for (let k = 0; k < STEPS; k += 1) {
      const from = 3 * (STEPS - 1 - k);
      picture.data.set([table[from], table[from + 1], table[from + 2], 255], 4 * k);
    }
    context.putImageData(picture, 0, 0);
  }

  show([low, high], unit) {
    this.range = [low, high];
    const power = commonPower(low, high);
    const scaled = unitWithPower(unit, power);
    this.unit.textContent = scaled ? `[${scaled}]` : "";
    const inner = ticks(low, high, 6).filter((value) => value - low > 0.04 * (high - low) && high - value > 0.04 * (high - low));
    const values = high > low ? [low, ...inner, high] : [low];
    this.labels.replaceChildren(
      ...values.map((value) => {
        const label = element("span", {}, numberText(value / 10 ** power, 4));
        label.style.bottom = `${high > low ? (100 * (value - low)) / (high - low) : 50}%`;
        return label;
      }),
    );
  }
}
