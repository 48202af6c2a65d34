// The value at the probed place, with its band.

import { element, say } from "../shell/elements.js";
import { numberText, quantityText, rangeText } from "../shell/numbers.js";
import { MAGNITUDE, MEAN, scalars, title } from "./scalars.js";

export class ProbeReadout {
  /** view: of the field, whose picture is probed. */
  constructor(view) {
    this.view = view;
    this.root = element("output", { class: "readout" });
    this.root.hidden = true;
    this.band = "";
  }

  /** The value of what is drawn, numbers by place of the field; the endpoint's own answer follows by another question. */
  show(numbers) {
    const { picture, line, surface } = this.view;
    const probe = picture?.probe;
    this.root.hidden = !probe || line !== null;
    if (this.root.hidden) return;
    const place = surface.axes.map((axis) => numberText(probe.place[axis], 4)).join(", ");
    this.drawn = { place, value: this.interpolated(numbers) };
    this.write(this.drawn.value);
  }

  interpolated(numbers) {
    const { corners, weights } = this.view.picture.probe;
    return corners.reduce((sum, corner, k) => sum + weights[k] * numbers[this.view.surface.values[corner]], 0);
  }

  /** The answer of the endpoint at the probe, in place of what the picture is drawn by. */
  answer({ mean, lower, upper }) {
    this.band = `, band ${rangeText(lower, upper, this.view.display.info.unit)}`;
    if (this.drawn && !this.root.hidden) this.write(mean);
  }

  /** A sentence behind the value, such as why it has no band. */
  say(text) {
    this.band = text;
    if (this.drawn && !this.root.hidden) this.write(this.drawn.value);
  }

  write(value) {
    const { info, part, show } = this.view.display;
    this.root.dataset.value = String(value);
    say(this.root, `At (${this.drawn.place}): ${title(info, part, show)} ${quantityText(value, info.unit)}${this.ownBand() ?? this.band}`);
  }

  /** The band where the endpoint is not asked for it: in a cell, which has one value, and where no places can be asked. */
  ownBand() {
    const { display, question, frame, field } = this.view;
    const { part, show, info } = display;
    if ((question.hasPoints && info.on === "point") || show !== MEAN || part === MAGNITUDE) return null;
    const answer = frame.answer.fields[field];
    if (!answer.statistics.lower) return null;
    const ends = ["lower", "upper"].map((name) => this.interpolated(scalars(answer, null, { component: part, show: name, time: frame.time })));
    return `, band ${rangeText(...ends, info.unit)}`;
  }
}
