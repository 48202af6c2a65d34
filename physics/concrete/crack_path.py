"""Where cracks run: fractal curves, forks, loops that leave a crack and join it again, and alligator networks."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import Voronoi

from fieldwright.physics.concrete.crack import resample
from fieldwright.physics.concrete.noise import Shape, bridge, line

KINK = 1.5
"""px over which a corner is rounded, so that length is defined at the resolution of the photo."""


def between(
    rng: np.random.Generator, start: np.ndarray, end: np.ndarray, wander: float, finest: float
) -> np.ndarray:
    """Path (n, 2) from start to end, every 0.5 px: a fractional Brownian bridge beside the chord.

    wander: deviation from the chord, as a share of its length. finest: shortest wave, px, so that length is defined.
    """
    chord = end - start
    reach = float(np.hypot(*chord))
    samples = max(int(reach), 16)
    normal = np.array([-chord[1], chord[0]]) / max(reach, 1e-9)
    smooth = rng.uniform(0.7, 1.15)
    offset = bridge(rng, samples, smooth, finest) * wander * reach
    if rng.random() < 0.5:  # long straight runs with corners between, as where a crack goes from flaw to flaw
        corners = np.sort(rng.uniform(0.05, 0.95, rng.integers(1, 6)))
        heights = np.concatenate([[0.0], rng.normal(0.0, 0.8 * wander * reach, len(corners)), [0.0]])
        offset = 0.4 * offset + np.interp(np.linspace(0, 1, samples), [0.0, *corners, 1.0], heights)
    ahead = bridge(rng, samples, smooth, finest) * wander * reach * 0.3
    taper = np.minimum(1.0, np.minimum(np.arange(samples), np.arange(samples)[::-1]) / 8.0)
    offset += (
        taper * line(rng, samples, 0.0, finest) * rng.uniform(0.1, 0.05 * finest + 0.3)
    )  # from stone to stone
    share = np.linspace(0.0, 1.0, samples)[:, None]
    path = start + share * chord + offset[:, None] * normal + (ahead / max(reach, 1e-9))[:, None] * chord
    smooth = gaussian_filter1d(
        np.concatenate([2 * path[0] - path[12:0:-1], path, 2 * path[-1] - path[-2:-14:-1]]), KINK, axis=0
    )
    return resample(smooth[12:-12])


def across(rng: np.random.Generator, shape: Shape, finest: float) -> np.ndarray:
    """Path (n, 2) through the photo: mostly from edge to edge, sometimes ending within."""
    size = np.array([shape[1], shape[0]], dtype=float)
    middle = size * rng.uniform(0.2, 0.8, 2)
    turn = rng.choice([0.0, 0.5, rng.uniform(0, 1), rng.uniform(0, 1)]) * np.pi + rng.normal(0, 0.2)
    ahead = np.array([np.cos(turn), np.sin(turn)])
    out = np.hypot(*size)
    reach = np.where(rng.random(2) < 0.3, rng.uniform(0.1, 0.45, 2), 1.0) * out
    if reach.max() < 0.25 * out:
        reach[0] = out
    start, end = _clip(middle, -ahead, reach[0], size), _clip(middle, ahead, reach[1], size)
    return between(rng, start, end, rng.uniform(0.015, 0.075), finest)


def _clip(
    start: np.ndarray, ahead: np.ndarray, reach: float, size: np.ndarray, beyond: float = 30.0
) -> np.ndarray:
    """The point at `reach` from start, but no further than a little beyond the photo's edge."""
    with np.errstate(divide="ignore"):
        to_edge = np.where(ahead > 0, (size + beyond - start) / ahead, (-beyond - start) / ahead)
    return start + ahead * min(reach, float(np.nanmin(np.where(ahead == 0, np.nan, to_edge))))


