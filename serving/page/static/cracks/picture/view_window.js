// Which part of a photo is seen: from pixels of the photo to those of the screen, and back.

const LARGEST = 40;

export class ViewWindow {
  constructor() {
    this.size = { width: 1, height: 1 };
    this.seen = { width: 1, height: 1 };
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.fitted = true;
  }

  /** Shows all of a photo. */
  fit(size = this.size) {
    this.size = size;
    this.scale = Math.min(this.seen.width / size.width, this.seen.height / size.height);
    this.x = (this.seen.width - size.width * this.scale) / 2;
    this.y = (this.seen.height - size.height * this.scale) / 2;
    this.fitted = true;
  }

  /** The screen has so much room now. */
  resize(seen) {
    const middle = this.toPhoto({ x: this.seen.width / 2, y: this.seen.height / 2 });
    this.seen = seen;
    if (this.fitted) this.fit();
    else this.centre(middle);
  }

  toPhoto({ x, y }) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  toScreen({ x, y }) {
    return { x: this.x + x * this.scale, y: this.y + y * this.scale };
  }

  zoom(factor, at = { x: this.seen.width / 2, y: this.seen.height / 2 }) {
    const least = Math.min(1, this.seen.width / this.size.width, this.seen.height / this.size.height) / 2;
    const scale = Math.min(LARGEST, Math.max(least, this.scale * factor));
    this.x = at.x - ((at.x - this.x) * scale) / this.scale;
    this.y = at.y - ((at.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
  }

  move(x, y) {
    this.x += x;
    this.y += y;
    this.fitted = false;
  }

  centre({ x, y }) {
    this.x = this.seen.width / 2 - x * this.scale;
    this.y = this.seen.height / 2 - y * this.scale;
    this.fitted = false;
  }

  /** Shows a part of the photo with some room about it. */
  show({ x, y, width, height }) {
    this.scale = Math.min(8, 0.7 * Math.min(this.seen.width / Math.max(width, 8), this.seen.height / Math.max(height, 8)));
    this.centre({ x: x + width / 2, y: y + height / 2 });
  }
}
