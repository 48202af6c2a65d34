// Pencil and eraser as tools of the picture, and what becomes of a corrected mask.

import { element, freshId, say, toggle } from "../shell/elements.js";
import { save } from "../shell/files.js";
import { Correction } from "./picture/correction.js";
import { Pencil } from "./picture/pencil.js";
import { leaf } from "./questions.js";

export class CorrectionTool {
  /** corrected: called after each stroke. */
  constructor({ photos, kind, panel, questions, notices, chosen, corrected, failed }) {
    Object.assign(this, { photos, kind, panel, questions, notices, chosen, corrected, failed });
    this.pencils = { pencil: this.pencil("Pencil", true), eraser: this.pencil("Eraser", false) };
    const id = freshId("pencil-size");
    this.size = element("input", { id, type: "range", min: 1, max: 100, step: 1, value: 6, oninput: () => panel.view.redraw() });
    this.undo = element("button", { type: "button", onclick: () => this.back("undo") }, "Undo");
    this.redo = element("button", { type: "button", onclick: () => this.back("redo") }, "Redo");
    this.discard = element("button", { type: "button", onclick: () => this.drop() }, "Discard");
    this.take = element("button", { type: "button", onclick: () => this.download() }, "Download mask");
    this.keep = element("button", { type: "button", hidden: true, onclick: () => this.send() }, "Save as training label");
    this.said = element("span", { class: "note", role: "status" });
    this.root = element(
      "div",
      { class: "tool-options", hidden: true },
      element("span", { class: "photo-slider" }, element("label", { for: id }, "Size"), this.size),
      element("span", { class: "buttons" }, this.undo, this.redo, this.discard, this.take, this.keep),
      this.said,
    );
    panel.view.canvas.addEventListener("keydown", (event) => this.pressed(event));
    photos.addEventListener("selected", () => this.show());
    photos.addEventListener("photo", ({ detail }) => detail === photos.selected && this.show());
    this.look();
  }

  pencil(text, draw) {
    const { panel } = this;
    const tool = new Pencil({
      draw,
      correction: () => this.photos.selected.correction,
      radius: () => this.size.valueAsNumber / 2,
      changed: (within) => panel.repaint(within),
      ended: () => this.ended(),
    });
    const entry = { tool, use: (on) => this.use(entry, on) };
    entry.button = toggle(text, false, (on) => this.chosen(on ? entry : null));
    return entry;
  }

  /** Whether the operator takes corrections in. */
  async look() {
    const about = await this.questions.endpoint.json("corrections").catch(() => ({ enabled: false, how: null }));
    this.enabled = about.enabled;
    this.how = about.how;
    this.show();
  }

  async use(entry, on) {
    entry.button.setAttribute("aria-pressed", String(on));
    this.root.hidden = !Object.values(this.pencils).some(({ button }) => button.getAttribute("aria-pressed") === "true");
    const place = this.panel.marks.indexOf(entry.tool);
    if (on && place < 0) this.panel.marks.push(entry.tool);
    if (!on && place >= 0) this.panel.marks.splice(place, 1);
    if (on) await this.begin(this.photos.selected);
    this.show();
  }

  /** Makes a mask that can be drawn into, of the one that is shown. */
  async begin(photo) {
    if (photo.correction === null) {
      const threshold = this.kind.thresholdOf(photo);
      const mask = await this.kind.mask(photo);
      photo.correction ??= new Correction(mask, threshold);
    }
    this.photos.changed(photo);
    this.corrected();
  }

  /** After a stroke. */
  ended() {
    this.photos.changed(this.photos.selected);
    this.corrected();
  }

  back(way) {
    this.photos.selected.correction[way]();
    this.ended();
  }

  pressed(event) {
    if (!(event.ctrlKey || event.metaKey) || !this.photos.selected?.correction) return;
    const way = { z: event.shiftKey ? "redo" : "undo", y: "redo" }[event.key.toLowerCase()];
    if (!way) return;
    event.preventDefault();
    this.back(way);
  }

  drop() {
    this.photos.selected.correction = null;
    this.chosen(null);
    this.ended();
  }

  async download() {
    const photo = this.photos.selected;
    const revision = photo.correction?.revision ?? null;
    save(await this.kind.maskFile(photo), `${leaf(photo.name).replace(/\.[^.]*$/, "")}_mask.png`);
    photo.kept = revision;
  }

  async send() {
    const photo = this.photos.selected;
    const { revision } = photo.correction;
    this.keep.disabled = true;
    try {
      const files = { photo: [photo.file, leaf(photo.name)], mask: [await this.kind.maskFile(photo), "mask.png"] };
      const { name, version } = await this.questions.numbers("corrections", files, {});
      photo.saved = photo.kept = revision;
      this.notices.show("correction", `Photo and corrected mask are saved as training label '${name}'${version > 1 ? `, version ${version}` : ""}.`, "news");
    } catch (error) {
      this.failed(error);
    } finally {
      this.show();
    }
  }

  show() {
    const photo = this.photos.selected;
    const correction = photo?.correction ?? null;
    const answered = photo?.keys.answer !== undefined;
    for (const { button } of Object.values(this.pencils)) button.disabled = !answered;
    if (correction === null) return;
    this.undo.disabled = !correction.changed;
    this.redo.disabled = correction.undone.length === 0;
    this.keep.hidden = !this.enabled;
    this.keep.disabled = photo.saved === correction.revision;
    say(this.said, this.enabled ? "Saving keeps this photo and its mask at the endpoint." : this.how ?? "This endpoint keeps no training labels; the mask can be downloaded.");
  }
}
