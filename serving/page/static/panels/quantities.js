// The quantities with their calibrated bands, as a table and as small bars beside it.

import { drawn, element } from "../shell/elements.js";
import { commonPower, evenTexts, extent, numberText, unitWithPower } from "../shell/numbers.js";

/** Share of the largest value of a field below which numbers are what rounding left of zero: EXACT of metrics.py. */
const EXACT = 1e-8;

export class Quantities {
  /** state: of the page. question: its `runs` tell the range of a bar, where they are known. */
  constructor(state, question) {
    this.state = state;
    this.question = question;
    this.rows = new Map();
    this.ranges = new Map();
    this.note = element("p", { class: "note" });
    this.difference = element("th", { scope: "col", class: "number", hidden: true }, "less pinned");
    const heads = [
      element("th", { scope: "col" }, "Quantity"),
      element("th", { scope: "col", class: "number" }, "Value"),
      element("th", { scope: "col", class: "number" }, "Band"),
      element("th", { scope: "col", class: "bar-column" }, "Among the runs"),
      this.difference,
    ];
    this.table = element("table", {}, element("thead", {}, element("tr", {}, heads)));
    this.root = element(
      "section",
      { class: "panel quantities", "aria-labelledby": "quantities-title" },
      element("div", { class: "panel-head" }, element("h2", { id: "quantities-title" }, "Quantities"), this.note),
      element(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": "quantities-title" },
        this.table,
      ),
    );
  }

  /** answer: of the design; pinned: of the pinned one, or null; time: the index that is looked at; field: that is drawn. */
  show(answer, pinned, time, field) {
    this.root.hidden = answer.quantities.length === 0;
    if (this.root.hidden) return;
    this.note.textContent = `bands cover ${numberText(100 * answer.coverage, 3)} % of new runs`;
    this.difference.hidden = pinned === null;
    const groups = grouped(field, answer.quantities);
    const labels = groups.flat().map((one) => one.label);
    if (labels.join("\n") !== [...this.rows.keys()].join("\n")) this.make(groups);
    const sizes = this.sizes(answer.quantities);
    groups.forEach((group, k) => {
      const nought = (one) => largest(Object.values(one.at(time))) <= EXACT * sizes.get(fieldOf(one.label));
      // The rows of a group have one unit, so that they can be compared.
      const power = commonPower(...group.filter((one) => !nought(one)).flatMap((one) => Object.values(one.at(time))));
      this.heads[k].textContent = inBrackets(parts(group[0].label).subject || "Of the run", unitWithPower(group[0].unit, power));
      for (const quantity of group) {
        const before = pinned?.quantities.find((one) => one.label === quantity.label)?.at(time) ?? null;
        this.rows.get(quantity.label).show(quantity.at(time), this.range(quantity, time), before, power, nought(quantity));
      }
    });
  }

  make(groups) {
    this.rows = new Map(groups.flat().map((one) => [one.label, new Row(one)]));
    this.heads = groups.map(() => element("th", { scope: "rowgroup", colspan: 5, class: "group" }));
    this.table.replaceChildren(
      this.table.tHead,
      ...groups.map((group, k) => element("tbody", {}, element("tr", {}, this.heads[k]), group.map((one) => this.rows.get(one.label).root))),
    );
  }

  /** The largest magnitude of each field by its name, as predicted at any time and as simulated. */
  sizes(quantities) {
    const sizes = new Map();
    for (const { label, mean } of quantities) {
      const simulated = this.question.runs?.quantities[label]?.values.data ?? [];
      const size = Math.max(largest(mean), largest(simulated));
      sizes.set(fieldOf(label), Math.max(size, sizes.get(fieldOf(label)) ?? 0));
    }
    return sizes;
  }

