// Which model answers, what it has learned from and how well it does on photos that it had not seen.

import { element } from "../shell/elements.js";
import { numberText } from "../shell/numbers.js";

export class AboutPhotos {
  constructor(about) {
    this.name = "about";
    this.text = "Model";
    this.root = element("div", {});
    this.become(about);
  }

  /** Another version answers. */
  become(about) {
    const scores = Object.entries(about.scores ?? about.metrics ?? {});
    this.root.replaceChildren(
      element(
        "div",
        { class: "two" },
        element(
          "section",
          {},
          element("h3", {}, "What answers"),
          list([
            ["model", `${about.model}, version ${about.version}`],
            ["kind", about.kind],
            ["learned from", photos(about.n_photos ?? about.n_training)],
            ["threshold chosen on", photos(about.n_validation)],
            ["threshold", numberText(about.threshold, 3)],
            ["prevalence", about.prevalence === undefined ? null : `${numberText(100 * about.prevalence, 3)} %`],
            ["computes on", about.device],
          ]),
          about.card ? element("p", {}, element("a", { href: about.card, rel: "noreferrer", target: "_blank" }, "Its model card in MLflow")) : null,
          about.notes?.length ? element("ul", { class: "notes" }, about.notes.map((note) => element("li", {}, note))) : null,
        ),
        element(
          "section",
          {},
          element("h3", {}, "Scores on the validation photos"),
          scores.length > 0 ? list(scores.filter(([, value]) => typeof value === "number").map(([name, value]) => [name, numberText(value, 3)])) : element("p", { class: "note" }, "None are known."),
        ),
      ),
    );
  }

  opened() {}
}

function photos(count) {
  return count === undefined ? null : `${count} photos`;
}

function list(rows) {
  const present = rows.filter(([, value]) => value !== null && value !== undefined);
  return element("dl", { class: "facts" }, present.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
}
