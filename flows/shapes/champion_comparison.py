"""Champion and challenger on the same held-out shapes, from none of which either has learned."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.runs.promotion.champion_comparison import contents_of
from fieldwright.flows.shapes.targets import ShapeTargets
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.versions.paired_comparison import FEWEST, paired_comparison
from fieldwright.flows.tracking.versions.promotion import Comparison
from fieldwright.surrogates.shapes.distance import checked_distance
from fieldwright.surrogates.shapes.model_evaluation import ShapeEvaluation, evaluate_shapes
from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate

LEARNED_FROM = "learned_from.json"
"""File of a pipeline's MLflow run: contents of the runs that its version has learned from."""


def learned_from(study: Study, shapes: ShapeTargets, evaluation: ShapeEvaluation) -> list[str]:
    """Digests of the runs that were not held out."""
    contents = contents_of(study, shapes.targets)
    assert contents is not None, "shapes are whole runs of the store"
    held_out = set(evaluation.rows.tolist())
    return [content for k, content in enumerate(contents) if k not in held_out]


def compare_on_shapes(
    study: Study,
    tracking: Tracking,
    champion: ModelVersion,
    surrogate: ShapeSurrogate,
    shapes: ShapeTargets,
    evaluation: ShapeEvaluation,
) -> Comparison | None:
    """By the errors on the shapes that the challenger held out; None where the champion cannot be asked for them.

    It must load, have the same grid, parameters and fields, and have left what it has learned from, which does not
    count.
    """
    trained_on = tracking.json(champion.run_id, LEARNED_FROM)
    contents = contents_of(study, shapes.targets)
    if trained_on is None or contents is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            other = ShapeSurrogate.load(tracking.registry.download(champion, Path(folder)))
    except FieldwrightError:
        return None
    if not _alike(other, surrogate):
        return None
    unseen = np.array([contents[k] not in set(trained_on) for k in evaluation.rows], dtype=bool)
    rows = evaluation.rows[unseen]
    if len(rows) < FEWEST:
        return None
    targets = shapes.targets
    images = shape_images(shapes, rows)
    values = {name: true[rows] for name, true in targets.values.items()}
    evaluated = evaluate_shapes(other, rows, images, targets.x[rows], values)
    names = list(targets.values)
    of_champion = np.mean([evaluated.errors[name]["relative_l2"] for name in names], axis=0)
    of_challenger = np.mean([evaluation.errors[name]["relative_l2"][unseen] for name in names], axis=0)
    inside, covered = (one.predict(images, targets.x[rows], fields=()).inside for one in (other, surrogate))
    return paired_comparison(
        champion.version,
        of_champion,
        of_challenger,
        [targets.runs[k] for k in rows],
        [contents[k] for k in rows],
        new=len(rows),
        outside=float(np.mean(~inside & covered)),
        samples="held-out shapes",
        error="mean relative L2 error",
    )


def ask_once_of_shapes(surrogate: ShapeSurrogate, shapes: ShapeTargets) -> object:
    """Asks the surrogate for all fields of one shape."""
    return surrogate.predict(shape_images(shapes, np.arange(1)), shapes.targets.x[:1])


def shape_images(shapes: ShapeTargets, rows: np.ndarray) -> np.ndarray:
    """The signed distances of some of the shapes on the grid, (h, ny, nx)."""
    images = shapes.grid.images(shapes.distance[rows][..., None])[:, 0]
    return np.stack([checked_distance(one, shapes.grid) for one in images])


def _alike(one: ShapeSurrogate, other: ShapeSurrogate) -> bool:
    """Whether both answer the same question on the same grid."""
    first, second = one.description, other.description
    return (
        one.grid.shape == other.grid.shape
        and np.allclose(one.grid.cell, other.grid.cell)
        and [info.name for info in first.parameters] == [info.name for info in second.parameters]
        and [(info.name, info.components) for info in first.fields]
        == [(info.name, info.components) for info in second.fields]
    )