  /** Least and largest of the training runs; of all that was shown where these are not known. */
  range(quantity, time) {
    const simulated = this.question.runs?.quantities[quantity.label];
    if (simulated) return extent(valuesAt(simulated, time));
    const { lower, upper } = quantity.at(time);
    const [low, high] = this.ranges.get(quantity.label) ?? [lower, upper];
    const range = [Math.min(low, lower), Math.max(high, upper)];
    this.ranges.set(quantity.label, range);
    return range;
  }
}

/** What a label such as "max(U.x)" is of, "U.x", and what it tells of it, "max". */
function parts(label) {
  const [, what, subject] = /^(\w+)\((.*)\)$/.exec(label) ?? [null, label, ""];
  return { what, subject };
}

/** The field that a quantity is of, such as "U" of "max(U.x)". */
function fieldOf(label) {
  return parts(label).subject.split(/[.,]/)[0] || label;
}

function largest(numbers) {
  const [low, high] = extent(numbers);
  return numbers.length === 0 ? 0 : Math.max(Math.abs(low), Math.abs(high));
}

/** Quantities by what they are of and their unit, those of a field first. */
function grouped(field, quantities) {
  const groups = new Map();
  for (const one of quantities) {
    const key = `${parts(one.label).subject}\n${one.unit}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const isOf = ([{ label }]) => [field, `${field}.`, `${field},`].some((name) => `${parts(label).subject},`.startsWith(name));
  const all = [...groups.values()];
  return [...all.filter(isOf), ...all.filter((group) => !isOf(group))];
}

/** The values of all training runs at a time. */
export function valuesAt({ times, values }, time) {
  if (!times) return values.data;
  const k = Math.min(time, times.length - 1);
  return values.data.filter((_, index) => index % times.length === k);
}

function inBrackets(name, unit) {
  return unit ? `${name} [${unit}]` : name;
}

const WIDTH = 120;

class Row {
  constructor(quantity) {
    this.value = element("td", { class: "number value" });
    this.band = element("td", { class: "number band" });
    this.change = element("td", { class: "number change", hidden: true });
    this.segment = drawn("rect", { y: 5, height: 8, class: "bar-band", rx: 1 });
    this.tick = drawn("line", { y1: 2, y2: 16, class: "bar-mean" });
    this.before = drawn("line", { y1: 2, y2: 16, class: "bar-pinned" });
    const picture = drawn(
      "svg",
      { viewBox: `-4 0 ${WIDTH + 8} 18`, class: "bar", "aria-hidden": "true" },
      drawn("line", { x1: 0, x2: WIDTH, y1: 9, y2: 9, class: "bar-range" }),
      this.segment,
      this.before,
      this.tick,
    );
    this.root = element(
      "tr",
      { "data-quantity": quantity.label },
      element("th", { scope: "row", "aria-label": quantity.label }, parts(quantity.label).what),
      this.value,
      this.band,
      element("td", { class: "bar-column" }, picture),
      this.change,
    );
  }

  /** nought: whether it is zero but for rounding. */
  show({ mean, lower, upper }, [low, high], before, power, nought) {
    const [middle, first, last] = evenTexts([mean, lower, upper].map((value) => value / 10 ** power), 5);
    this.value.textContent = nought ? "0" : middle;
    this.value.dataset.value = String(mean);
    this.band.textContent = nought ? "negligible" : `${first} … ${last}`;
    const at = (value) => Math.min(WIDTH + 4, Math.max(-4, high > low ? (WIDTH * (value - low)) / (high - low) : WIDTH / 2));
    this.segment.setAttribute("x", at(lower));
    this.segment.setAttribute("width", Math.max(1, at(upper) - at(lower)));
    for (const name of ["x1", "x2"]) {
      this.tick.setAttribute(name, at(mean));
      this.before.setAttribute(name, before ? at(before.mean) : -100);
    }
    this.change.hidden = before === null;
    if (before !== null) this.change.textContent = nought ? "0" : numberText((mean - before.mean) / 10 ** power, 4);
  }
}
