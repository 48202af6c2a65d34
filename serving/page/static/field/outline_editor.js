// The outline of a shape over the picture of its field: corners are moved by hand or by the arrow keys.

import { drawn } from "../shell/elements.js";

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class OutlineEditor {
  /** picture: of the field. question: its `outline` is read and set. */
  constructor(picture, question) {
    this.picture = picture;
    this.question = question;
    this.body = drawn("path", { class: "outline-body" });
    this.layer = drawn("svg", { class: "outline", role: "group", "aria-label": "Outline of the shape" }, this.body);
    this.corners = [];
    picture.root.append(this.layer);
    picture.addEventListener("drawn", () => this.draw());
  }

  draw() {
    const { outline } = this.question;
    const { width, height } = this.picture.root.getBoundingClientRect();
    this.layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
    while (this.corners.length < outline.length) this.corners.push(this.corner(this.corners.length));
    while (this.corners.length > outline.length) this.corners.pop().remove();
    const at = outline.map((corner) => this.picture.onScreenPlane(corner));
    this.body.setAttribute("d", `M${at.map((place) => place.join(" ")).join("L")}Z`);
    at.forEach(([x, y], k) => {
      this.corners[k].setAttribute("cx", x);
      this.corners[k].setAttribute("cy", y);
      this.corners[k].setAttribute("aria-label", `Corner ${k + 1} at ${outline[k].map((value) => value.toPrecision(4)).join(", ")}`);
    });
  }

  corner(k) {
    const mark = drawn("circle", { r: 5, class: "outline-corner", tabindex: 0, role: "button" });
    mark.addEventListener("pointerdown", (event) => {
      mark.setPointerCapture(event.pointerId);
      event.stopPropagation();
    });
    mark.addEventListener("pointermove", (event) => {
      if (!mark.hasPointerCapture(event.pointerId)) return;
      const box = this.picture.root.getBoundingClientRect();
      this.move(k, this.picture.planeAt([event.clientX - box.left, event.clientY - box.top]));
    });
    mark.addEventListener("keydown", (event) => {
      const { outline, xRange, yRange } = this.question;
      if (event.key in KEYS) {
        const step = 0.01 * Math.min(xRange[1] - xRange[0], yRange[1] - yRange[0]);
        this.move(k, outline[k].map((value, axis) => value + step * KEYS[event.key][axis]));
      } else if (event.key === "Delete" && outline.length > 3) {
        this.question.outline = outline.filter((_, index) => index !== k);
      } else return;
      event.preventDefault();
    });
    this.layer.append(mark);
    return mark;
  }

  move(k, place) {
    const { outline, xRange, yRange } = this.question;
    outline[k] = place.map((value, axis) => {
      const [low, high] = axis === 0 ? xRange : yRange;
      return Math.min(high, Math.max(low, value));
    });
    this.question.outline = outline;
    this.draw();
  }
}
