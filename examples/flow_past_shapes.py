"""Flow past shapes: runs of a lattice Boltzmann solver on simple shapes, and the study that learns from them.

    python -m examples.flow_past_shapes runs_folder [number]

computes so many runs (100 if left out, some two seconds each) of circles, ellipses and rectangles, and writes the
study beside them. Then

    fieldwright run runs_folder/study.toml

trains, judges and registers a model that answers any shape; docs/shapes.md goes on from there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fieldwright.physics.solvers.shape_families import SIMPLE, shapes
from fieldwright.physics.solvers.shape_runs import write_shape_runs

STUDY = """\
name = "flow-past-shapes"
description = "Steady flow past bodies, Reynolds' number about 17 for a body 1 m across"

[runs]
folder = "runs"
pattern = "run_*"
file = "result.vtu"

[geometry]
field = "sdf"
periodic = ["y"]
mirror = ["y"]

[fields]
u = { unit = "m/s" }

[[candidates]]
kind = "unet"
"""


def main(folder: Path, number: int = 100) -> Path:
    """Writes runs and study; returns the path of the study."""
    drawn = shapes(SIMPLE, number, seed=0)
    write_shape_runs(
        folder / "runs",
        [shape.outline for shape in drawn],
        lambda done, total: print(f"\r{done}/{total} runs", end="\n" if done == total else "", flush=True),
    )
    study = folder / "study.toml"
    study.write_text(STUDY, encoding="utf-8")
    return study


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), *(int(one) for one in sys.argv[2:])))
