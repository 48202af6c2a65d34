"""The evaluation of a network on the shapes that it held out, on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.shapes.model_evaluation import ShapeEvaluation

HELD_OUT = "held_out"
KIND = "evaluation on held-out shapes"


def write_held_out(evaluation: ShapeEvaluation, folder: Path) -> None:
    """Writes it into a new folder."""
    arrays: dict[str, np.ndarray] = {"rows": evaluation.rows}
    arrays |= prefixed("mean.", evaluation.mean) | prefixed("covered.", evaluation.covered)
    for name, errors in evaluation.errors.items():
        arrays |= prefixed(f"errors.{name}.", errors)
    write_artifact(folder, KIND, {"errors": {n: list(of) for n, of in evaluation.errors.items()}}, arrays)


def read_held_out(folder: Path) -> ShapeEvaluation:
    """What `write_held_out` wrote; raises ModelError where it is damaged."""
    model, arrays = read_artifact(folder, KIND)
    errors = {
        name: {one: arrays[f"errors.{name}.{one}"] for one in of} for name, of in model["errors"].items()
    }
    return ShapeEvaluation(arrays["rows"], part(arrays, "mean."), errors, part(arrays, "covered."))