def fork(rng: np.random.Generator, parent: np.ndarray, at: int, shape: Shape, finest: float) -> np.ndarray:
    """Path (n, 2) that leaves a parent's sample `at` at 20 to 90 degrees."""
    a, b = parent[max(at - 20, 0)], parent[min(at + 20, len(parent) - 1)]
    turn = np.arctan2(*(b - a)[::-1]) + rng.choice([-1, 1]) * rng.uniform(0.35, 1.6) + rng.choice([0, np.pi])
    reach = rng.uniform(0.1, 0.6) * np.hypot(*shape)
    ahead = np.array([np.cos(turn), np.sin(turn)])
    end = _clip(parent[at], ahead, reach, np.array([shape[1], shape[0]], dtype=float))
    return between(rng, parent[at], end, rng.uniform(0.015, 0.07), finest)


def loop(rng: np.random.Generator, parent: np.ndarray, finest: float) -> np.ndarray:
    """Path (n, 2) that leaves a parent and joins it again, round an island."""
    n = len(parent)
    first = int(rng.integers(0, max(n * 2 // 3, 1)))
    last = min(first + int(rng.integers(n // 8, max(n // 3, n // 8 + 1))), n - 1)
    piece = parent[first : last + 1]
    if len(piece) < 40:
        return piece
    chord = piece[-1] - piece[0]
    normal = np.array([-chord[1], chord[0]]) * rng.choice([-1, 1]) * rng.uniform(0.08, 0.3)
    bulge = np.sin(np.linspace(0, np.pi, len(piece)))[:, None] ** 0.7
    rough = bridge(rng, len(piece), 0.8, 2 * finest)[:, None] * normal * 0.25
    return resample(piece + bulge * normal + rough)


def network(rng: np.random.Generator, shape: Shape, finest: float) -> list[np.ndarray]:
    """Paths of an alligator network: the edges of Voronoi cells, perturbed, thinned out away from its middle."""
    height, width = shape
    cell = rng.uniform(0.12, 0.4) * np.hypot(height, width)
    rows, columns = int(np.ceil(height / cell)) + 3, int(np.ceil(width / cell)) + 3
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2) - 1.0
    sites = (grid + rng.uniform(-0.45, 0.45, grid.shape)) * cell * np.array([rng.uniform(0.7, 1.4), 1.0])
    cells = Voronoi(sites)
    middle = np.array([width, height]) * rng.uniform(0.3, 0.7, 2)
    spread = rng.uniform(0.35, 1.5) * np.hypot(height, width)
    paths = []
    for a, b in cells.ridge_vertices:
        if a < 0:
            continue
        start, end = cells.vertices[a], cells.vertices[b]
        centre = (start + end) / 2
        near = np.all((centre > -0.6 * cell) & (centre < np.array([width, height]) + 0.6 * cell))
        keep = rng.random() < 0.95 * np.exp(-((np.hypot(*(centre - middle)) / spread) ** 2))
        if near and keep and 6.0 < np.hypot(*(end - start)) < 4 * cell:
            paths.append(between(rng, start, end, rng.uniform(0.02, 0.08), finest))
    return paths


def width_along(
    rng: np.random.Generator, samples: int, mean: float, tips: tuple[bool, bool], widest: float
) -> np.ndarray:
    """Width (samples,) along a crack of this mean, px: waves, rough edges, tips that run out, a piece broken off."""
    waves = line(rng, samples, 0.5, 24.0) * rng.uniform(0.05, 0.3)
    edges = line(rng, samples, -0.3, max(6.0, 2.0 * mean)) * rng.uniform(0.1, 0.5) / max(mean, 2.0)
    width = mean * np.exp(waves + edges)
    if mean > 3 and rng.random() < 0.2:
        at, long = rng.uniform(0, samples), rng.uniform(4.0, 12.0) * mean
        width *= 1.0 + rng.uniform(0.3, 1.5) * np.exp(-(((np.arange(samples) - at) / long) ** 2))
    run_out = max(8.0, rng.uniform(0.15, 0.6) * samples)
    for ends, tip in zip((slice(None), slice(None, None, -1)), tips, strict=True):
        if tip:
            width[ends] *= np.minimum(1.0, 0.12 + np.arange(samples) / run_out) ** 0.8
    return np.clip(width, 1.0, widest)
