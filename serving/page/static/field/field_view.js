// The panel of the field: its picture with legend, probe and line cut, and the controls of how it is drawn.

import { element, say, toggle } from "../shell/elements.js";
import { extent, numberText } from "../shell/numbers.js";
import { along, cutOf, cutText, lengths } from "./cutting.js";
import { Display } from "./display.js";
import { FieldPicture } from "./field_picture.js";
import { Legend } from "./legend.js";
import { OutlineEditor } from "./outline_editor.js";
import { LinePicture } from "./line_picture.js";
import { photograph } from "./photograph.js";
import { ProbeReadout } from "./probe_readout.js";
import { DIFFERENCE, MAGNITUDE, MEAN, WIDTH, scalars, title } from "./scalars.js";
import { SurfaceChoice } from "./surface_choice.js";

export class FieldView extends EventTarget {
  constructor(state, question) {
    super();
    this.state = state;
    this.question = question;
    this.display = new Display(state, question);
    this.heading = element("h2", { id: "field-title" });
    this.legend = new Legend();
    this.readout = new ProbeReadout(this);
    this.axes = element("p", { class: "note axes" });
    this.note = element("p", { class: "note" });
    this.line = null;
    this.surface = null;
    this.frame = null;
    this.cut = toggle("Line cut", false, (on) => this.startCut(on), { title: "Draw a line across the picture to see the values along it" });
    this.all = element("button", { type: "button", onclick: () => this.showAll() }, "Show all");
    this.stage = element("div", { class: "stage" });
    this.root = element(
      "section",
      { class: "panel field", "aria-labelledby": "field-title" },
      element("div", { class: "panel-head" }, this.heading, this.cut, this.all),
      this.display.root,
      this.stage,
      this.axes,
      this.readout.root,
      this.note,
    );
    this.makePicture();
    this.surfaces = new SurfaceChoice(question, this.picture?.renderer.inSoftware ?? false, (field, surface) => this.refined(field, surface));
    state.follow(["cut"], () => this.cutChanged());
    state.follow(["camera"], () => this.picture?.look(state.numbers("camera")));
    state.follow(["probe"], () => this.probeChanged());
    state.follow(["map", "contours", "low", "high", "mesh", "deform", "factor", "show", "part"], () => this.draw());
  }

  makePicture() {
    try {
      this.picture = new FieldPicture();
    } catch (error) {
      this.picture = null;
      this.note.textContent = `${error.message} Tables, curves and downloads work without it.`;
      return;
    }
    this.picture.addEventListener("probed", ({ detail }) => this.state.set({ probe: detail ? detail.place.map(short).join(",") : null }));
    this.picture.addEventListener("cut", ({ detail }) => {
      this.endCutting();
      this.state.set({ cut: cutText(detail), tab: "cut" });
    });
    this.picture.addEventListener("moved", () => this.state.set({ camera: this.picture.camera.view?.join(",") ?? null }));
    this.picture.addEventListener("drawn", () => this.dispatchEvent(new Event("drawn")));
  }

  startCut(on) {
    if (!this.picture) return;
    this.picture.cutting = on;
    this.stage.classList.toggle("cutting", on);
    if (!on) this.state.set({ cut: null });
  }

  endCutting() {
    this.picture.cutting = false;
    this.stage.classList.remove("cutting");
    this.cut.setAttribute("aria-pressed", "false");
  }

  cutChanged() {
    if (this.surface === null || this.line) return;
    this.picture?.setCut(cutOf(this.state.numbers("cut")));
    this.draw();
    this.dispatchEvent(new Event("cut"));
  }

  showAll() {
    this.state.set({ camera: null });
  }

  get field() {
    return this.display.field;
  }

  /** The fields that the picture needs: that which is shown, and that which moves the shape. */
  get fields() {
    const moving = this.display.deformation?.name;
    return moving && moving !== this.field ? [this.field, moving] : [this.field];
  }

  /** The statistics of the field that are seen as things are. */
  get statistics() {
    const { show, part, info } = this.display;
    const own = { [WIDTH]: ["lower", "upper"], [MEAN]: [], [DIFFERENCE]: [] }[show] ?? [show];
    const banded = show === MEAN && part !== MAGNITUDE;
    const readsBand = this.line || this.picture?.cut || (this.picture?.probe && info.on === "cell");
    return [...new Set([MEAN, ...own, ...(banded && readsBand ? ["lower", "upper"] : [])])];
  }

  /** Whether an answer is without some of these statistics: it is then asked for. */
  lacks(field) {
    const lacking = this.statistics.some((name) => !(name in field.statistics));
    if (lacking && this.question.form) this.dispatchEvent(new Event("lacking"));
    return lacking && Boolean(this.question.form);
  }

  /** answer, pinned: as of the question, pinned or null. time: index. */
  async show(answer, pinned, time) {
    this.frame = { answer, pinned, time };
    const surface = await this.surfaces.next(this.field);
    if (this.frame.answer !== answer) return;
    if (surface !== this.surface) this.setSurface(surface);
    this.draw();
  }

  refined(field, surface) {
    if (field !== this.field) return;
    this.setSurface(surface);
    this.draw();
  }

  /** Waits until what was last shown has been drawn, and the next frame begins. */
  async drawn() {
    await this.picture?.drawn();
    await new Promise(requestAnimationFrame);
  }

