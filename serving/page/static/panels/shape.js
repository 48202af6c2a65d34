// The shape that is asked about: a first one to begin with, corners more or fewer, or an outline from a file.

import { choice, element } from "../shell/elements.js";

const FIRST = { disc: [1, 1], "wide ellipse": [1.8, 0.8], "high ellipse": [0.7, 1.5], square: [1.1, 1.1, 4, Math.PI / 4], triangle: [1.3, 1.3, 3, Math.PI] };

export class Shape {
  constructor(desk) {
    this.desk = desk;
    this.file = element("input", { type: "file", accept: ".csv,.txt,.json", id: "outline-file", onchange: () => this.load() });
    this.fault = element("p", { class: "warning", role: "status" });
    const first = choice("Begin with", [["", "choose ..."], ...Object.keys(FIRST).map((name) => [name, name])], "", (name) => {
      if (name) desk.question.outline = desk.question.disc(...FIRST[name]);
      first.select.value = "";
    });
    this.root = element(
      "section",
      { class: "panel shape", "aria-labelledby": "shape-title" },
      element("div", { class: "panel-head" }, element("h2", { id: "shape-title" }, "Shape")),
      element("p", { class: "note" }, "Drag the corners in the picture. Tab and the arrow keys move them too; Delete takes one away."),
      first.root,
      element("div", { class: "buttons" }, element("button", { type: "button", onclick: () => this.add() }, "Add a corner")),
      element("label", { class: "file" }, element("span", { class: "note" }, "Load corners x,y from a file"), this.file),
      this.fault,
    );
  }

  /** A corner in the middle of the longest side. */
  add() {
    const { outline } = this.desk.question;
    const next = (k) => outline[(k + 1) % outline.length];
    const lengths = outline.map((corner, k) => Math.hypot(next(k)[0] - corner[0], next(k)[1] - corner[1]));
    const longest = lengths.indexOf(Math.max(...lengths));
    const middle = outline[longest].map((value, axis) => 0.5 * (value + next(longest)[axis]));
    this.desk.question.outline = [...outline.slice(0, longest + 1), middle, ...outline.slice(longest + 1)];
  }

  async load() {
    const text = await this.file.files[0].text();
    const numbers = (text.match(/[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/gi) ?? []).map(Number);
    const corners = Array.from({ length: Math.floor(numbers.length / 2) }, (_, k) => numbers.slice(2 * k, 2 * k + 2));
    const few = corners.length < 3 || numbers.length % 2 === 1;
    this.fault.textContent = few ? "A file must hold three corners or more, two numbers each." : "";
    if (!few) this.desk.question.outline = corners;
    this.file.value = "";
  }
}
