// The time that is looked at: a slider over the times of the field, and play.

import { element } from "../shell/elements.js";
import { numberText } from "../shell/numbers.js";

const FRAME_MS = 120;

export class TimeSlider {
  constructor(state) {
    this.state = state;
    this.times = null;
    this.playing = 0;
    this.slider = element("input", { type: "range", min: 0, step: 1, "aria-label": "Time", oninput: () => this.state.set({ time: this.slider.value }) });
    this.play = element("button", { type: "button", "aria-pressed": "false", onclick: () => this.toggle() }, "Play");
    this.output = element("output", { class: "time-output" });
    this.root = element("div", { class: "time", role: "group", "aria-label": "Time" }, this.play, this.slider, this.output);
    state.follow(["time"], () => this.show());
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
  }

  /** The times of the field that is shown, null where it has none; axis: "phase" where they are those of a period. */
  setTimes(times, axis = "time") {
    this.times = times;
    this.sign = axis === "phase" ? "phase" : "t";
    this.root.hidden = times === null;
    if (times === null) this.stop();
    else this.slider.max = String(times.length - 1);
    this.show();
  }

  /** The index of the time; the last one at first. */
  get index() {
    const last = (this.times?.length ?? 1) - 1;
    return Math.min(last, Math.max(0, Math.round(this.state.number("time", last))));
  }

  show() {
    if (this.times === null) return;
    this.slider.value = String(this.index);
    const text = `${this.sign} = ${numberText(this.times[this.index])}`;
    this.slider.setAttribute("aria-valuetext", text);
    this.output.textContent = text;
  }

  /** Goes to the time of the field that is nearest. */
  goTo(time) {
    const away = this.times.map((one) => Math.abs(one - time));
    this.state.set({ time: away.indexOf(Math.min(...away)) });
  }

  toggle() {
    if (this.playing) {
      this.stop();
      return;
    }
    this.play.setAttribute("aria-pressed", "true");
    this.play.textContent = "Pause";
    this.playing = setInterval(() => this.step(), FRAME_MS);
  }

  step() {
    if (this.isBusy?.()) return;
    this.state.set({ time: (this.index + 1) % this.times.length });
  }

  stop() {
    clearInterval(this.playing);
    this.playing = 0;
    this.play.setAttribute("aria-pressed", "false");
    this.play.textContent = "Play";
  }
}
