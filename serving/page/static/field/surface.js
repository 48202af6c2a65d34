// What is seen of a mesh: corners in a box of size one about the origin, triangles and edges.

const STEPS = 65535;

/** The surface in an answer of GET /surface?coding=compact. */
export function surfaceOf({ about, arrays }) {
  const count = arrays.values.data.length;
  const triangles = trianglesOf(arrays.triangles.data);
  return new Surface({
    axes: about.axes.map((name) => "xyz".indexOf(name)),
    points: pointsOf(arrays.points.data, count, about.low, about.high),
    values: running(arrays.values.data),
    triangles,
    edges: () => edgesOf(triangles, arrays.sides.data, arrays.lines.data),
    joined: about.joined,
    ends: [about.low, about.high],
  });
}

/** Three coordinates of each corner: steps between the ends, as differences along each axis that wrap round. */
function pointsOf(differences, count, low, high) {
  const points = new Float64Array(3 * count);
  for (let axis = 0; axis < 3; axis += 1) {
    const width = (high[axis] - low[axis]) / STEPS;
    let steps = 0;
    for (let k = 0; k < count; k += 1) {
      steps = (steps + differences[axis * count + k]) & STEPS;
      points[3 * k + axis] = low[axis] + width * steps;
    }
  }
  return points;
}

function trianglesOf(coded) {
  const count = coded.length / 3;
  const triangles = new Uint32Array(coded.length);
  let first = 0;
  for (let k = 0; k < count; k += 1) {
    first += coded[k];
    triangles[3 * k] = first;
    triangles[3 * k + 1] = first + coded[count + k];
    triangles[3 * k + 2] = first + coded[2 * count + k];
  }
  return triangles;
}

/** Two corners of each edge: the sides of triangles that are marked, and lines by themselves. */
function edgesOf(triangles, sides, lines) {
  const ends = [];
  sides.forEach((bits, k) => {
    for (let j = 0; j < 3; j += 1) if ((bits >> j) & 1) ends.push(triangles[3 * k + j], triangles[3 * k + ((j + 1) % 3)]);
  });
  const half = lines.length / 2;
  const [from, to] = [running(lines.subarray(0, half)), running(lines.subarray(half))];
  from.forEach((corner, k) => ends.push(corner, to[k]));
  return Uint32Array.from(ends);
}

/** Sums of all entries so far. */
function running(differences) {
  const sums = new Int32Array(differences.length);
  let sum = 0;
  for (let k = 0; k < sums.length; k += 1) sums[k] = sum += differences[k];
  return sums;
}

export class Surface {
  /**
   * axes: along which the mesh extends. points: three coordinates of each corner. values: which value of the field each
   * corner has. edges: two corners of each, or what makes them when they are first drawn. joined: by "cells", by a
   * "triangulation" of bare points, or "none". ends: least and largest coordinates. names: of the axes. stretched:
   * whether each axis fills the picture by itself, as where they have different units.
   */
  constructor({ axes, points, values, triangles, edges, joined, ends, names = null, stretched = false }) {
    this.axes = axes;
    this.points = points;
    this.values = values;
    this.triangles = triangles;
    this.edgesOrMaker = edges;
    this.joined = joined;
    this.names = names ?? axes.map((axis) => "xyz"[axis]);
    this.count = values.length;
    [this.low, this.high] = ends;
    const extents = this.high.map((high, axis) => high - this.low[axis]);
    this.size = Math.max(...extents) || 1;
    /** By what a length along each axis is divided in the picture. */
    this.sizes = extents.map((extent, axis) => (stretched ? (extent || 1) / (axis === 0 ? 1 : 0.6) : this.size));
    this.centre = this.high.map((high, axis) => 0.5 * (high + this.low[axis]));
    this.positions = this.drawn();
  }

  get edges() {
    if (typeof this.edgesOrMaker === "function") this.edgesOrMaker = this.edgesOrMaker();
    return this.edgesOrMaker;
  }

  get dimension() {
    return this.axes.length;
  }

  /** The corners as they are drawn: a planar mesh lies in the plane of the screen, whichever its axes are. */
  drawn() {
    const positions = new Float32Array(3 * this.count);
    const order = this.order();
    order.forEach((axis, j) => {
      const [centre, size] = [this.centre[axis], this.sizes[axis]];
      for (let k = 0; k < this.count; k += 1) positions[3 * k + j] = (this.points[3 * k + axis] - centre) / size;
    });
    return positions;
  }

  /** The axes of the mesh in the order in which they are drawn. */
  order() {
    return this.dimension === 3 ? [0, 1, 2] : this.axes;
  }

  /** A vector field (values by components) as shifts of the corners, in the drawn axes and in sizes of the mesh. */
  shifts(vectors, components) {
    const shifts = new Float32Array(3 * this.count);
    const order = this.order();
    order.forEach((axis, j) => {
      if (axis >= components) return;
      for (let k = 0; k < this.count; k += 1) shifts[3 * k + j] = vectors[components * this.values[k] + axis] / this.size;
    });
    return shifts;
  }

  /** Coordinates of the place that weights (three) of corners (three) make up. */
  place(corners, weights) {
    return [0, 1, 2].map((axis) =>
      corners.reduce((sum, corner, k) => sum + weights[k] * this.points[3 * corner + axis], 0),
    );
  }
}
