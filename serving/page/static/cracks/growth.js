// Two photos of one place: how much the cracks have grown, and where the new ones are.

import { choice, element, fillChoice, freshId, say } from "../shell/elements.js";
import { numberText, quantityText, rangeText } from "../shell/numbers.js";
import { readGrey } from "./picture/grey_picture.js";
import { LevelLayer, maskColours } from "./picture/level_layer.js";
import { drawnPhoto, drawnStep } from "./picture/photo_bitmap.js";
import { PhotoView } from "./picture/photo_view.js";
import { leaf } from "./questions.js";
import { scaleOptions } from "./scale.js";

const QUANTITIES = [["length", "Length"], ["mean_width", "Mean width"], ["max_width", "Greatest width"]];
const HALF = 128;
const NEW = [255, 140, 0];

export class Growth {
  constructor({ state, photos, kind, questions, failed }) {
    Object.assign(this, { state, photos, kind, questions, failed });
    this.name = "growth";
    this.text = "Growth";
    this.before = choice("Before", [], "", () => this.chosen());
    this.after = choice("After", [], "", () => this.chosen());
    this.compare = element("button", { type: "button", class: "primary", onclick: () => this.ask() }, "Compare");
    this.said = element("p", { class: "note", role: "status" });
    this.rows = element("tbody");
    const id = freshId("swipe");
    this.swipe = element("input", { id, type: "range", min: 0, max: 1, step: 0.01, value: 0.5, oninput: () => this.view.redraw() });
    this.view = new PhotoView("Both photos, one laid upon the other, with new cracks in orange. Arrow keys move them; plus, minus and 0 enlarge, reduce and show all.", (context, pixel) => this.draw(context, pixel));
    this.result = element(
      "div",
      { class: "two", hidden: true },
      element("section", {}, this.view.root, element("span", { class: "photo-slider swipe" }, element("label", { for: id }, "Left of the line the first photo, right of it the second"), this.swipe)),
      element("section", {}, element("table", {}, element("thead", {}, element("tr", {}, ["Quantity", "Before", "After", "Growth", "Bounds"].map((head, k) => element("th", { scope: "col", class: k ? "number" : null }, head)))), this.rows)),
    );
    this.root = element(
      "div",
      { class: "growth" },
      element("div", { class: "tab-head" }, this.before.root, this.after.root, this.compare, element("span", { class: "note" }, "Two photos of one place. Lengths are measured by the scale of the first, with the masks as they are shown.")),
      this.said,
      this.result,
    );
    photos.addEventListener("list", () => this.offer());
    photos.addEventListener("photo", () => this.offer());
    this.offer();
  }

  opened() {
    this.offer();
  }

  get pair() {
    return [this.before, this.after].map(({ select }) => this.photos.photos.find(({ id }) => String(id) === select.value));
  }

  offer() {
    if (this.root.hidden) return;
    const answered = this.photos.photos.filter(({ keys }) => keys.answer !== undefined);
    const options = answered.map(({ id, name }) => [String(id), name]);
    const signature = JSON.stringify(options);
    if (signature !== this.offered) {
      this.offered = signature;
      [this.before, this.after].forEach(({ select }, k) => {
        const value = options.some(([id]) => id === select.value) ? select.value : options[Math.min(k, options.length - 1)]?.[0] ?? "";
        fillChoice(select, options, value);
      });
    }
    const [before, after] = this.pair;
    this.compare.disabled = !before || !after || before === after || Boolean(this.running);
    if (answered.length < 2) say(this.said, "Two answered photos are needed.");
    else if (this.said.textContent === "Two answered photos are needed.") say(this.said, "");
  }

  chosen() {
    this.result.hidden = true;
    say(this.said, "");
    this.offer();
  }

  async ask() {
    const [before, after] = this.pair;
    this.running = true;
    this.offer();
    say(this.said, "The photos are laid upon each other ...");
    try {
      const files = {
        before: [before.file, leaf(before.name)],
        after: [after.file, leaf(after.name)],
        before_mask: [await this.kind.maskFile(before), "before.png"],
        after_mask: [await this.kind.maskFile(after), "after.png"],
      };
      // By one threshold the endpoint knows what was corrected by hand; by two it knows the masks alone.
      const [threshold, other] = [before, after].map((photo) => this.kind.thresholdOf(photo));
      if (threshold === other) {
        for (const [when, { pictures }] of [["before", before], ["after", after]]) {
          for (const map of ["probability", "std"]) files[`${when}_${map}`] = [pictures[map], `${map}.png`];
        }
      }
      const { answer, pictures } = await this.questions.archive("compare", files, { ...scaleOptions(this.state, before), threshold });
      await this.show(answer, pictures, before);
    } catch (error) {
      this.result.hidden = true;
      say(this.said, error.message);
      if (error.status === undefined) this.failed(error);
    } finally {
      this.running = false;
      this.offer();
    }
  }

  async show(answer, pictures, before) {
    const [first, second, fresh] = await Promise.all([drawnPhoto(before.file), drawnPhoto(pictures.aligned), readGrey(pictures.new)]);
    this.first = first;
    this.second = second;
    this.layer = new LevelLayer(fresh, drawnStep(fresh.width, fresh.height));
    this.layer.paint(maskColours(HALF, NEW));
    this.rows.replaceChildren(...QUANTITIES.map(([name, words]) => row(name, words, answer)));
    const { matches, off_px: off } = answer.registration;
    const by = matches ? `by ${matches} features` : "by a shift";
    say(this.said, `Laid upon each other ${by}, off by ${numberText(off, 2)} px; both show ${numberText(100 * answer.common, 3)} % of the first photo. New crack: ${numberText(answer.new_px2, 5)} px².`);
    this.result.hidden = false;
    this.view.open(first);
  }

  draw(context, pixel) {
    if (!this.first) return;
    const { width, height, bitmap } = this.first;
    const at = this.swipe.valueAsNumber * width;
    context.drawImage(bitmap, 0, 0, width, height);
    context.save();
    context.beginPath();
    context.rect(at, 0, width - at, height);
    context.clip();
    context.drawImage(this.second.bitmap, 0, 0, width, height);
    context.restore();
    const { canvas, step } = this.layer;
    context.drawImage(canvas, 0, 0, canvas.width * step, canvas.height * step);
    context.fillStyle = "#ffffff";
    context.fillRect(at - pixel, 0, 2 * pixel, height);
  }
}

function row(name, words, answer) {
  const growth = answer[name];
  return element(
    "tr",
    { "data-growth": name },
    element("th", { scope: "row" }, words),
    element("td", { class: "number" }, text(answer.before[name])),
    element("td", { class: "number" }, text(answer.after[name])),
    element("td", { class: "number value", "data-value": growth.value }, text(growth)),
    element("td", { class: "number band" }, rangeText(growth.lower, growth.upper, growth.unit, 4)),
  );
}

function text({ value, unit }) {
  return quantityText(value, unit, 4);
}
