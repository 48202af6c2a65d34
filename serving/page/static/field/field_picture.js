// The picture of a field on its mesh: turned and enlarged by hand, probed by a click, cut along a line.

import { drawn, element } from "../shell/elements.js";
import { Camera } from "./camera.js";
import { surfaceCut } from "./cutting.js";
import { locate, pick, pickAlong, project } from "./picking.js";
import { Renderer } from "./renderer.js";

const CLICK_PIXELS = 4;
const CUT_STEPS = 200;
const KEYS = { ArrowLeft: [-20, 0], ArrowRight: [20, 0], ArrowUp: [0, -20], ArrowDown: [0, 20] };

export class FieldPicture extends EventTarget {
  constructor() {
    super();
    this.canvas = element("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "picture of a field",
      "aria-label": "Field on its mesh. Arrow keys turn or move it, plus and minus enlarge it, 0 shows all of it, Enter probes its middle.",
    });
    this.marks = drawn("svg", { class: "marks", "aria-hidden": "true" });
    this.root = element("div", { class: "picture" }, this.canvas, this.marks);
    this.renderer = new Renderer(this.canvas);
    this.camera = new Camera();
    this.settings = { range: [0, 1], contours: 0, factor: 0, mesh: true };
    this.surface = null;
    this.shifts = null;
    this.probe = null;
    this.cut = null;
    this.cutting = false;
    this.frame = null;
    this.listen();
    new ResizeObserver(() => this.resize()).observe(this.root);
  }

  setSurface(surface) {
    const dimension = surface.dimension === 3 ? 3 : 2;
    if (this.surface === null || dimension !== this.camera.dimension) {
      this.camera.dimension = dimension;
      this.camera.reset();
    }
    this.surface = surface;
    this.shifts = null;
    this.renderer.setSurface(surface);
    if (this.probe) this.probe = { ...locate(surface, this.probe.place), place: this.probe.place };
    if (this.cut) this.setCut(this.cut);
    this.redraw();
  }

  /** A number from 0 to 1 for each corner. */
  setValues(values) {
    this.renderer.setValues(values);
    this.redraw();
  }

  setShifts(shifts) {
    this.shifts = shifts;
    this.renderer.setShifts(shifts ?? new Float32Array(3 * this.surface.count));
    this.redraw();
  }

  setMap(name) {
    this.renderer.setMap(name);
    this.redraw();
  }

  /** range (of values from 0 to 1), contours, factor (of shifts), mesh: how it is drawn. */
  set(settings) {
    Object.assign(this.settings, settings);
    this.redraw();
  }

  /** Marks a place of the mesh, or none. */
  setProbe(place) {
    this.probe = place && this.surface ? { ...locate(this.surface, place), place } : null;
    this.redraw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const { width, height } = this.root.getBoundingClientRect();
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    this.drawNow();
  }

  redraw() {
    this.frame ??= new Promise((resolve) => {
      requestAnimationFrame(() => {
        this.frame = null;
        this.drawNow();
        resolve();
      });
    });
  }

  /** Waits for the picture that is still to be drawn. */
  async drawn() {
    await this.frame;
  }

  drawNow() {
    if (this.surface === null) return;
    const { range, contours, factor, mesh } = this.settings;
    this.renderer.draw({
      matrix: this.matrix(),
      facing: this.camera.rotation()[2],
      range,
      contours,
      factor,
      meshInk: mesh ? [0, 0, 0, this.surface.edges.length > 60000 ? 0.1 : 0.28] : null,
      pointSize: this.pointSize(),
    });
    this.drawMarks();
    this.dispatchEvent(new Event("drawn"));
  }

  pointSize() {
    const across = Math.min(this.canvas.width, this.canvas.height) * this.camera.zoom;
    return Math.min(14, Math.max(2, (1.4 * across) / Math.sqrt(this.surface.count)));
  }

  box() {
    const { low, high, centre, sizes } = this.surface;
    const order = this.surface.order();
    return [low, high].map((ends) =>
      [0, 1, 2].map((j) => (order[j] === undefined ? 0 : (ends[order[j]] - centre[order[j]]) / sizes[order[j]])),
    );
  }

  matrix() {
    return this.camera.matrix(this.box(), this.canvas.width, this.canvas.height);
  }

  /** The corners on the screen, in pixels of the page. */
  projected() {
    const { width, height } = this.root.getBoundingClientRect();
    return project(this.surface, this.shifts, this.settings.factor, this.matrix(), width, height);
  }

  /** Where the coordinates [x, y] of a planar mesh are on the screen, in pixels of the page. */
  onScreenPlane(place) {
    const { width, height } = this.root.getBoundingClientRect();
    const matrix = this.matrix();
    const { centre, sizes, axes } = this.surface;
    const at = place.map((value, k) => (value - centre[axes[k]]) / sizes[axes[k]]);
    return [0.5 * width * (1 + matrix[0] * at[0] + matrix[12]), 0.5 * height * (1 - matrix[5] * at[1] - matrix[13])];
  }

  /** The coordinates of a planar mesh at a place of the screen. */
  planeAt([x, y]) {
    const { width, height } = this.root.getBoundingClientRect();
    const matrix = this.matrix();
    const { centre, sizes, axes } = this.surface;
    const at = [((2 * x) / width - 1 - matrix[12]) / matrix[0], (1 - (2 * y) / height - matrix[13]) / matrix[5]];
    return at.map((value, k) => centre[axes[k]] + value * sizes[axes[k]]);
  }

  drawMarks() {
    const { width, height } = this.root.getBoundingClientRect();
    this.marks.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const marks = [];
    if (this.probe) {
      const [x, y] = this.onScreen(this.probe, width, height);
      marks.push(drawn("circle", { cx: x, cy: y, r: 7, class: "mark-halo" }), drawn("circle", { cx: x, cy: y, r: 7, class: "mark-ring" }));
      marks.push(drawn("circle", { cx: x, cy: y, r: 1.5, class: "mark-dot" }));
    }
    const ends = this.cut ? [this.cut.hits[0], this.cut.hits.at(-1)] : [];
    if (ends.length === 2 && ends.every(Boolean)) {
      const [[x1, y1], [x2, y2]] = ends.map((end) => this.onScreen(end, width, height));
      for (const name of ["mark-halo", "mark-line"]) marks.push(drawn("line", { x1, y1, x2, y2, class: name }));
    }
    if (this.drawnLine) {
      const [x1, y1, x2, y2] = this.drawnLine;
      for (const name of ["mark-halo", "mark-line"]) marks.push(drawn("line", { x1, y1, x2, y2, class: name }));
    }
    this.marks.replaceChildren(...marks);
  }

  onScreen({ corners, weights }, width, height) {
    const part = { count: 3, positions: new Float32Array(9) };
    const shifts = this.shifts ? new Float32Array(9) : null;
    corners.forEach((corner, k) => {
      part.positions.set(this.surface.positions.subarray(3 * corner, 3 * corner + 3), 3 * k);
      shifts?.set(this.shifts.subarray(3 * corner, 3 * corner + 3), 3 * k);
    });
    const at = project(part, shifts, this.settings.factor, this.matrix(), width, height);
    return [0, 1].map((j) => weights.reduce((sum, weight, k) => sum + weight * at[3 * k + j], 0));
  }

  listen() {
    let start = null;
    const place = (event) => {
      const box = this.root.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      start = { at: place(event), last: place(event), moved: false };
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (start === null) return;
      const now = place(event);
      const away = Math.hypot(now[0] - start.at[0], now[1] - start.at[1]);
      start.moved ||= away > CLICK_PIXELS;
      if (!start.moved) return;
      if (this.cutting) {
        this.drawnLine = [...start.at, ...now];
      } else {
        const { width, height } = this.root.getBoundingClientRect();
        this.camera.drag(now[0] - start.last[0], now[1] - start.last[1], width, height, event.shiftKey);
      }
      start.last = now;
      this.redraw();
    });
    this.canvas.addEventListener("pointerup", (event) => {
      if (start === null) return;
      const { at, moved } = start;
      start = null;
      this.drawnLine = null;
      if (!moved) this.probeAt(at);
      else if (this.cutting) this.cutAlong(at, place(event));
      else this.dispatchEvent(new Event("moved"));
    });
    this.canvas.addEventListener("pointercancel", () => {
      start = null;
      this.drawnLine = null;
    });
    this.canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const [x, y] = place(event);
        const { width, height } = this.root.getBoundingClientRect();
        this.camera.enlarge(Math.exp(-0.0015 * event.deltaY), [(2 * x) / width - 1, 1 - (2 * y) / height]);
        this.redraw();
        this.dispatchEvent(new Event("moved"));
      },
      { passive: false },
    );
    this.canvas.addEventListener("keydown", (event) => this.pressed(event));
  }

  pressed(event) {
    const { width, height } = this.root.getBoundingClientRect();
    if (event.key in KEYS) this.camera.drag(...KEYS[event.key], width, height, event.shiftKey);
    else if (event.key === "+" || event.key === "=") this.camera.enlarge(1.25);
    else if (event.key === "-") this.camera.enlarge(0.8);
    else if (event.key === "0") this.camera.reset();
    else if (event.key === "Enter") this.probeAt([width / 2, height / 2]);
    else return;
    event.preventDefault();
    this.redraw();
    this.dispatchEvent(new Event("moved"));
  }

  probeAt(at) {
    const hit = this.surface && pick(this.surface, this.projected(), at);
    this.probe = hit ? { ...hit, place: this.surface.place(hit.corners, hit.weights) } : null;
    this.redraw();
    this.dispatchEvent(new CustomEvent("probed", { detail: this.probe }));
  }

  /** Cuts along a line of the screen, from one place to the other. */
  cutAlong(start, end) {
    const hits = pickAlong(this.surface, this.projected(), start, end, CUT_STEPS).filter(Boolean);
    if (hits.length < 2) return;
    const [from, to] = [hits[0], hits.at(-1)].map(({ corners, weights }) => this.surface.place(corners, weights));
    this.dispatchEvent(new CustomEvent("cut", { detail: { from, to, along: this.camera.rotation()[2] } }));
  }

  /** Shows a cut {from, to, along}, or none. */
  setCut(cut) {
    const hits = cut && this.surface ? surfaceCut(this.surface, cut) : [];
    this.cut = hits.length > 1 ? { ...cut, hits } : null;
    this.redraw();
  }

  /** Looks from where the numbers say, or as at first. */
  look(view) {
    this.camera.view = view;
    this.redraw();
  }
}
