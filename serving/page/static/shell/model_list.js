// The models behind one endpoint, to choose from.

import { element } from "./elements.js";
import { numberText } from "./numbers.js";

const FAMILIES = {
  fields: "runs that differ by parameters",
  shapes: "shapes",
  equations: "solution of an equation",
  classification: "crack classifier",
  segmentation: "crack segmenter",
};

export function modelList({ models, champions }) {
  return element(
    "section",
    { class: "panel model-list" },
    element("h1", {}, "Models"),
    element("ul", {}, Object.keys(champions).map((name) => entry(name, models.find((about) => about.model === name), champions[name]))),
  );
}

function entry(name, about, champion) {
  if (about === undefined) return element("li", {}, element("strong", {}, name), " ", champion.why ?? "is not loaded yet.");
  const parts = [
    FAMILIES[about.family] ?? about.family,
    `version ${about.version}`,
    about.n_runs === undefined ? null : `${about.n_runs} runs`,
    about.coverage === undefined ? null : `bands of ${numberText(100 * about.coverage, 3)} %`,
    about.parameters?.length ? about.parameters.map((info) => info.name).join(", ") : null,
  ];
  return element(
    "li",
    {},
    element("a", { href: `#${new URLSearchParams({ model: name })}` }, name),
    element("span", { class: "note" }, parts.filter(Boolean).join(" · ")),
    champion.why ? element("span", { class: "warning" }, champion.why) : null,
  );
}
