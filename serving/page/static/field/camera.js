// Where the mesh is looked at from: moved and enlarged on a plane, turned in space. Drawn without perspective, so that
// lengths can be compared.

const ISOMETRIC = { turn: -0.65, tilt: -1.05 };

export class Camera {
  constructor() {
    this.dimension = 2;
    this.reset();
  }

  reset() {
    this.zoom = 1;
    this.pan = [0, 0];
    this.turn = this.dimension === 3 ? ISOMETRIC.turn : 0;
    this.tilt = this.dimension === 3 ? ISOMETRIC.tilt : 0;
  }

  /** Where it is as numbers, null where it is as at first. */
  get view() {
    const view = [this.turn, this.tilt, this.zoom, ...this.pan].map((value) => Number(value.toPrecision(5)));
    const first = new Camera();
    first.dimension = this.dimension;
    first.reset();
    const same = [first.turn, first.tilt, first.zoom, ...first.pan].every((value, k) => value === view[k]);
    return same ? null : view;
  }

  set view(view) {
    this.reset();
    if (view?.length !== 5 || !view.every(Number.isFinite) || view[2] <= 0) return;
    this.zoom = view[2];
    this.pan = view.slice(3);
    if (this.dimension === 3) [this.turn, this.tilt] = view;
  }

  /** Rows of the rotation. */
  rotation() {
    const [c, s] = [Math.cos(this.turn), Math.sin(this.turn)];
    const [d, t] = [Math.cos(this.tilt), Math.sin(this.tilt)];
    return [
      [c, -s, 0],
      [d * s, d * c, -t],
      [t * s, t * c, d],
    ];
  }

  /** The matrix from drawn coordinates to those of the screen, by columns; box: drawn [low, high]; width, height: pixels. */
  matrix(box, width, height) {
    const scale = this.scale(box, width, height);
    const rows = this.rotation();
    const middle = this.middle(box);
    const [sx, sy] = [(2 * scale) / width, (2 * scale) / height];
    return new Float32Array([
      ...[sx * rows[0][0], sy * rows[1][0], -0.3 * rows[2][0], 0],
      ...[sx * rows[0][1], sy * rows[1][1], -0.3 * rows[2][1], 0],
      ...[sx * rows[0][2], sy * rows[1][2], -0.3 * rows[2][2], 0],
      ...[this.pan[0] - sx * middle[0], this.pan[1] - sy * middle[1], 0, 1],
    ]);
  }

  /** Pixels for the size of the mesh, so that all of it is seen. */
  scale(box, width, height) {
    const [low, high] = this.turned(box);
    const fit = Math.min(width / (high[0] - low[0] || 1e-9), height / (high[1] - low[1] || 1e-9));
    return 0.9 * fit * this.zoom;
  }

  middle(box) {
    const [low, high] = this.turned(box);
    return [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])];
  }

  /** The box round the turned corners of a box. */
  turned([low, high]) {
    const rows = this.rotation();
    const corners = [];
    for (let k = 0; k < 8; k += 1) {
      const corner = [0, 1, 2].map((axis) => ((k >> axis) & 1 ? high : low)[axis]);
      corners.push([0, 1].map((row) => rows[row].reduce((sum, value, axis) => sum + value * corner[axis], 0)));
    }
    return [Math.min, Math.max].map((extreme) => [0, 1].map((row) => extreme(...corners.map((one) => one[row]))));
  }

  /** Turns a body, or moves a plane, by so many pixels. */
  drag(dx, dy, width, height, moves) {
    if (this.dimension === 3 && !moves) {
      this.turn += 0.01 * dx;
      this.tilt = Math.min(0, Math.max(-Math.PI, this.tilt + 0.01 * dy));
    } else {
      this.pan = [this.pan[0] + (2 * dx) / width, this.pan[1] - (2 * dy) / height];
    }
  }

  /** Enlarges about a place of the screen, both coordinates from -1 to 1. */
  enlarge(factor, place = [0, 0]) {
    const zoom = Math.min(200, Math.max(0.2, this.zoom * factor));
    const change = zoom / this.zoom;
    this.zoom = zoom;
    this.pan = this.pan.map((value, k) => place[k] + change * (value - place[k]));
  }
}
