// The protocol of an inspection, to be printed or kept: made by the endpoint of the answers as they are on the desk.

import { element, freshId, say } from "../shell/elements.js";
import { save } from "../shell/files.js";
import { archiveOf } from "../shell/zip.js";
import { annotated } from "./picture/annotated.js";
import { LevelLayer } from "./picture/level_layer.js";
import { drawnPhoto, drawnStep } from "./picture/photo_bitmap.js";
import { formOf } from "./questions.js";

const TEXTS = [["site", "Structure"], ["inspector", "Inspector"], ["date", "Date"], ["note", "Note"]];

export class Protocol {
  constructor({ state, photos, kind, endpoint, failed }) {
    Object.assign(this, { state, photos, kind, endpoint, failed });
    this.name = "protocol";
    this.text = "Protocol";
    this.inputs = Object.fromEntries(TEXTS.map(([name]) => [name, element("input", { id: freshId(name), type: "text", maxlength: 200 })]));
    this.make = element("button", { type: "button", class: "primary", onclick: () => this.ask() }, "Protocol as HTML");
    this.said = element("p", { class: "note", role: "status" });
    this.root = element(
      "div",
      { class: "protocol" },
      TEXTS.map(([name, words]) => element("div", { class: "scale-row" }, element("label", { for: this.inputs[name].id }, words), this.inputs[name])),
      element("p", { class: "note" }, "All answered photos with their pictures, measurements, scales and warnings, with corrected masks where there are any. Open the file to print it, as PDF too."),
      this.make,
      this.said,
    );
  }

  opened() {}

  async ask() {
    const photos = this.photos.photos.filter(({ answer }) => answer !== null);
    if (photos.length === 0) {
      say(this.said, "A protocol needs an answered photo.");
      return;
    }
    this.make.disabled = true;
    try {
      const answers = [];
      for (const photo of photos) {
        say(this.said, `${photo.name} is drawn ...`);
        answers.push([await this.archive(photo), `${answers.length}.zip`]);
      }
      const texts = Object.fromEntries(Object.entries(this.inputs).map(([name, input]) => [name, input.value.trim() || null]));
      const reply = await this.endpoint.ask("protocol", { body: formOf({ answer: answers }, texts), accept: "text/html" });
      save(await reply.blob(), "protocol.html");
      say(this.said, "");
    } catch (error) {
      say(this.said, error.message);
      this.failed(error);
    } finally {
      this.make.disabled = false;
    }
  }

  /** An answer as the endpoint gives it, but of the mask, the scale and the threshold that are shown. */
  async archive(photo) {
    const { model, version, ...about } = photo.answer;
    const doubts = [about.warning, photo.correction?.changed ? "the mask was corrected by hand" : null].filter(Boolean);
    const document = { model, version, photos: [{ ...about, warning: doubts.join("; ") || null }] };
    const picture = await this.picture(photo);
    return archiveOf({ "answer.json": new TextEncoder().encode(JSON.stringify(document)), "0_overlay.png": new Uint8Array(await picture.arrayBuffer()) });
  }

  async picture(photo) {
    const drawn = await drawnPhoto(photo.file).catch(() => null);
    // What the browser cannot show, the endpoint has drawn.
    if (drawn === null) return photo.pictures.overlay;
    const mask = await this.kind.mask(photo);
    const layer = new LevelLayer(mask, drawnStep(mask.width, mask.height));
    layer.paint(this.kind.maskColours);
    const { cracks, mm_per_px: mmPerPx } = photo.answer.measurements;
    return annotated({ drawn, layer, opacity: this.state.number("opacity", 0.55), cracks, lines: [], mmPerPx });
  }
}
