// What of a surface lies under a place of the screen, and along a line across it.

/** The corners of a surface on the screen, in pixels, and how deep each lies; smaller is nearer. */
export function project(surface, shifts, factor, matrix, width, height) {
  const at = new Float64Array(3 * surface.count);
  const from = surface.positions;
  for (let k = 0; k < surface.count; k += 1) {
    const [x, y, z] = [0, 1, 2].map((j) => from[3 * k + j] + (shifts ? factor * shifts[3 * k + j] : 0));
    at[3 * k] = 0.5 * width * (1 + matrix[0] * x + matrix[4] * y + matrix[8] * z + matrix[12]);
    at[3 * k + 1] = 0.5 * height * (1 - (matrix[1] * x + matrix[5] * y + matrix[9] * z + matrix[13]));
    at[3 * k + 2] = matrix[2] * x + matrix[6] * y + matrix[10] * z;
  }
  return at;
}

/** The nearest {corners, weights} at a place [x, y]; of bare points the one that is closest, within `reach` pixels. */
export function pick(surface, projected, [x, y], reach = 12) {
  if (surface.triangles.length === 0) return nearestPoint(surface, projected, x, y, reach);
  let best = null;
  let depth = Infinity;
  const { triangles } = surface;
  for (let k = 0; k < triangles.length; k += 3) {
    const [a, b, c] = [3 * triangles[k], 3 * triangles[k + 1], 3 * triangles[k + 2]];
    const weights = barycentric(projected, a, b, c, x, y);
    if (weights === null) continue;
    const z = weights[0] * projected[a + 2] + weights[1] * projected[b + 2] + weights[2] * projected[c + 2];
    if (z < depth) {
      depth = z;
      best = { corners: [a / 3, b / 3, c / 3], weights };
    }
  }
  return best;
}

function barycentric(at, a, b, c, x, y) {
  const [ax, ay, bx, by, cx, cy] = [at[a], at[a + 1], at[b], at[b + 1], at[c], at[c + 1]];
  if ((x < ax && x < bx && x < cx) || (x > ax && x > bx && x > cx)) return null;
  if ((y < ay && y < by && y < cy) || (y > ay && y > by && y > cy)) return null;
  const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
  if (area === 0) return null;
  const second = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area;
  const third = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area;
  const first = 1 - second - third;
  return first >= -1e-9 && second >= -1e-9 && third >= -1e-9 ? [first, second, third] : null;
}

function nearestPoint(surface, projected, x, y, reach) {
  let best = null;
  let least = reach * reach;
  for (let k = 0; k < surface.count; k += 1) {
    const away = (projected[3 * k] - x) ** 2 + (projected[3 * k + 1] - y) ** 2;
    if (away < least) {
      least = away;
      best = { corners: [k, k, k], weights: [1, 0, 0] };
    }
  }
  return best;
}

/** Picks at even steps along a line of the screen; null where nothing lies. Only triangles that it crosses are tried. */
export function pickAlong(surface, projected, from, to, steps) {
  const { triangles } = surface;
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const near = [];
  for (let k = 0; k < triangles.length; k += 3) {
    let [left, right] = [false, false];
    for (let j = 0; j < 3; j += 1) {
      const corner = 3 * triangles[k + j];
      const side = (projected[corner] - from[0]) * dy - (projected[corner + 1] - from[1]) * dx;
      left ||= side <= 0;
      right ||= side >= 0;
    }
    if (left && right) near.push(triangles[k], triangles[k + 1], triangles[k + 2]);
  }
  const crossed = { triangles: Uint32Array.from(near), count: surface.count };
  return Array.from({ length: steps + 1 }, (_, k) => {
    const share = k / steps;
    if (crossed.triangles.length === 0) return null;
    return pick(crossed, projected, [from[0] + share * dx, from[1] + share * dy]);
  });
}

/** The corners and weights at a place of the mesh [x, y, z], from the triangle that lies nearest to it. */
export function locate(surface, place) {
  const order = surface.order();
  const at = [0, 1, 2].map((j) => {
    const axis = order[j];
    return axis === undefined ? 0 : (place[axis] - surface.centre[axis]) / surface.sizes[axis];
  });
  const { positions, triangles } = surface;
  const corner = (k) => [positions[3 * k], positions[3 * k + 1], positions[3 * k + 2]];
  let best = nearestCorner(positions, surface.count, at);
  let least = 1e-4;
  for (let k = 0; k < triangles.length; k += 3) {
    const corners = [triangles[k], triangles[k + 1], triangles[k + 2]];
    const [a, b, c] = corners.map(corner);
    const above = onTriangle(a, b, c, at);
    if (above !== null && above.away < least) {
      least = above.away;
      best = { corners, weights: above.weights };
    }
  }
  return best;
}

function nearestCorner(positions, count, at) {
  let [best, least] = [0, Infinity];
  for (let k = 0; k < count; k += 1) {
    const away = (positions[3 * k] - at[0]) ** 2 + (positions[3 * k + 1] - at[1]) ** 2 + (positions[3 * k + 2] - at[2]) ** 2;
    if (away < least) [best, least] = [k, away];
  }
  return { corners: [best, best, best], weights: [1, 0, 0] };
}

/** Weights of the corners and the distance from the plane of a triangle, null where the place is not above it. */
function onTriangle(a, b, c, at) {
  const [u, v, w] = [less(b, a), less(c, a), less(at, a)];
  const [uu, uv, vv, wu, wv] = [dot(u, u), dot(u, v), dot(v, v), dot(w, u), dot(w, v)];
  const square = uu * vv - uv * uv;
  if (square <= 0) return null;
  const second = (vv * wu - uv * wv) / square;
  const third = (uu * wv - uv * wu) / square;
  const first = 1 - second - third;
  if (first < -1e-6 || second < -1e-6 || third < -1e-6) return null;
  const foot = [0, 1, 2].map((j) => second * u[j] + third * v[j] - w[j]);
  return { weights: [first, second, third], away: Math.sqrt(dot(foot, foot)) };
}

function less(a, b) {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
