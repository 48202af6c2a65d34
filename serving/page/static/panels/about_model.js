// Which version is served, how good it is and what it was learned from.

import { element } from "../shell/elements.js";
import { numberText } from "../shell/numbers.js";

const NAMES = {
  "relative_l2.median": "median error of a new run",
  "relative_l2.max": "largest",
  "fluctuation_l2.median": "median share of the variation",
  "max_abs.median": "median largest difference",
};

export class AboutModel {
  constructor(desk) {
    this.desk = desk;
    this.name = "about";
    this.text = "Model";
    this.root = element("div", {});
  }

  opened() {
    this.draw();
  }

  draw() {
    if (this.root.hidden) return;
    const { about } = this.desk.question;
    this.root.replaceChildren(
      element(
        "div",
        { class: "two" },
        element("section", {}, element("h3", {}, "What answers"), facts(about), card(about), notes(about.notes)),
        element("section", {}, element("h3", {}, "Errors on runs that the model had not seen"), errors(about)),
      ),
    );
  }
}

function facts(about) {
  const { achievable } = about;
  const rows = [
    ["model", `${about.model}, version ${about.version}`],
    ["kind", about.kind],
    ["runs", about.n_runs],
    ["equation", about.equation],
    ["verdict", about.verdict?.findings?.[0]?.name],
    ["bands", about.coverage === undefined ? null : `cover ${numberText(100 * about.coverage, 3)} % of new runs`],
    ["with so many runs", achievable ? `${numberText(100 * achievable.low, 2)} to ${numberText(100 * achievable.high, 2)} % in nine of ten studies` : null],
    ["computes on", about.device],
  ];
  const present = rows.filter(([, value]) => value !== null && value !== undefined);
  return element("dl", { class: "facts" }, present.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
}

function card({ card: address }) {
  return address ? element("p", {}, element("a", { href: address, rel: "noreferrer", target: "_blank" }, "Its model card in MLflow")) : null;
}

function notes(sentences) {
  return sentences?.length ? element("ul", { class: "notes" }, sentences.map((sentence) => element("li", {}, sentence))) : null;
}

function errors(about) {
  const entries = Object.entries(about.errors ?? {});
  if (entries.length === 0) return element("p", { class: "note" }, "None are known.");
  if (typeof entries[0][1] === "number") return table(["output", "relative error"], entries.map(([name, value]) => [name, percent(value)]));
  const metrics = Object.keys(entries[0][1]).filter((name) => name in NAMES);
  return table(
    ["field", ...metrics.map((name) => NAMES[name])],
    entries.map(([field, values]) => [field, ...metrics.map((name) => (name.startsWith("max_abs") ? numberText(values[name], 3) : percent(values[name])))]),
  );
}

function percent(value) {
  return `${numberText(100 * value, 3)} %`;
}

function table(heads, rows) {
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Errors" },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, heads.map((head, k) => element("th", { scope: "col", class: k ? "number" : null }, head)))),
      element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell, k) => (k ? element("td", { class: "number" }, cell) : element("th", { scope: "row" }, cell)))))),
    ),
  );
}