  setSurface(surface) {
    this.surface = surface;
    const curve = surface.dimension < 2;
    if (curve) {
      this.line = new LinePicture(this.display.info, surface);
      this.stage.replaceChildren(this.line.root);
    } else if (this.picture) {
      this.line = null;
      this.stage.replaceChildren(this.picture.root, this.legend.root);
      if (this.question.outline && !this.editor) this.editor = new OutlineEditor(this.picture, this.question);
      this.picture.setSurface(surface);
      this.picture.setProbe(this.state.numbers("probe"));
      this.picture.setCut(cutOf(this.state.numbers("cut")));
      this.picture.look(this.state.numbers("camera"));
      this.dispatchEvent(new Event("cut"));
    }
    this.cut.hidden = curve || surface.triangles.length === 0;
    this.all.hidden = curve;
    this.display.more.hidden = curve;
    if (this.picture) {
      this.note.textContent = {
        triangulation: this.question.outline ? "" : "The cells of the mesh are not known: its points are joined by a triangulation.",
        none: "The cells of the mesh are not known: each value is drawn as a point.",
      }[surface.joined] ?? "";
      if (curve) this.note.textContent = "";
    }
  }

  probeChanged() {
    if (this.surface === null || this.line) return;
    this.readout.say("");
    this.picture?.setProbe(this.state.numbers("probe"));
    this.draw();
  }

  /** Draws what is there as the controls say. */
  draw() {
    if (this.frame === null || this.surface === null) return;
    const { answer, pinned, time } = this.frame;
    const field = answer.fields[this.field];
    if (!field || this.lacks(field)) return;
    const { part, show } = this.display;
    const view = { component: part, show, time };
    const before = pinned?.fields[this.field] ?? null;
    const numbers = scalars(field, before, view);
    this.heading.textContent = title(field.info, part, show);
    const range = extent(field.covered ? numbers.filter((_, k) => !field.covered[k]) : numbers);
    const free = show === DIFFERENCE ? [-largest(range), largest(range)] : range;
    this.display.tell(free);
    if (this.line) this.line.draw(field, before, view);
    else if (this.picture) this.drawPicture(numbers, free);
    this.readout.show(numbers);
    this.tellAxes();
  }

  /** Which coordinates the picture spans, and how far. */
  tellAxes() {
    const { low, high, order, names } = { ...this.surface, order: this.surface.order() };
    this.axes.hidden = this.line !== null;
    const spans = order.map((axis, k) => `${names[k] ?? "xyz"[axis]} ${numberText(low[axis], 4)} … ${numberText(high[axis], 4)}`);
    say(this.axes, spans.join("   "));
  }

  drawPicture(numbers, free) {
    const { surface, picture, display } = this;
    const span = free[1] - free[0] || 1;
    const shares = new Float32Array(surface.count);
    for (let k = 0; k < surface.count; k += 1) shares[k] = (numbers[surface.values[k]] - free[0]) / span;
    const range = display.fixed ?? free;
    this.legend.setMap(display.map);
    this.legend.show(range, this.display.info.unit);
    if (display.map !== this.map) picture.setMap(display.map);
    this.map = display.map;
    this.deform();
    picture.set({
      range: range.map((value) => (value - free[0]) / span),
      contours: this.state.number("contours", 0),
      mesh: display.hasMesh,
    });
    picture.setValues(shares);
  }

  deform() {
    const { display, picture, surface } = this;
    const moving = display.deformation;
    const field = moving ? this.frame.answer.fields[moving.name] : null;
    if (!field || field.places < Math.max(...extent(surface.values)) || this.display.info.on !== moving.on) {
      if (this.moved) picture.setShifts(null);
      this.moved = false;
      display.tellFactor(0);
      return;
    }
    const shifts = surface.shifts(field.frame(MEAN, this.frame.time), field.components);
    let most = 0;
    for (let k = 0; k < shifts.length; k += 3) most = Math.max(most, Math.hypot(shifts[k], shifts[k + 1], shifts[k + 2]));
    const factor = most > 0 ? display.deformedShare / most : 0;
    picture.setShifts(shifts);
    picture.set({ factor });
    this.moved = true;
    display.tellFactor(factor);
  }

  /** The picture as a PNG; lines: of text beneath it. */
  photograph(lines) {
    if (this.line) return new Promise((resolve) => this.line.chart.plot.ctx.canvas.toBlob(resolve, "image/png"));
    return photograph({
      canvas: this.picture.canvas,
      draw: () => this.picture.drawNow(),
      title: this.heading.textContent,
      unit: this.display.info.unit,
      range: this.legend.range,
      map: this.display.map,
      lines,
    });
  }

  /** Values along the line that was cut: {along, mean, lower, upper, pinned}, or null. */
  cutCurve() {
    const cut = this.picture?.cut;
    const field = this.frame?.answer.fields[this.field];
    if (!cut || !field || this.lacks(field)) return null;
    const { part, show, info } = this.display;
    const { pinned, time } = this.frame;
    const places = cut.hits.map(({ corners, weights }) => this.surface.place(corners, weights));
    const before = pinned?.fields[this.field] ?? null;
    const banded = show === MEAN && part !== MAGNITUDE;
    const at = (answer, name) => answer && along(this.surface, cut.hits, scalars(answer, before, { component: part, show: name, time }));
    return {
      along: lengths(places),
      mean: at(field, show),
      lower: banded ? at(field, "lower") : null,
      upper: banded ? at(field, "upper") : null,
      pinned: show === MEAN ? at(before, MEAN) : null,
      ends: [places[0], places.at(-1)],
      heading: title(info, part, show),
      unit: info.unit,
    };
  }
}

function largest([low, high]) {
  return Math.max(Math.abs(low), Math.abs(high)) || 1;
}

function short(value) {
  return Number(value.toPrecision(7));
}
