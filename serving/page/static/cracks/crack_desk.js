// The crack desk: photos in a table, one of them large with what the model has found on it, and what was measured.

import { Tabs } from "../panels/tabs.js";
import { watchedEndpoint } from "../shell/connection.js";
import { element } from "../shell/elements.js";
import { Refusal, Unreachable } from "../shell/endpoint.js";
import { AboutPhotos } from "./about_photos.js";
import { Classifier } from "./classifier.js";
import { CorrectionTool } from "./correction_tool.js";
import { Downloads } from "./downloads.js";
import { DropArea } from "./drop_area.js";
import { Growth } from "./growth.js";
import { Measurements } from "./measurements.js";
import { PhotoList } from "./photo_list.js";
import { PhotoSign } from "./photo_sign.js";
import { PhotoTable } from "./photo_table.js";
import { PicturePanel } from "./picture_panel.js";
import { Protocol } from "./protocol.js";
import { PhotoQuestions } from "./questions.js";
import { RulerTool } from "./ruler_tool.js";
import { ScalePanel } from "./scale.js";
import { Segmenter } from "./segmenter.js";
import { Verdict } from "./verdict.js";
import { WorkList } from "./work_list.js";

const KINDS = { classification: Classifier, segmentation: Segmenter };
const SETTINGS = ["threshold", "scale", "mm_per_px", "distance_mm", "focal_length_mm", "pixel_pitch_um", "scale_error", "prevalence", "method", "show"];

/** Fills the page for a model of photos. */
export async function openDesk({ main, header, notices, state, endpoint, about }) {
  const desk = new CrackDesk({ header, notices, state, endpoint, about });
  main.replaceChildren(desk.root);
  return desk;
}

class CrackDesk {
  constructor({ header, notices, state, endpoint, about }) {
    Object.assign(this, { header, notices, state, endpoint, about });
    this.failed = (error) => this.take(error);
    this.answeredBy = (version) => this.watch.answeredBy(version);
    this.photos = new PhotoList();
    this.questions = new PhotoQuestions(endpoint);
    this.kind = new KINDS[about.family](this);
    this.work = new WorkList({
      photos: this.photos,
      task: (photo) => this.kind.task(photo),
      lost: () => this.watch.lost(),
      busy: (error) => notices.show("busy", error.message, "waiting"),
      failed: this.failed,
    });
    this.drop = new DropArea((entries) => this.photos.add(entries));
    this.table = new PhotoTable({ ...this, again: () => this.askAgain() });
    this.panel = new PicturePanel(this);
    this.sign = new PhotoSign();
    this.root = element(
      "div",
      { class: "crack-desk empty" },
      this.sign.root,
      element("div", { class: "column left" }, this.drop.root, this.table.root, this.left()),
      element("div", { class: "column middle" }, this.panel.root),
      element("div", { class: "column right" }, this.right()),
      (this.tabs = new Tabs(state, this.pages())).root,
    );
    this.follow();
  }

  /** Below the table. */
  left() {
    return this.kind.segments ? new ScalePanel(this.state, this.photos, () => this.wake()).root : null;
  }

  right() {
    if (!this.kind.segments) return new Verdict(this).root;
    this.tool = null;
    const chosen = (tool) => this.use(tool);
    this.ruler = new RulerTool({ ...this, chosen, scaled: () => this.wake() });
    this.corrections = new CorrectionTool({ ...this, chosen, corrected: () => this.wake() });
    const { pencil, eraser } = this.corrections.pencils;
    this.panel.tools.append(element("div", { class: "buttons" }, this.ruler.button, pencil.button, eraser.button), this.ruler.root, this.corrections.root);
    this.panel.view.canvas.addEventListener("keydown", (event) => event.key === "Escape" && this.use(null));
    return new Measurements({ ...this, look: (crack) => this.panel.look(crack) }).root;
  }

  pages() {
    this.aboutPage = new AboutPhotos(this.about);
    const more = this.kind.segments ? [new Growth(this), new Protocol(this)] : [];
    return [new Downloads(this), ...more, this.aboutPage];
  }

  /** Gives the pointer to a tool of the picture, or to none. */
  async use(tool) {
    const before = this.tool;
    this.tool = tool;
    before?.use(false);
    await tool?.use(true);
    if (this.tool === tool) this.panel.view.use(tool?.tool ?? null);
  }

  follow() {
    const { photos, state, notices } = this;
    photos.addEventListener("list", () => {
      this.root.classList.toggle("empty", photos.photos.length === 0);
      this.wake();
    });
    photos.addEventListener("selected", () => {
      this.use(null);
      this.sign.show(photos.selected);
      this.wake();
    });
    photos.addEventListener("photo", ({ detail }) => {
      if (detail === photos.selected) this.sign.show(detail);
    });
    state.follow(SETTINGS, () => this.wake());
    // The endpoint keeps nothing unasked: what was drawn would be gone, and so the browser asks before it leaves.
    window.addEventListener("beforeunload", (event) => {
      if (photos.photos.some(({ unkept }) => unkept)) event.preventDefault();
    });
    this.watch = watchedEndpoint({
      header: this.header,
      notices,
      about: this.about,
      back: () => this.work.resume(),
      swapped: (detail) => this.swapped(detail),
    });
  }

  /** Has asked what is to be asked by the settings as they are now, and says which numbers are of the past. */
  wake() {
    for (const photo of this.photos.photos) if (photo.answer !== null) this.photos.changed(photo);
    this.work.wake();
  }

  askAgain() {
    this.notices.clear("version");
    for (const photo of this.photos.photos) photo.forget();
    this.wake();
  }

  /** Another version answers from now on. What was answered stays, with the version that answered it. */
  async swapped({ before, version }) {
    try {
      const about = await this.endpoint.describe();
      if (about.family !== this.about.family) {
        location.reload();
        return;
      }
      Object.assign(this.about, about);
      this.aboutPage.become(about);
      const answered = this.photos.photos.filter(({ answer }) => answer !== null && answer.version !== version).length;
      const again = element("button", { type: "button", onclick: () => this.askAgain() }, "Ask again");
      const old = answered === 0 ? "" : ` ${answered === 1 ? "One photo was" : `${answered} photos were`} answered by version ${before}.`;
      this.notices.show("version", `Version ${version} is served now, in place of version ${before}.${old}`, "news", answered ? again : null);
      this.wake();
    } catch (error) {
      this.take(error);
    }
  }

  take(error) {
    if (error instanceof Unreachable) this.watch.lost();
    else if (error instanceof Refusal) this.notices.show("question", error.message);
    else {
      console.error(error);
      this.notices.show("question", `The page failed: ${error.message}`);
    }
  }
}
