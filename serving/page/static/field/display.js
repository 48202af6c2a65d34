// How a field is drawn: the controls beside its picture, and what they say in the state of the page.

import { choice, element, fillChoice, toggle } from "../shell/elements.js";
import { numberText, parsedNumber } from "../shell/numbers.js";
import { MAPS } from "./colour_maps.js";
import { DIFFERENCE, MAGNITUDE, componentChoices } from "./scalars.js";

const CONTOURS = [["0", "none"], ["5", "5"], ["10", "10"], ["20", "20"]];

export class Display {
  /** state: of the page. question: its fields and the statistics that they can be shown by. */
  constructor(state, question) {
    this.state = state;
    this.question = question;
    const put = (name) => (value) => state.set({ [name]: value });
    this.fields = choice("Field", question.fields.map((info) => [info.name, info.name]), this.field, (field) =>
      state.set({ field, part: null, low: null, high: null }),
    );
    this.parts = choice("Component", [], "", put("part"));
    this.shows = choice("Show", [], "", (show) => state.set({ show, low: null, high: null }));
    this.maps = choice("Colours", Object.entries(MAPS), this.map, put("map"));
    this.contours = choice("Contour lines", CONTOURS, state.get("contours", "0"), put("contours"));
    this.mesh = toggle("Mesh", this.hasMesh, (on) => state.set({ mesh: on ? 1 : 0 }));
    this.low = this.end("low", "Least");
    this.high = this.end("high", "Largest");
    this.fix = toggle("Fixed", this.fixed !== null, (on) => this.fixRange(on), { title: "Keeps the colours' range while the design changes" });
    this.vectors = question.fields.filter((info) => [2, 3].includes(info.components.length));
    this.deform = choice("Deformed by", this.deformChoices(), state.get("deform", ""), put("deform"));
    this.factor = element("input", {
      type: "range", min: 0, max: 100, step: 1, "aria-label": "Size of the deformation",
      oninput: () => state.set({ factor: this.factor.value }),
    });
    this.factorText = element("output", {});
    this.deform.root.hidden = this.vectors.length === 0;
    this.deformed = element("span", { class: "choice" }, this.factor, this.factorText);
    this.more = element(
      "details",
      { class: "display-more" },
      element("summary", {}, "Drawing"),
      element(
        "div",
        { class: "display-row" },
        this.maps.root,
        this.contours.root,
        element("fieldset", { class: "range-fields" }, element("legend", {}, "Range of colours"), this.low, this.high, this.fix),
        this.mesh,
        this.deform.root,
        this.deformed,
      ),
    );
    this.root = element("div", { class: "display" }, element("div", { class: "display-row" }, this.fields.root, this.parts.root, this.shows.root), this.more);
    state.follow(["field", "part", "show", "map", "contours", "low", "high", "mesh", "deform", "factor", "pin."], () => this.update());
    this.update();
  }

  get field() {
    const name = this.state.get("field");
    return this.question.fields.some((info) => info.name === name) ? name : this.question.fields[0].name;
  }

  get info() {
    return this.question.fields.find((info) => info.name === this.field);
  }

  get part() {
    const choices = componentChoices(this.info).map(([value]) => value);
    const part = this.state.get("part");
    return choices.includes(part) ? part : (choices[0] ?? "");
  }

  get show() {
    const show = this.state.get("show");
    return this.showChoices().includes(show) ? show : "mean";
  }

  get map() {
    return this.state.get("map") ?? (this.show === DIFFERENCE ? "blue_red" : "viridis");
  }

  get hasMesh() {
    return this.state.get("mesh", "0") === "1";
  }

  /** The range of the colours where it is fixed. */
  get fixed() {
    const ends = [this.state.number("low"), this.state.number("high")];
    return ends[0] !== null && ends[1] !== null && ends[1] > ends[0] ? ends : null;
  }

  /** The vector field by which the shape is moved, or none. */
  get deformation() {
    return this.vectors.find((info) => info.name === this.state.get("deform")) ?? null;
  }

  /** The share of the mesh's size that the largest deformation has in the picture. */
  get deformedShare() {
    return 0.004 * this.state.number("factor", 25);
  }

  showChoices() {
    const own = this.question.statistics.filter((name) => this.part !== MAGNITUDE || !["lower", "upper"].includes(name));
    const pinned = [...this.state.values.keys()].some((name) => name.startsWith("pin."));
    return pinned ? [...own, DIFFERENCE] : own;
  }

  deformChoices() {
    return [["", "nothing"], ...this.vectors.map((info) => [info.name, info.name])];
  }

  end(name, label) {
    return element("input", {
      type: "text", inputmode: "decimal", class: "range-end", "aria-label": `${label} value of the colours`,
      onchange: (event) => {
        const value = parsedNumber(event.target.value);
        const other = name === "low" ? "high" : "low";
        if (Number.isFinite(value)) this.state.set({ [name]: value, [other]: this.state.number(other) ?? this.free[other] });
      },
    });
  }

  fixRange(on) {
    this.state.set(on ? { low: this.free.low, high: this.free.high } : { low: null, high: null });
  }

  /** The range of what is drawn now, which the fields show while it is free. */
  tell([low, high]) {
    this.free = { low: Number(low.toPrecision(5)), high: Number(high.toPrecision(5)) };
    if (this.fixed === null && document.activeElement !== this.low && document.activeElement !== this.high) {
      [this.low.value, this.high.value] = [String(this.free.low), String(this.free.high)];
    }
  }

  /** How many times the deformation is enlarged. */
  tellFactor(factor) {
    this.factorText.textContent = factor > 0 ? `× ${numberText(factor, 3)}` : "";
  }

  update() {
    this.fields.select.value = this.field;
    const parts = componentChoices(this.info);
    this.parts.root.hidden = parts.length === 0;
    fillChoice(this.parts.select, parts, this.part);
    fillChoice(this.shows.select, this.showChoices().map((name) => [name, name]), this.show);
    this.maps.select.value = this.map;
    this.contours.select.value = this.state.get("contours", "0");
    this.mesh.setAttribute("aria-pressed", String(this.hasMesh));
    this.fix.setAttribute("aria-pressed", String(this.fixed !== null));
    if (this.fixed) [this.low.value, this.high.value] = this.fixed.map(String);
    this.deform.select.value = this.deformation?.name ?? "";
    this.deformed.hidden = this.deformation === null;
    this.factor.value = String(this.state.number("factor", 25));
  }
}
