"""Whether the bounds of measured cracks hold the truth of drawn ones through the answers of a trained network.

    python -m benchmarks.cracks bounds [rows or folders of saved models] [--minutes 6] [--surfaces 80]

Rows as in `benchmarks.cracks segmentation`. The surfaces are drawn by the generator's defaults, from seeds that
neither the network nor its bounds have learned from. "before": bounds by the outlines at probability - std and + std
and what pixels cannot tell; "after": with what the training has learned of them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.cracks.segmentation import trained
from fieldwright.physics.concrete import SurfaceSettings, generate
from fieldwright.surrogates.cracks.measurement.bound_factors import CLASSES, BoundCheck, BoundFactors
from fieldwright.surrogates.cracks.measurement.drawn_truth import lie_clear
from fieldwright.surrogates.cracks.segmentation.bound_learning import check_bounds
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter

FIRST_SEED = 900_000_000
BEFORE = BoundFactors(np.zeros((4, 4)), np.zeros((4, 4)), np.ones(4))
NAMES = ("length", "mean width", "95 % width", "greatest width", "direction")


def main(options: Sequence[str]) -> None:
    """Trains or loads each segmenter and prints the shares of cracks that its bounds hold."""
    parser = argparse.ArgumentParser("benchmarks.cracks bounds", description=__doc__)
    parser.add_argument("rows", nargs="*", default=["pretrained:deepcrack+generator"])
    parser.add_argument("--minutes", type=float, default=6.0, help="of processor time for each training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--surfaces", type=int, default=80)
    chosen = parser.parse_args(options)
    drawn = [generate(SurfaceSettings(), FIRST_SEED + k) for k in range(chosen.surfaces)]
    surfaces = [surface for surface in drawn if lie_clear(surface)]
    for row in chosen.rows:
        start = time.process_time()
        is_folder = Path(row).is_dir()
        segmenter = (
            CrackSegmenter.load(Path(row)) if is_folder else trained(row, chosen.seed, chosen.minutes, "cpu")
        )
        spent, training = time.process_time() - start, sum(segmenter.description.cpu_seconds)
        print(f"{row}: {segmenter.description.steps} steps, {training:.0f} CPU s of {spent:.0f}", flush=True)
        if segmenter.factors is None:
            print("no bounds learned: too short a training, or too little found")
            continue
        single, together = check_bounds(segmenter.segment, iter(surfaces))
        print(f"| cracks | bounds | {' | '.join(NAMES)} |\n|---|---|{'---|' * len(NAMES)}")
        edges = ["0", *(f"{edge:g}" for edge in CLASSES), "more"]
        for k in range(len(CLASSES) + 1):
            title = f"{edges[k]} to {edges[k + 1]} px wide"
            report(title, single, segmenter.factors.single, single.classes == k)
        report("all", single, segmenter.factors.single, np.ones(len(single.width), dtype=bool))
        report("together", together, segmenter.factors.together, np.ones(len(together.width), dtype=bool))


def report(title: str, check: BoundCheck, factors: BoundFactors, rows: np.ndarray) -> None:
    """Two lines of the table."""
    if rows.any():
        for name, bounds in (("before", BEFORE), ("after", factors)):
            held = bounds.holds(check)[rows].mean(axis=0)
            print(f"| {title}, {rows.sum()} | {name} | {' | '.join(f'{share:.0%}' for share in held)} |")
