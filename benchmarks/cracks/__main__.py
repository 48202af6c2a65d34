"""Cracks in photos: how well networks trained in minutes find and outline them, and how quickly they answer.

    python -m benchmarks.cracks segmentation     outlines on DeepCrack and CrackForest, within and across the sets
    python -m benchmarks.cracks recipes          ways to train, each against the reference in equal minutes
    python -m benchmarks.cracks thresholds       thresholds that follow a photo's own answer, without labels
    python -m benchmarks.cracks speed            time of an answer over that of the bare network, and memory
    python -m benchmarks.cracks classification   photos with a crack from those without
    python -m benchmarks.cracks measurement      measured length and width against drawn truth
    python -m benchmarks.cracks bounds           whether bounds hold the truth through a trained network's answers

with --help after any of them for its options. The photos are those of ../shared/data/cracks.
"""

from __future__ import annotations

import importlib
import sys

PARTS = ("segmentation", "recipes", "thresholds", "speed", "classification", "measurement", "bounds")


def main() -> None:
    """Runs the part that is named, a module beside this one."""
    part, *options = sys.argv[1:] or [""]
    if part not in PARTS:
        sys.exit(__doc__)
    importlib.import_module(f"benchmarks.cracks.{part}").main(options)


if __name__ == "__main__":
    main()
