// A line between two places of a photo whose true length is known: it says how large a pixel is.

/** By how many pixels a person is off at each end, about. */
const OFF_PX = 1;

export class Ruler {
  /** changed: called when an end is set. */
  constructor(changed) {
    this.changed = changed;
    this.atOnce = true;
    this.clear();
  }

  clear() {
    this.ends = [];
    this.at = null;
  }

  get complete() {
    return this.ends.length === 2;
  }

  /** In pixels. */
  get length() {
    return this.complete ? Math.hypot(this.ends[1].x - this.ends[0].x, this.ends[1].y - this.ends[0].y) : 0;
  }

  /** {mm_per_px, scale_error} where the line is so many millimetres long. */
  scale(millimetres) {
    return { mm_per_px: millimetres / this.length, scale_error: Math.min(1, (Math.SQRT2 * OFF_PX) / this.length) };
  }

  down(place) {
    if (this.complete) this.clear();
    if (this.ends.length === 1 && this.ends[0].x === place.x && this.ends[0].y === place.y) return;
    this.ends.push(place);
    this.at = null;
    this.changed();
  }

  move() {}

  up() {}

  hover(place) {
    this.at = this.ends.length === 1 ? place : null;
    if (this.at !== null) this.changed();
  }

  mark(context, pixel) {
    const ends = this.at === null ? this.ends : [...this.ends, this.at];
    for (const [colour, wide] of [["#ffffff", 5], ["#c2410c", 2]]) {
      context.lineWidth = wide * pixel;
      context.strokeStyle = colour;
      context.beginPath();
      ends.forEach(({ x, y }, k) => (k === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
      context.stroke();
      for (const { x, y } of ends) {
        context.beginPath();
        context.arc(x, y, 5 * pixel, 0, 2 * Math.PI);
        context.stroke();
      }
    }
  }
}
