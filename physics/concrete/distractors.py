"""Things that look like cracks and are none: joints, scratches, cables, leaves, paint."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

from fieldwright.physics.concrete.crack import resample
from fieldwright.physics.concrete.crack_distance import crack_distance
from fieldwright.physics.concrete.noise import field, line


def _straight(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A straight line (n, 2) across the photo, mostly upright or level."""
    height, width = shape[:2]
    turn = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)]) + rng.normal(0, 0.05)
    middle = np.array([width, height]) * rng.uniform(0.05, 0.95, 2)
    ahead = np.array([np.cos(turn), np.sin(turn)]) * np.hypot(height, width)
    return resample(np.stack([middle - ahead, middle + ahead]))


def _near(path: np.ndarray, shape: tuple[int, ...], margin: float) -> np.ndarray:
    x, y = path.T
    return path[(x > -margin) & (y > -margin) & (x < shape[1] + margin) & (y < shape[0] + margin)]


def _stroke(path: np.ndarray, width: float, shape: tuple[int, ...], soft: float = 0.0) -> np.ndarray:
    """Share (h, w) of every pixel that a stroke of this width covers."""
    path = _near(path, shape, width + 4)
    d = crack_distance(path, np.full(len(path), width), (shape[0], shape[1]), beyond=2.0 + soft)
    return np.clip(0.5 - d / (1.0 + soft), 0.0, 1.0)


def _joint(rng: np.random.Generator, colour: np.ndarray) -> None:
    """A sawn, sealed or expansion joint: straight as a ruler, dark, of constant width."""
    width = rng.uniform(1.0, 9.0)
    cover = _stroke(_straight(rng, colour.shape), width, colour.shape)[..., None]
    dark = rng.uniform(0.1, 0.75) if rng.random() < 0.8 else rng.uniform(1.1, 1.3)
    colour *= 1.0 - cover * (1.0 - dark * (1.0 + 0.15 * field(rng, colour.shape[:2], 0.8, 2.0))[..., None])


def _edge_of_slab(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Two casts side by side: another shade beyond a straight line."""
    height, width = colour.shape[:2]
    turn = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.1)
    y, x = np.mgrid[:height, :width]
    d = (x - width * rng.uniform(0.15, 0.85)) * np.cos(turn) + (
        y - height * rng.uniform(0.15, 0.85)
    ) * np.sin(turn)
    side = np.clip(0.5 + d / rng.uniform(1.0, 4.0), 0, 1)[..., None]
    colour *= (1.0 + rng.uniform(-0.25, 0.2) * side * (1.0 + rng.normal(0, 0.05, 3))).astype(np.float32)


def _scratches(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Light scratches, single or as a bundle of parallel ones."""
    height, width = colour.shape[:2]
    turn, middle = rng.uniform(0, np.pi), np.array([width, height]) * rng.uniform(0.1, 0.9, 2)
    for _ in range(int(rng.integers(1, 6))):
        angle = turn + rng.normal(0, 0.08)
        ahead = np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.03, 0.25) * width
        start = middle + rng.normal(0, 12.0, 2)
        bend = np.array([-ahead[1], ahead[0]]) * rng.normal(0, 0.06)
        path = resample(np.stack([start - ahead, start + bend, start + ahead]))
        cover = _stroke(path, rng.uniform(0.6, 1.8), colour.shape)
        colour *= (1.0 + rng.uniform(0.08, 0.4) * cover)[..., None]


