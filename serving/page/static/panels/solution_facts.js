// How far the solution of an equation can be trusted.

import { element } from "../shell/elements.js";

export class SolutionFacts {
  constructor() {
    this.list = element("dl", { class: "facts" });
    this.root = element("section", { class: "panel", "aria-labelledby": "facts-title" }, element("div", { class: "panel-head" }, element("h2", { id: "facts-title" }, "Error estimate")), this.list);
  }

  show({ facts }) {
    this.root.hidden = !facts;
    this.list.replaceChildren(...(facts ?? []).flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]));
  }
}
