// Draws into a mask, or wipes out of it.

export class Pencil {
  /**
   * correction: gives the Correction that is drawn into. radius: gives that of the pencil, in pixels. changed: called
   * with the part that is new. ended: called after each stroke.
   */
  constructor({ draw, correction, radius, changed, ended }) {
    Object.assign(this, { draws: draw, correction, radius, changed, ended });
    this.last = null;
    this.at = null;
  }

  down(place) {
    this.correction().begin();
    this.last = place;
    this.move(place);
  }

  move(place) {
    this.at = place;
    this.changed(this.correction().stroke(this.last, place, this.radius(), this.draws));
    this.last = place;
  }

  up() {
    this.correction().end();
    this.ended();
  }

  hover(place) {
    this.at = place;
    this.changed(null);
  }

  /** The pencil's size where it stands. */
  mark(context, pixel) {
    if (this.at === null) return;
    for (const [colour, wide] of [["#ffffff", 3], [this.draws ? "#c2410c" : "#1d2530", 1.5]]) {
      context.beginPath();
      context.arc(this.at.x, this.at.y, this.radius(), 0, 2 * Math.PI);
      context.lineWidth = wide * pixel;
      context.strokeStyle = colour;
      context.stroke();
    }
  }
}
