// The photo that is looked at, with what the model has found over it, and the tools to look, measure and correct.

import { choice, element, freshId, say, toggle } from "../shell/elements.js";
import { Latest } from "../shell/latest.js";
import { drawCracks } from "./picture/crack_marks.js";
import { LevelLayer } from "./picture/level_layer.js";
import { drawnPhoto, drawnStep, thumbnailOf } from "./picture/photo_bitmap.js";
import { PhotoView } from "./picture/photo_view.js";

const OPACITY = 0.55;
const HELP = "The photo. Arrow keys move it, or the cross of a tool, by single pixels with Shift; plus, minus and 0 enlarge, reduce and show all; Enter uses the tool.";

export class PicturePanel {
  constructor({ state, photos, kind, failed }) {
    Object.assign(this, { state, photos, kind });
    this.drawn = null;
    this.layer = null;
    /** What tools draw: {mark(context, pixel)}. */
    this.marks = [];
    this.highlighted = null;
    this.title = element("h2", { id: "picture-title" }, "Photo");
    this.show = choice("Show", kind.shows, state.get("show", kind.shows[0][0]), (show) => state.set({ show: show === kind.shows[0][0] ? null : show }));
    this.opacity = slider("Opacity", { min: 0, max: 1, step: 0.05 }, (opacity) => state.set({ opacity }));
    this.threshold = kind.segments ? slider("Threshold", { min: 0.01, max: 0.99, step: 0.01 }, (threshold) => state.set({ threshold })) : null;
    this.ownThreshold = element("button", { type: "button", onclick: () => state.set({ threshold: null }) }, "The model's own");
    this.thresholdNote = element("span", { class: "note" });
    this.lines = kind.segments ? toggle("Lines", state.get("lines", "1") === "1", (on) => state.set({ lines: on ? null : "0" })) : null;
    this.note = element("p", { class: "note", role: "status" });
    this.view = new PhotoView(HELP, (context, pixel) => this.draw(context, pixel));
    this.tools = element("div", { class: "tool-row" });
    this.root = element(
      "section",
      { class: "panel photo-panel", "aria-labelledby": "picture-title" },
      element(
        "div",
        { class: "panel-head" },
        this.title,
        element("button", { type: "button", "aria-label": "Enlarge", onclick: () => this.zoom(1.4) }, "+"),
        element("button", { type: "button", "aria-label": "Reduce", onclick: () => this.zoom(1 / 1.4) }, "−"),
        element("button", { type: "button", onclick: () => this.fit() }, "Show all"),
      ),
      element("div", { class: "display-row" }, this.show.root, this.opacity.root, this.lines),
      this.threshold ? element("div", { class: "display-row" }, this.threshold.root, this.ownThreshold, this.thresholdNote) : null,
      this.tools,
      this.view.root,
      this.note,
    );
    this.opening = new Latest((photo) => this.unpack(photo), (drawn, photo) => this.opened(drawn, photo), failed);
    this.painting = new Latest((photo) => kind.layer(photo).then((layer) => ({ photo, layer })), ({ photo, layer }) => this.painted(photo, layer), failed);
    photos.addEventListener("selected", () => {
      this.root.setAttribute("aria-busy", "true");
      this.opening.want(photos.selected);
    });
    photos.addEventListener("photo", ({ detail }) => detail === photos.selected && this.refresh());
    state.follow(["show", "opacity", "threshold", "lines"], () => this.refresh());
    this.opening.want(photos.selected);
  }

  get photo() {
    return this.photos.selected;
  }

  zoom(factor) {
    this.view.window.zoom(factor);
    this.view.redraw();
  }

  fit() {
    this.view.window.fit();
    this.view.redraw();
  }

  /** Shows a crack large. */
  look(crack) {
    const [top, left, bottom, right] = crack.box;
    this.highlighted = crack;
    this.view.window.show({ x: left, y: top, width: right - left, height: bottom - top });
    this.view.redraw();
  }

  async unpack(photo) {
    if (photo === null) return null;
    try {
      return await drawnPhoto(photo.file);
    } catch (error) {
      return { sentence: error.message };
    }
  }

  opened(drawn, photo) {
    if (photo !== this.photo) {
      drawn?.bitmap?.close();
      return;
    }
    this.drawn?.bitmap?.close();
    this.drawn = drawn;
    this.layer = null;
    this.highlighted = null;
    for (const mark of this.marks) mark.clear?.();
    if (drawn?.bitmap && photo.thumbnail === null) {
      photo.thumbnail = thumbnailOf(drawn);
      this.photos.changed(photo);
    }
    if (drawn?.bitmap) this.open();
    this.refresh();
  }

