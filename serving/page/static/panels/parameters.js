// A slider and a number field for each parameter, with its unit and the range of the training runs.

import { choice, element, fillChoice, freshId } from "../shell/elements.js";
import { numberText, parsedNumber, rangeText } from "../shell/numbers.js";

const STEPS = 1000;
const BEYOND = 0.12;
/** Share of the range by which a slider goes beyond it at either end: the edge of the domain is to be felt. */

export class Parameters {
  /** state: of the page. question: its `parameters` and `runs`. */
  constructor(state, question) {
    this.state = state;
    this.question = question;
    this.controls = question.parameters.map((info) => new ParameterControl(info, question.rangeWord, (value) => this.write({ [info.name]: value })));
    this.run = choice("Training run", this.runOptions(), "", (value) => this.takeRun(value));
    this.run.root.hidden = !question.runs;
    this.root = element(
      "section",
      { class: "panel parameters", "aria-labelledby": "parameters-title" },
      element(
        "div",
        { class: "panel-head" },
        element("h2", { id: "parameters-title" }, "Parameters"),
        element("button", { type: "button", onclick: () => this.centre() }, "Centre"),
      ),
      element("div", { class: "controls" }, this.controls.map((control) => control.root)),
      this.run.root,
    );
    state.follow(["p.", "over"], () => this.show());
    this.show();
  }

  /** The parameters as they stand. */
  values() {
    return Object.fromEntries(
      this.question.parameters.map((info) => [info.name, this.state.number(`p.${info.name}`, centreOf(info))]),
    );
  }

  /** After the model has become another of the same parameters. */
  refresh() {
    fillChoice(this.run.select, this.runOptions(), "");
    this.controls.forEach((control, k) => control.describe(this.question.parameters[k]));
    this.show();
  }

  write(values) {
    this.state.set(Object.fromEntries(Object.entries(values).map(([name, value]) => [`p.${name}`, value])));
  }

  centre() {
    this.write(Object.fromEntries(this.question.parameters.map((info) => [info.name, centreOf(info)])));
  }

  runOptions() {
    const count = this.question.runs?.count ?? 0;
    return [["", "choose ..."], ...Array.from({ length: count }, (_, k) => [String(k), `run ${k + 1} of ${count}`])];
  }

  takeRun(text) {
    if (text === "") return;
    const { parameters } = this.question.runs;
    this.write(Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, values[Number(text)]])));
    this.run.select.value = text;
  }

  show() {
    const values = this.values();
    for (const control of this.controls) {
      control.show(values[control.info.name]);
      control.root.hidden = Boolean(this.question.isHidden?.(control.info));
    }
    this.root.hidden = this.controls.every((control) => control.root.hidden);
    const { runs } = this.question;
    if (!runs) return;
    const same = (k) => Object.entries(values).every(([name, value]) => runs.parameters[name][k] === value);
    const match = Array.from({ length: runs.count }, (_, k) => k).find(same);
    this.run.select.value = match === undefined ? "" : String(match);
  }
}

/** The middle of the training range, on the scale on which the model uses it. */
export function centreOf(info) {
  if (isLogarithmic(info)) return Math.sqrt(info.minimum * info.maximum);
  return 0.5 * (info.minimum + info.maximum);
}

export function isLogarithmic(info) {
  return info.scale === "log" && info.minimum > 0;
}

class ParameterControl {
  /** word: what has the range, such as "runs". */
  constructor(info, word, changed) {
    this.word = word;
    this.changed = changed;
    const id = freshId("parameter");
    this.slider = element("input", {
      type: "range",
      min: 0,
      max: STEPS,
      step: 1,
      "aria-labelledby": `${id}-name`,
      oninput: () => this.slid(),
    });
    this.number = element("input", {
      type: "text",
      inputmode: "decimal",
      id,
      autocomplete: "off",
      spellcheck: "false",
      onchange: () => this.typed(),
      onkeydown: (event) => this.stepped(event),
    });
    this.range = element("span", { class: "range", id: `${id}-range` });
    this.unit = element("span", { class: "unit" });
    this.number.setAttribute("aria-describedby", `${id}-range`);
    this.name = element("label", { for: id, id: `${id}-name` });
    this.root = element(
      "div",
      { class: "parameter" },
      element("div", { class: "parameter-head" }, this.name, element("span", { class: "entry" }, this.number, this.unit)),
      this.slider,
      this.range,
    );
    this.describe(info);
  }

  describe(info) {
    this.info = info;
    this.scale = sliderScale(info);
    this.name.textContent = info.name;
    this.unit.textContent = info.unit;
    const kind = info.coordinate ? "from" : this.word;
    const ends = rangeText(info.minimum, info.maximum, "", 4);
    this.range.textContent = isLogarithmic(info) ? `${kind} ${ends}, log` : `${kind} ${ends}`;
    const [from, to] = [info.minimum, info.maximum].map((value) => `${100 * this.scale.share(value)}%`);
    this.slider.style.setProperty("--from", from);
    this.slider.style.setProperty("--to", to);
  }

  slid() {
    this.changed(this.scale.value(Number(this.slider.value) / STEPS));
  }

  typed() {
    const value = parsedNumber(this.number.value);
    const wrong = !Number.isFinite(value);
    this.number.setAttribute("aria-invalid", String(wrong));
    if (!wrong) this.changed(value);
  }

  stepped(event) {
    const way = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (!way) return;
    event.preventDefault();
    const value = parsedNumber(this.number.value);
    if (Number.isFinite(value)) this.changed(this.scale.value(this.scale.share(value) + 0.01 * way));
  }

  show(value) {
    const { minimum, maximum } = this.info;
    this.slider.value = String(Math.round(STEPS * this.scale.share(value)));
    this.slider.setAttribute("aria-valuetext", `${numberText(value)} ${this.info.unit}`.trim());
    if (parsedNumber(this.number.value) !== value) this.number.value = fieldText(value);
    this.number.setAttribute("aria-invalid", "false");
    this.root.classList.toggle("beyond", value < minimum || value > maximum);
  }
}

/** A number as it can be typed: 2.1e11 rather than a row of zeros. */
function fieldText(value) {
  const size = Math.abs(value);
  const rounded = Number(value.toPrecision(6));
  return size !== 0 && (size >= 1e6 || size < 1e-3) ? rounded.toExponential().replace("e+", "e") : String(rounded);
}

/** From a share of the slider to a value, on the scale of the parameter, and back. */
function sliderScale(info) {
  const logarithmic = isLogarithmic(info);
  const [into, out] = logarithmic ? [Math.log, Math.exp] : [(value) => value, (value) => value];
  const [low, high] = [into(info.minimum), into(info.maximum)];
  const span = high - low || Math.abs(high) || 1;
  let first = low - BEYOND * span;
  if (!logarithmic && info.minimum > 0) first = Math.max(first, 0.5 * low);
  const last = high + BEYOND * span;
  return {
    share: (value) => (into(logarithmic ? Math.max(value, 1e-300) : value) - first) / (last - first),
    value: (share) => Number(out(first + share * (last - first)).toPrecision(4)),
  };
}
