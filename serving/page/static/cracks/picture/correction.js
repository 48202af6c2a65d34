// A mask that is corrected by hand, with the way back: what a stroke changes is held by squares of the mask.

const SIDE = 64;

export class Correction {
  /** mask: {width, height, data} with 0 and 255, which stays as it is; threshold: that it was made with. */
  constructor(mask, threshold) {
    this.width = mask.width;
    this.height = mask.height;
    this.data = mask.data.slice();
    this.threshold = threshold;
    this.across = Math.ceil(this.width / SIDE);
    this.done = [];
    this.undone = [];
    this.before = null;
    /** Counts every change, so that two states have two numbers. */
    this.revision = 0;
  }

  get changed() {
    return this.done.length > 0;
  }

  /** Begins a stroke. */
  begin() {
    this.before = new Map();
  }

  /** Draws or wipes from one place to another, in pixels; gives what has changed as {x, y, width, height}. */
  stroke(from, to, radius, draw) {
    const level = draw ? 255 : 0;
    const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius));
    const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
    const right = Math.min(this.width, Math.ceil(Math.max(from.x, to.x) + radius) + 1);
    const bottom = Math.min(this.height, Math.ceil(Math.max(from.y, to.y) + radius) + 1);
    const way = { x: to.x - from.x, y: to.y - from.y };
    const long = way.x ** 2 + way.y ** 2;
    for (let row = top; row < bottom; row += 1) {
      for (let column = left; column < right; column += 1) {
        // Distance of the pixel's centre from the stretch.
        const x = column + 0.5 - from.x;
        const y = row + 0.5 - from.y;
        const share = long === 0 ? 0 : Math.min(1, Math.max(0, (x * way.x + y * way.y) / long));
        if ((x - share * way.x) ** 2 + (y - share * way.y) ** 2 > radius ** 2) continue;
        const at = row * this.width + column;
        if (this.data[at] === level) continue;
        this.remember(row, column);
        this.data[at] = level;
      }
    }
    return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
  }

  /** Ends a stroke; one that has changed nothing leaves nothing to undo. */
  end() {
    if (this.before.size > 0) {
      this.done.push(this.before);
      this.undone = [];
      this.revision += 1;
    }
    this.before = null;
  }

  undo() {
    this.swap(this.done, this.undone);
  }

  redo() {
    this.swap(this.undone, this.done);
  }

  swap(from, to) {
    const squares = from.pop();
    if (squares === undefined) return;
    to.push(new Map([...squares].map(([square, content]) => [square, this.replace(square, content)])));
    this.revision += 1;
  }

  remember(row, column) {
    const square = Math.floor(row / SIDE) * this.across + Math.floor(column / SIDE);
    if (!this.before.has(square)) this.before.set(square, this.replace(square, null));
  }

  /** What a square holds; afterwards it holds the other content, where there is one. */
  replace(square, content) {
    const top = Math.floor(square / this.across) * SIDE;
    const left = (square % this.across) * SIDE;
    const columns = Math.min(SIDE, this.width - left);
    const rows = Math.min(SIDE, this.height - top);
    const was = new Uint8Array(columns * rows);
    for (let row = 0; row < rows; row += 1) {
      const at = (top + row) * this.width + left;
      was.set(this.data.subarray(at, at + columns), row * columns);
      if (content !== null) this.data.set(content.subarray(row * columns, (row + 1) * columns), at);
    }
    return was;
  }
}