  /** Shows all of the photo. */
  open() {
    const { width, height } = this.drawn;
    this.root.dataset.size = `${width},${height}`;
    this.view.open(this.drawn);
  }

  /** Draws by the state of the page and of the photo as they are now. */
  refresh() {
    const { photo, state } = this;
    const opacity = state.number("opacity", OPACITY);
    this.opacity.set(opacity, `${Math.round(100 * opacity)} %`);
    this.show.select.value = state.get("show", this.kind.shows[0][0]);
    this.lines?.setAttribute("aria-pressed", String(state.get("lines", "1") === "1"));
    if (this.threshold) this.showThreshold();
    say(this.title, photo?.name ?? "Photo");
    this.root.hidden = photo === null;
    if (photo === null) return;
    say(this.note, this.sentence());
    this.view.redraw();
    this.root.setAttribute("aria-busy", "true");
    this.painting.want(photo);
  }

  showThreshold() {
    const { kind, photo } = this;
    const corrected = Boolean(photo?.correction);
    const value = photo ? kind.thresholdOf(photo) : kind.threshold;
    this.threshold.set(value, value.toFixed(2));
    this.threshold.input.disabled = corrected;
    this.ownThreshold.hidden = corrected || kind.threshold === kind.about.threshold;
    say(this.thresholdNote, corrected ? "This mask is corrected by hand: the threshold no longer changes it." : `the model's own is ${kind.about.threshold.toFixed(2)}`);
  }

  sentence() {
    const { photo, drawn } = this;
    if (photo.refusal !== null) return photo.refusal.sentence;
    if (drawn?.sentence) return `${drawn.sentence} Its answer is shown without the photo.`;
    if (photo.state === "cancelled") return "Cancelled. Ask again to have it answered.";
    if (photo.running && photo.answer === null) return "The endpoint is asked about this photo ...";
    if (drawn && photo.answer !== null && (drawn.width !== photo.answer.width || drawn.height !== photo.answer.height)) return "The browser turns this photo another way than the endpoint: what lies over it may not fit.";
    return "";
  }

  painted(photo, layer) {
    if (photo !== this.photo) return;
    if (layer === null) {
      this.layer = null;
    } else {
      if (this.layer?.levels !== layer.levels) this.layer = new LevelLayer(layer.levels, drawnStep(layer.levels.width, layer.levels.height));
      if (this.drawn?.sentence && !this.drawn.width) {
        Object.assign(this.drawn, { width: layer.levels.width, height: layer.levels.height });
        this.open();
      }
      this.table = layer.table;
      this.layer.paint(layer.table);
    }
    this.view.redraw();
    if (!this.opening.busy) this.root.setAttribute("aria-busy", "false");
  }

  /** Has a part of a mask drawn anew that is being corrected. */
  repaint(within) {
    if (within !== null) this.layer?.paint(this.table, within);
    this.view.redraw();
  }

  draw(context, pixel) {
    const { drawn, photo } = this;
    if (photo === null || drawn === null) return;
    if (drawn.bitmap) context.drawImage(drawn.bitmap, 0, 0, drawn.width, drawn.height);
    if (this.layer !== null) {
      const { canvas, step } = this.layer;
      context.globalAlpha = this.state.number("opacity", OPACITY);
      context.drawImage(canvas, 0, 0, canvas.width * step, canvas.height * step);
      context.globalAlpha = 1;
    }
    const lines = this.kind.segments && this.state.get("lines", "1") === "1" && this.state.get("show") !== "photo";
    if (lines && photo.answer !== null && this.kind.isMeasured(photo)) drawCracks(context, photo.answer.measurements.cracks, pixel, this.highlighted);
    for (const mark of this.marks) mark.mark(context, pixel);
  }
}

function slider(text, range, changed) {
  const id = freshId("slider");
  const input = element("input", { id, type: "range", ...range, oninput: () => changed(input.valueAsNumber) });
  const output = element("output", { for: id });
  const root = element("span", { class: "photo-slider" }, element("label", { for: id }, text), input, output);
  return {
    root,
    input,
    set(value, words) {
      if (input.valueAsNumber !== value) input.value = String(value);
      say(output, words);
    },
  };
}
