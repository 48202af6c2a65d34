// A photo with what lies over it, enlarged and moved by pointer, wheel, two fingers or keys. A tool may take the pointer.

import { element } from "../../shell/elements.js";
import { ViewWindow } from "./view_window.js";

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAN_PX = 40;

export class PhotoView {
  /** label: of the canvas, for those who do not see it. draw: called with a context in pixels of the photo. */
  constructor(label, draw) {
    this.draw = draw;
    this.window = new ViewWindow();
    /** Takes the pointer: {down(place), move(place), up(), hover?(place)}, places in pixels of the photo. */
    this.tool = null;
    this.cross = null;
    this.pointers = new Map();
    this.canvas = element("canvas", {
      tabindex: 0,
      role: "application",
      "aria-label": label,
      "aria-keyshortcuts": "ArrowLeft ArrowRight ArrowUp ArrowDown + - 0 Enter",
      onpointerdown: (event) => this.down(event),
      onpointermove: (event) => this.moved(event),
      onpointerup: (event) => this.up(event),
      onpointercancel: (event) => this.up(event),
      onkeydown: (event) => this.pressed(event),
      onblur: () => this.leave(),
    });
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.root = element("div", { class: "picture photo-picture" }, this.canvas);
    new ResizeObserver(() => this.resized()).observe(this.root);
  }

  /** Shows a photo of this size, all of it. */
  open(size) {
    this.cross = null;
    this.window.fit(size);
    this.redraw();
  }

  use(tool) {
    this.tool = tool;
    this.leave();
    this.root.classList.toggle("with-tool", tool !== null);
    this.redraw();
  }

  resized() {
    const { width, height } = this.root.getBoundingClientRect();
    if (width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.window.resize({ width, height });
    this.paint();
  }

  /** Draws before the browser shows its next picture. */
  redraw() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.paint();
    });
  }

  paint() {
    const context = this.canvas.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    const { x, y, scale } = this.window;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * x, ratio * y);
    // Enlarged pixels are seen as what they are.
    context.imageSmoothingEnabled = scale < 3;
    this.draw(context, 1 / scale);
    if (this.cross !== null) drawCross(context, this.cross, 1 / scale);
  }

  down(event) {
    this.canvas.focus({ preventScroll: true });
    this.cross = null;
    this.canvas.setPointerCapture(event.pointerId);
    const at = this.place(event);
    this.pointers.set(event.pointerId, at);
    const tools = this.tool !== null && event.button === 0 && this.pointers.size === 1;
    if (this.pointers.size === 2) this.drawing = this.finish();
    else this.drawing = tools;
    if (tools) this.tool.down(this.window.toPhoto(at));
    event.preventDefault();
  }

  moved(event) {
    const at = this.place(event);
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) {
      this.tool?.hover?.(this.window.toPhoto(at));
      return;
    }
    if (this.pointers.size === 2) this.pinch(event.pointerId, before, at);
    else if (this.drawing) this.tool?.move(this.window.toPhoto(at));
    else this.window.move(at.x - before.x, at.y - before.y);
    this.pointers.set(event.pointerId, at);
    this.redraw();
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.drawing) this.drawing = this.finish();
  }

  /** Ends what the tool has begun. */
  finish() {
    if (this.drawing) this.tool?.up();
    this.redraw();
    return false;
  }

  pinch(id, before, at) {
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, place]) => place);
    const distance = (place) => Math.hypot(place.x - other.x, place.y - other.y);
    this.window.zoom(distance(at) / Math.max(1, distance(before)), other);
  }

  wheel(event) {
    event.preventDefault();
    this.window.zoom(1.0015 ** -event.deltaY, this.place(event));
    this.redraw();
  }

  pressed(event) {
    const way = KEYS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (way) this.step(way, event.shiftKey);
    else if (event.key === "+" || event.key === "=") this.window.zoom(1.25, this.middle());
    else if (event.key === "-") this.window.zoom(0.8, this.middle());
    else if (event.key === "0") this.window.fit();
    else if (event.key === "Enter" && this.tool !== null) this.press();
    else return;
    event.preventDefault();
    this.redraw();
  }

  /** Moves the photo, or the cross that stands for the pointer of a tool; fine: by one pixel of the photo. */
  step([x, y], fine) {
    if (this.tool === null) {
      this.window.move(-PAN_PX * x, -PAN_PX * y);
      return;
    }
    const from = this.crossPlace();
    const far = fine ? 1 : 10 / this.window.scale;
    const { width, height } = this.window.size;
    this.cross = { x: Math.min(width, Math.max(0, from.x + far * x)), y: Math.min(height, Math.max(0, from.y + far * y)) };
    if (this.drawing) this.tool.move(this.cross);
    else this.tool.hover?.(this.cross);
    const { x: left, y: top } = this.window.toScreen(this.cross);
    if (left < 0 || top < 0 || left > this.window.seen.width || top > this.window.seen.height) this.window.centre(this.cross);
  }

  /** The tool's button by the keyboard: down, and up again. */
  press() {
    this.cross = this.crossPlace();
    if (this.drawing) {
      this.drawing = this.finish();
    } else {
      this.tool.down(this.cross);
      this.drawing = true;
      if (this.tool.atOnce) this.drawing = this.finish();
    }
  }

  crossPlace() {
    return this.cross ?? this.window.toPhoto(this.middle() ?? { x: this.window.seen.width / 2, y: this.window.seen.height / 2 });
  }

  middle() {
    return this.cross === null ? undefined : this.window.toScreen(this.cross);
  }

  leave() {
    if (this.drawing) this.drawing = this.finish();
    this.cross = null;
    this.redraw();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
}

function drawCross(context, { x, y }, pixel) {
  for (const [colour, wide] of [["#ffffff", 4], ["#c2410c", 2]]) {
    context.beginPath();
    context.lineWidth = wide * pixel;
    context.strokeStyle = colour;
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 4 * dx * pixel, y + 4 * dy * pixel);
      context.lineTo(x + 14 * dx * pixel, y + 14 * dy * pixel);
    }
    context.stroke();
  }
}
