// Whether the photo that is looked at shows a crack: calibrated probability with its band, and what decided.

import { choice, drawn, element, freshId, say } from "../shell/elements.js";
import { numberText, parsedNumber } from "../shell/numbers.js";

const METHODS = [["saliency", "gradient"], ["smoothgrad", "smoothed gradient (slower)"], ["grad_cam", "Grad-CAM"], ["score_cam", "Score-CAM (slower)"]];

export class Verdict {
  constructor({ state, photos, kind }) {
    Object.assign(this, { state, photos, kind });
    this.words = element("strong", { class: "verdict" });
    this.value = element("span", { class: "verdict-probability" });
    this.bar = element("div", {});
    this.facts = element("dl", { class: "facts" });
    this.method = choice("What decided, by", METHODS, kind.method, (method) => state.set({ method: method === METHODS[0][0] ? null : method }));
    const id = freshId("prevalence");
    this.prevalence = element("input", { id, type: "text", inputmode: "decimal", onchange: () => this.entered() });
    this.root = element(
      "section",
      { class: "panel verdict-panel quantities", "aria-labelledby": "verdict-title" },
      element("div", { class: "panel-head" }, element("h2", { id: "verdict-title" }, "Verdict")),
      element("p", {}, this.words, " ", this.value),
      this.bar,
      this.facts,
      element("div", { class: "scale-row" }, element("label", { for: id }, "Cracked photos where these come from"), element("span", { class: "entry" }, this.prevalence, element("span", { class: "unit" }, "%"))),
      element("p", { class: "note" }, "Empty: as many as among the validation photos."),
      this.method.root,
    );
    photos.addEventListener("selected", () => this.show());
    photos.addEventListener("photo", ({ detail }) => detail === photos.selected && this.show());
    state.follow(["prevalence", "method"], () => this.show());
    this.show();
  }

  entered() {
    const { prevalence } = this;
    const value = parsedNumber(prevalence.value) / 100;
    const fits = prevalence.value.trim() === "" || (value > 0 && value < 1);
    prevalence.setAttribute("aria-invalid", String(!fits));
    if (fits) this.state.set({ prevalence: Number.isNaN(value) ? null : Number(value.toPrecision(12)) });
  }

  show() {
    const photo = this.photos.selected;
    const answer = photo?.answer ?? null;
    this.root.hidden = answer === null;
    this.method.select.value = this.kind.method;
    const { prevalence } = this.kind;
    if (document.activeElement !== this.prevalence) this.prevalence.value = prevalence === null ? "" : String(Number((100 * prevalence).toPrecision(12)));
    if (answer === null) return;
    this.root.classList.toggle("stale", !this.kind.isMeasured(photo));
    say(this.words, answer.crack ? "Crack" : "No crack");
    say(this.value, `with a probability of ${percent(answer.probability)}, band ${percent(answer.lower)} … ${percent(answer.upper)}`);
    this.value.dataset.value = answer.probability;
    this.bar.replaceChildren(bar(answer));
    const [top, left, bottom, right] = answer.where;
    const rows = [
      ["threshold", percent(answer.threshold)],
      ["band covers", `${numberText(100 * answer.coverage, 3)} %`],
      ["prevalence", percent(answer.prevalence)],
      ["decided by", `rows ${top} to ${bottom}, columns ${left} to ${right}`],
    ];
    this.facts.replaceChildren(...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
  }
}

/** The probability and its band from 0 to 1, with the threshold. */
function bar({ probability, lower, upper, threshold }) {
  const at = (share) => 2 + 196 * share;
  return drawn(
    "svg",
    { viewBox: "0 0 200 22", class: "bar", role: "img", "aria-label": `Probability ${percent(probability)} between 0 and 100 %, threshold ${percent(threshold)}`, preserveAspectRatio: "none" },
    drawn("line", { class: "bar-range", x1: at(0), x2: at(1), y1: 11, y2: 11 }),
    drawn("rect", { class: "bar-band", x: at(lower), width: Math.max(1, at(upper) - at(lower)), y: 6, height: 10 }),
    drawn("line", { class: "bar-pinned", x1: at(threshold), x2: at(threshold), y1: 0, y2: 22 }),
    drawn("line", { class: "bar-mean", x1: at(probability), x2: at(probability), y1: 3, y2: 19 }),
  );
}

function percent(share) {
  return `${numberText(100 * share, 3)} %`;
}
