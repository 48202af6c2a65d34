// The ruler as a tool of the picture: two clicks, the length between them, and the scale that follows.

import { element, freshId, say, toggle } from "../shell/elements.js";
import { numberText, parsedNumber } from "../shell/numbers.js";
import { Ruler } from "./picture/ruler.js";

export class RulerTool {
  /** scaled: called when a photo, or all of them, have another scale. */
  constructor({ state, photos, panel, chosen, scaled }) {
    Object.assign(this, { state, photos, panel, scaled });
    this.ruler = new Ruler(() => this.show());
    panel.marks.push(this.ruler);
    this.button = toggle("Ruler", false, (on) => chosen(on ? this : null), { title: "Two clicks on a line of known length set the scale" });
    const id = freshId("known-length");
    this.length = element("input", { id, type: "text", inputmode: "decimal", oninput: () => this.show(), onkeydown: (event) => event.key === "Enter" && this.one() });
    this.said = element("span", { class: "note", role: "status" });
    this.buttons = element(
      "span",
      { class: "buttons" },
      element("button", { type: "button", onclick: () => this.one() }, "Scale of this photo"),
      element("button", { type: "button", onclick: () => this.all() }, "Scale of all photos"),
    );
    this.known = element("span", { class: "known-length" }, element("label", { for: id }, "Its true length"), this.length, element("span", { class: "unit" }, "mm"), this.buttons);
    this.root = element("div", { class: "tool-options", hidden: true }, this.said, this.known);
    this.tool = this.ruler;
  }

  use(on) {
    this.button.setAttribute("aria-pressed", String(on));
    this.root.hidden = !on;
    if (!on) this.ruler.clear();
    this.show();
  }

  show() {
    const { ruler } = this;
    this.panel.view.redraw();
    this.known.hidden = !ruler.complete;
    const value = parsedNumber(this.length.value);
    const fits = value > 0 && Number.isFinite(value);
    for (const button of this.buttons.children) button.disabled = !fits;
    this.length.setAttribute("aria-invalid", String(this.length.value.trim() !== "" && !fits));
    say(this.said, ruler.complete
        ? `${numberText(ruler.length, 4)} px.`
        : ruler.ends.length === 1 ? "Click on the other end." : "Click on one end of a line whose length you know.");
  }

  scale() {
    const value = parsedNumber(this.length.value);
    return this.ruler.complete && value > 0 && Number.isFinite(value) ? this.ruler.scale(value) : null;
  }

  one() {
    const scale = this.scale();
    if (scale === null) return;
    const photo = this.photos.selected;
    photo.scale = scale;
    this.photos.changed(photo);
    this.scaled();
  }

  all() {
    const scale = this.scale();
    if (scale === null) return;
    for (const photo of this.photos.photos) photo.scale = null;
    this.state.set({ scale: "mm", mm_per_px: Number(scale.mm_per_px.toPrecision(6)), scale_error: Number(scale.scale_error.toPrecision(3)) });
    this.scaled();
  }
}
