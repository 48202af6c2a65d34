// What was measured on the photo that is looked at, with bounds, in all and crack by crack.

import { element, say } from "../shell/elements.js";
import { numberText, quantityText, rangeText } from "../shell/numbers.js";

const QUANTITIES = [
  ["length", "Length of all cracks"],
  ["mean_width", "Mean width"],
  ["p95_width", "Width, 95 % quantile"],
  ["max_width", "Greatest width"],
  ["area", "Area"],
];
const LISTED = 100;

export class Measurements {
  /** look: called with a crack that is to be shown large. */
  constructor({ photos, kind, look }) {
    Object.assign(this, { photos, kind, look });
    this.state = element("span", { class: "note", role: "status" });
    this.all = element("tbody");
    this.cracks = element("tbody");
    this.crackTable = element(
      "div",
      { class: "scroll cracks", tabindex: 0, role: "region", "aria-label": "Each crack" },
      table(["Crack", "Length", "Greatest width", "Direction", "Branches"], this.cracks),
    );
    this.note = element("p", { class: "note" });
    this.root = element(
      "section",
      { class: "panel measurements quantities", "aria-labelledby": "measured-title" },
      element("div", { class: "panel-head" }, element("h2", { id: "measured-title" }, "Measured"), this.state),
      element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Measured in all" }, table(["Quantity", "Value", "Bounds"], this.all)),
      this.crackTable,
      this.note,
    );
    photos.addEventListener("selected", () => this.show());
    photos.addEventListener("photo", ({ detail }) => detail === photos.selected && this.show());
    this.show();
  }

  show() {
    const photo = this.photos.selected;
    const measured = photo?.answer?.measurements;
    this.root.hidden = measured === undefined;
    if (measured === undefined) return;
    const fresh = this.kind.isMeasured(photo);
    this.root.classList.toggle("stale", !fresh);
    say(this.state, fresh ? (photo.correction ? "of the corrected mask" : `at threshold ${numberText(photo.answer.threshold, 3)}`) : "is measured anew ...");
    if (this.shown === measured) return;
    this.shown = measured;
    this.all.replaceChildren(...rows(photo.answer, measured));
    this.cracks.replaceChildren(...measured.cracks.slice(0, LISTED).map((crack, place) => this.crack(crack, String(place + 1))));
    this.crackTable.hidden = measured.cracks.length === 0;
    const more = measured.cracks.length - LISTED;
    const specks = measured.too_small;
    say(this.note, [more > 0 ? `${more} shorter ones are in the CSV.` : "", specks > 0 ? `${specks} speck${specks > 1 ? "s" : ""} too small to measure.` : ""].filter(Boolean).join(" "));
  }

  /** A row; the longest crack is number 1. */
  crack(crack, title) {
    const button = element("button", { type: "button", class: "quiet link-like", "aria-label": `Show crack ${title}`, onclick: () => this.look(crack) }, title);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, button),
      number(text(crack.length), crack.length.value, bounds(crack.length)),
      number(text(crack.max_width), crack.max_width.value, bounds(crack.max_width)),
      number(`${numberText(crack.orientation_deg, 3)}°`, crack.orientation_deg, degrees(crack.orientation_bounds_deg)),
      number(String(crack.branches), crack.branches, crack.branches_bounds?.join(" … ")),
    );
  }
}

function rows(answer, measured) {
  const many = [
    row("components", "Cracks", String(measured.components), measured.components, ""),
    ...QUANTITIES.map(([name, words]) => row(name, words, text(measured[name]), measured[name].value, bounds(measured[name]))),
  ];
  if (measured.orientation_deg !== null) many.push(row("orientation_deg", "Direction, 0° level, 90° upright", `${numberText(measured.orientation_deg, 3)}°`, measured.orientation_deg, degrees(measured.orientation_bounds_deg)));
  many.push(row("branches", "Branches", String(measured.branches), measured.branches, measured.branches_bounds?.join(" … ") ?? ""));
  many.push(row("share", "Share of the photo", `${numberText(100 * answer.share, 3)} %`, answer.share, ""));
  return many;
}

function row(name, words, shown, value, band) {
  return element(
    "tr",
    { "data-measured": name },
    element("th", { scope: "row" }, words),
    element("td", { class: "number value", "data-value": value }, shown),
    element("td", { class: "number band" }, band),
  );
}

function number(shown, value, band) {
  return element("td", { class: "number", "data-value": value, title: band ? `bounds ${band}` : null }, shown);
}

function text({ value, unit }) {
  return quantityText(value, unitText(unit), 4);
}

function bounds({ lower, upper, unit }) {
  return rangeText(lower, upper, unitText(unit), 4);
}

function degrees([low, high]) {
  return `${numberText(low, 3)} … ${numberText(high, 3)}°`;
}

function unitText(unit) {
  return unit.replace("2", "²");
}

function table(heads, body) {
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, heads.map((head, k) => element("th", { scope: "col", class: k ? "number" : null }, head)))),
    body,
  );
}