def _cable(rng: np.random.Generator, colour: np.ndarray) -> None:
    """A cable, hose or root: a smooth dark or light band with a shadow, of one width."""
    path = _straight(rng, colour.shape)
    n = len(path)
    normal = (path[-1] - path[0])[::-1] * np.array([-1, 1]) / n * 2
    path = resample(path + (rng.uniform(5, 40) * line(rng, n, 1.5, n / 6))[:, None] * normal)
    width = rng.uniform(2.5, 12.0)
    shadow = _stroke(path + rng.uniform(-0.7, 0.7, 2) * width, width, colour.shape, soft=width / 2)
    colour *= (1.0 - rng.uniform(0.15, 0.5) * shadow)[..., None]
    cover = _stroke(path, width, colour.shape)[..., None]
    tone = np.array([[0.08, 0.08, 0.08], [0.75, 0.72, 0.7], [0.7, 0.25, 0.1], [0.35, 0.28, 0.2]])[
        rng.integers(4)
    ]
    colour += cover * (tone.astype(np.float32) - colour)


def _leaves(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Leaves, pebbles and litter with a shadow beneath."""
    height, width = colour.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        cx, cy, turn = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0, np.pi)
        r, slim = rng.uniform(5.0, 28.0), rng.uniform(1.2, 3.0)
        u, v = (
            (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn),
            (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn),
        )
        d = (np.hypot(u, v * slim) - r) / slim
        away = rng.uniform(1.0, 3.0)
        colour *= (1.0 - rng.uniform(0.2, 0.5) * np.clip(0.5 - (d - away) / 3.0, 0, 1))[..., None]
        cover = np.clip(0.5 - d, 0, 1)[..., None]
        tone = np.array([[0.75, 0.5, 0.25], [0.35, 0.42, 0.15], [0.4, 0.25, 0.15], [0.6, 0.6, 0.6]])[
            rng.integers(4)
        ]
        vein = 1.0 - 0.25 * np.exp(-((v / 0.8) ** 2))
        colour += cover * (tone.astype(np.float32) * vein[..., None] - colour)


def _paint(rng: np.random.Generator, colour: np.ndarray) -> None:
    """A road marking or a sprayed sign, worn."""
    height, width = colour.shape[:2]
    path = _straight(rng, colour.shape)
    if rng.random() < 0.4:
        start = np.array([width, height]) * rng.uniform(0.1, 0.9, 2)
        path = resample(start + np.cumsum(rng.normal(0, 0.08 * width, (int(rng.integers(3, 8)), 2)), axis=0))
    cover = _stroke(path, rng.uniform(5.0, 0.16 * width), colour.shape, soft=rng.uniform(0.0, 4.0))
    worn = np.clip(rng.uniform(0.3, 1.3) + 0.6 * field(rng, (height, width), 0.5, 1.5), 0.0, 1.0)
    tone = np.array(
        [[0.9, 0.9, 0.88], [0.9, 0.9, 0.88], [0.85, 0.7, 0.2], [0.85, 0.25, 0.3], [0.25, 0.4, 0.75]]
    )[rng.integers(5)]
    share = (cover * worn * rng.uniform(0.25, 0.95))[..., None].astype(np.float32)
    colour += share * (tone.astype(np.float32) * (0.6 + 0.4 * colour) - colour)


def _tyre_marks(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Broad soft bands, darker or lighter: tyre marks and polished tracks."""
    band = _stroke(_straight(rng, colour.shape), rng.uniform(10.0, 60.0), colour.shape)
    band = gaussian_filter(band, rng.uniform(1.0, 8.0))
    colour *= (1.0 - rng.uniform(-0.2, 0.3) * band * (1.0 + 0.3 * field(rng, colour.shape[:2], 0.6, 2.0)))[
        ..., None
    ]


BEFORE: tuple[Callable[[np.random.Generator, np.ndarray], None], ...] = (
    _joint, _joint, _edge_of_slab, _scratches, _paint, _paint, _tyre_marks,
)  # fmt: skip
"""What lies in or on the surface before it cracks."""
ABOVE = (_cable, _leaves, _scratches)
"""What lies on top."""


def distract(rng: np.random.Generator, colour: np.ndarray, kinds: tuple, mean: float) -> None:
    """Put a Poisson number of distractors on a colour (h, w, 3), in place."""
    for which in rng.integers(0, len(kinds), rng.poisson(mean)):
        kinds[which](rng, colour)
