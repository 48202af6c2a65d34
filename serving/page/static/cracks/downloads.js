// What can be taken along: tables, the annotated photo, the mask, and a protocol to print.

import { element, say } from "../shell/elements.js";
import { currentKey } from "../shell/endpoint.js";
import { copyButton, save } from "../shell/files.js";
import { quantityText } from "../shell/numbers.js";
import { annotated } from "./picture/annotated.js";
import { leaf } from "./questions.js";
import { scaleOptions } from "./scale.js";
import { cracksCsv, photosCsv } from "./table_csv.js";

export class Downloads {
  constructor({ state, photos, kind, panel, endpoint, failed }) {
    Object.assign(this, { state, photos, kind, panel, endpoint, failed });
    this.name = "take";
    this.text = "Downloads";
    this.curl = element("pre", { tabindex: 0, "aria-label": "The question about this photo for curl" });
    this.link = element("input", { type: "text", readonly: true, "aria-label": "Link to the settings of this page", class: "link-field" });
    this.root = element(
      "div",
      {},
      element("h3", {}, "All photos"),
      element("div", { class: "buttons" }, button("Table as CSV", () => this.table()), kind.segments ? button("Cracks as CSV", () => this.cracks()) : null),
      element("h3", {}, "This photo"),
      element("div", { class: "buttons" }, button("Annotated PNG", () => this.picture()), kind.segments ? button("Mask as PNG", () => this.mask()) : null),
      element("h3", {}, "A link to these settings, which holds no photo"),
      element("div", { class: "buttons link" }, this.link, copyButton(() => this.link.value)),
      element("div", { class: "panel-head" }, element("h3", {}, "The same question by curl"), copyButton(() => this.curl.textContent)),
      this.curl,
    );
    state.addEventListener("change", () => this.draw());
    photos.addEventListener("selected", () => this.draw());
  }

  opened() {
    this.draw();
  }

  draw() {
    if (this.root.hidden) return;
    this.link.value = this.state.link();
    const { kind, photos: { selected } } = this;
    const route = kind.segments ? "segment" : "classify";
    const options = kind.segments ? { ...(selected ? scaleOptions(this.state, selected) : {}), threshold: kind.threshold } : { prevalence: kind.prevalence };
    const fields = Object.entries(options).filter(([, value]) => value !== null).map(([name, value]) => ` -F ${name}=${value}`).join("");
    const key = currentKey() ? " -H 'Authorization: Bearer YOUR_KEY'" : "";
    const file = leaf(selected?.name ?? "wall.jpg").replaceAll("'", "'\\''");
    say(this.curl, `curl -s ${this.endpoint.address(route)}${key} -F photo='@${file}'${fields}`);
  }

  table() {
    save(csvFile(photosCsv(this.photos.photos, this.kind)), "photos.csv");
  }

  cracks() {
    save(csvFile(cracksCsv(this.photos.photos)), "cracks.csv");
  }

  async mask() {
    const photo = this.photos.selected;
    if (!photo?.answer) return;
    const revision = photo.correction?.revision ?? null;
    save(await this.kind.maskFile(photo), `${stem(photo)}_mask.png`);
    photo.kept = revision;
  }

  async picture() {
    const { panel, kind } = this;
    const photo = this.photos.selected;
    if (!photo?.answer || !panel.drawn?.bitmap) return;
    const { answer } = photo;
    const file = await annotated({
      drawn: panel.drawn,
      layer: panel.layer,
      opacity: this.state.number("opacity", 0.55),
      cracks: kind.segments ? answer.measurements.cracks : [],
      lines: sentences(photo),
      mmPerPx: answer.measurements?.mm_per_px ?? null,
    });
    save(file, `${stem(photo)}_annotated.png`);
  }
}

/** What the picture says beneath the photo. */
function sentences(photo) {
  const { answer } = photo;
  const lines = [];
  if (answer.measurements) {
    const { length, mean_width: mean, max_width: most, components } = answer.measurements;
    lines.push(`${photo.name}: ${components} crack${components === 1 ? "" : "s"}. Length ${banded(length)}. Mean width ${banded(mean)}. Greatest width ${banded(most)}.`);
  } else {
    lines.push(`${photo.name}: ${answer.crack ? "crack" : "no crack"}, probability ${(100 * answer.probability).toFixed(1)} %, band ${(100 * answer.lower).toFixed(1)} ... ${(100 * answer.upper).toFixed(1)} %.`);
  }
  const mask = photo.correction?.changed ? " Mask corrected by hand." : "";
  lines.push(`Model ${answer.model}, version ${answer.version}, threshold ${answer.threshold.toFixed(2)}.${mask}`);
  if (!answer.inside) lines.push(`UNLIKE THE TRAINING PHOTOS, do not rely on this answer: ${answer.why}.`);
  else if (answer.warning) lines.push(`With a doubt: ${answer.warning}.`);
  return lines;
}

function banded({ value, lower, upper, unit }) {
  return `${quantityText(value, unit, 4)} (${quantityText(lower, unit, 4)} ... ${quantityText(upper, unit, 4)})`;
}

function stem(photo) {
  return leaf(photo.name).replace(/\.[^.]*$/, "");
}

/** With the mark by which Excel knows that it is UTF-8. */
function csvFile(text) {
  return new Blob(["\ufeff", text], { type: "text/csv" });
}

function button(text, clicked) {
  return element("button", { type: "button", onclick: clicked }, text);
}
