// What is seen of a mesh: corners in a box of size one about the origin, triangles and edges.

/** The surface in an answer of GET /surface. */
export function surfaceOf({ about, arrays }) {
  return new Surface(
    about.axes.map((name) => "xyz".indexOf(name)),
    arrays.points.data,
    arrays.values.data,
    Uint32Array.from(arrays.triangles.data),
    Uint32Array.from(arrays.edges.data),
    about.joined,
  );
}

export class Surface {
  /**
   * axes: along which the mesh extends. points: three coordinates of each corner. values: which value of the field each
   * corner has. joined: by "cells", by a "triangulation" of bare points, or "none". names: of the axes. stretched:
   * whether each axis fills the picture by itself, as where they have different units.
   */
  constructor(axes, points, values, triangles, edges, joined, names = null, stretched = false) {
    this.axes = axes;
    this.points = points;
    this.values = values;
    this.triangles = triangles;
    this.edges = edges;
    this.joined = joined;
    this.names = names ?? axes.map((axis) => "xyz"[axis]);
    this.count = values.length;
    this.low = [0, 1, 2].map((axis) => least(points, axis, Math.min));
    this.high = [0, 1, 2].map((axis) => least(points, axis, Math.max));
    const extents = this.high.map((high, axis) => high - this.low[axis]);
    this.size = Math.max(...extents) || 1;
    /** By what a length along each axis is divided in the picture. */
    this.sizes = extents.map((extent, axis) => (stretched ? (extent || 1) / (axis === 0 ? 1 : 0.6) : this.size));
    this.centre = this.high.map((high, axis) => 0.5 * (high + this.low[axis]));
    this.positions = this.drawn();
  }

  get dimension() {
    return this.axes.length;
  }

  /** The corners as they are drawn: a planar mesh lies in the plane of the screen, whichever its axes are. */
  drawn() {
    const positions = new Float32Array(3 * this.count);
    const order = this.order();
    for (let k = 0; k < this.count; k += 1) {
      order.forEach((axis, j) => {
        positions[3 * k + j] = (this.points[3 * k + axis] - this.centre[axis]) / this.sizes[axis];
      });
    }
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
    for (let k = 0; k < this.count; k += 1) {
      order.forEach((axis, j) => {
        if (axis < components) shifts[3 * k + j] = vectors[components * this.values[k] + axis] / this.size;
      });
    }
    return shifts;
  }

  /** Coordinates of the place that weights (three) of corners (three) make up. */
  place(corners, weights) {
    return [0, 1, 2].map((axis) =>
      corners.reduce((sum, corner, k) => sum + weights[k] * this.points[3 * corner + axis], 0),
    );
  }
}

function least(points, axis, extreme) {
  let value = points[axis] ?? 0;
  for (let k = axis; k < points.length; k += 3) value = extreme(value, points[k]);
  return value;
}
