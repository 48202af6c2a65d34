// A cut across a surface: from one place to another, seen along a direction, so that a body is cut on the side that was seen.

import { pickAlong } from "./picking.js";

const STEPS = 200;

/** A cut as numbers behind "#": two places and the direction, of three coordinates each; null where there is none. */
export function cutOf(numbers) {
  if (numbers?.length !== 9 || !numbers.every(Number.isFinite)) return null;
  return { from: numbers.slice(0, 3), to: numbers.slice(3, 6), along: numbers.slice(6) };
}

export function cutText({ from, to, along }) {
  return [...from, ...to, ...along].map((value) => Number(value.toPrecision(7))).join(",");
}

/** {corners, weights} at even steps along the cut, without those where nothing lies. */
export function surfaceCut(surface, { from, to, along }) {
  const order = surface.order();
  const drawn = (place) => [0, 1, 2].map((j) => (order[j] === undefined ? 0 : (place[order[j]] - surface.centre[order[j]]) / surface.sizes[order[j]]));
  const [start, end] = [drawn(from), drawn(to)];
  const depth = unit(surface.dimension === 3 ? along : [0, 0, 1]);
  const way = start.map((value, j) => end[j] - value);
  const straight = dot(way, depth);
  const across = unit(way.map((value, j) => value - straight * depth[j]));
  const up = [1, 2, 0].map((j, k) => depth[j] * across[(k + 2) % 3] - depth[(k + 2) % 3] * across[j]);
  const axes = [across, up, depth.map((value) => -value)];
  const seen = new Float32Array(3 * surface.count);
  const { positions } = surface;
  axes.forEach((axis, j) => {
    const shift = dot(start, axis);
    for (let k = 0; k < seen.length; k += 3) seen[k + j] = positions[k] * axis[0] + positions[k + 1] * axis[1] + positions[k + 2] * axis[2] - shift;
  });
  const length = dot(way, across);
  return length > 0 ? pickAlong(surface, seen, [0, 0], [length, 0], STEPS).filter(Boolean) : [];
}

/** Values by place along hits of a cut. */
export function along(surface, hits, numbers) {
  return hits.map(({ corners, weights }) => corners.reduce((sum, corner, k) => sum + weights[k] * numbers[surface.values[corner]], 0));
}

/** How far each place is along the way over all of them. */
export function lengths(places) {
  const sums = [0];
  for (let k = 1; k < places.length; k += 1) sums.push(sums[k - 1] + Math.hypot(...places[k].map((value, j) => value - places[k - 1][j])));
  return sums;
}

function unit(vector) {
  const size = Math.hypot(...vector) || 1;
  return vector.map((value) => value / size);
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
