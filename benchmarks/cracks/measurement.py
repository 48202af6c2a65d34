"""Measured length and width against the truth of generated cracks, and what a mask of 12 megapixels costs.

    python -m benchmarks.cracks measurement [--surfaces 150]

Surfaces on which the cracks lie upon each other, so that the mask has less than 0.98 of their areas together, are
left out and counted: no mask tells such cracks apart. Errors: quantiles over the surfaces; "held": share of them on
which the bounds hold the truth.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence

import numpy as np

from fieldwright.physics.concrete.crack import Crack
from fieldwright.physics.concrete.crack_distance import crack_distance
from fieldwright.physics.concrete.crack_pattern import draw, pieces
from fieldwright.physics.concrete.settings import PATTERNS, Pattern
from fieldwright.surrogates.cracks.measurement import measure
from fieldwright.surrogates.cracks.segmentation.overlay import overlay

SIZE = (320, 480)
LEAST_APART = 0.98
QUANTILES = (0.5, 0.9, 0.95, 1.0)


def surface(seed: int, pattern: Pattern, size: tuple[int, int], widths: tuple[float, float]):
    """Mask (h, w) and cracks of a seed."""
    drawn = draw(np.random.default_rng(seed), size, pattern, widths)
    path, width = np.concatenate([c.path for c in drawn]), np.concatenate([c.width for c in drawn])
    return crack_distance(path, width, size) <= 0.0, pieces(drawn, size)


def errors(mask: np.ndarray, cracks: Sequence[Crack]) -> tuple[np.ndarray, np.ndarray]:
    """Length (share), mean, 95 % and greatest width (px) less the truth, and whether the bounds hold it."""
    found = measure(mask)
    widths = np.concatenate([crack.width for crack in cracks])
    truth = (sum(c.length_px for c in cracks), widths.mean(), np.quantile(widths, 0.95), widths.max())
    measured = (found.length, found.mean_width, found.p95_width, found.max_width)
    off = np.array([m.value - t for m, t in zip(measured, truth, strict=True)]) / (truth[0], 1.0, 1.0, 1.0)
    return off, np.array([m.lower <= t <= m.upper for m, t in zip(measured, truth, strict=True)])


def main(options: Sequence[str]) -> None:
    """Prints the quantiles, then seconds and memory."""
    parser = argparse.ArgumentParser("benchmarks.cracks.measurement", description=__doc__)
    parser.add_argument("--surfaces", type=int, default=150)
    asked = parser.parse_args(options)
    for pattern in PATTERNS:
        drawn = [surface(seed, pattern, SIZE, (1.0, 20.0)) for seed in range(asked.surfaces)]
        apart = [
            (m, c) for m, c in drawn if m.sum() > LEAST_APART * sum(k.width.mean() * k.length_px for k in c)
        ]
        off, held = (np.array(rows) for rows in zip(*[errors(m, c) for m, c in apart], strict=True))
        print(f"{pattern}: {len(apart)} of {len(drawn)} surfaces with cracks apart")
        print(
            f"  {'quantile of |error|':24}"
            + "".join(f"{q:>8.0%}" for q in QUANTILES)
            + "  median error   held"
        )
        for k, name in enumerate(("length, %", "mean width, px", "95 % width, px", "greatest width, px")):
            errs = off[:, k] * (100.0 if k == 0 else 1.0)
            row = "".join(f"{np.quantile(np.abs(errs), q):8.2f}" for q in QUANTILES)
            print(f"  {name:24}{row}{np.median(errs):14.3f}{held[:, k].mean():7.0%}")
    mask, _ = surface(1, "network", (3000, 4000), (20.0, 30.0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    found = measure(mask)
    between = time.process_time()
    overlay(np.full((*mask.shape, 3), 128, dtype=np.uint8), mask, found)
    print(f"12 megapixels, {mask.mean():.1%} crack: measured in {between - start:.2f} CPU s", end=", ")
    print(f"drawn in {time.process_time() - between:.2f} CPU s; ", end="")
    print(
        f"memory {before:.0f} MB before, at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )
