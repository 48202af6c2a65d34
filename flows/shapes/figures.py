"""The pictures that each candidate of a study of shapes carries in MLflow."""

from __future__ import annotations

from functools import partial

import numpy as np

from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.pictures import Picture
from fieldwright.flows.runs.figures.candidate_figures import (
    magnitude,
    predicted_against_true,
    true_predicted_error,
)
from fieldwright.flows.shapes.targets import ShapeTargets
from fieldwright.surrogates.shapes.model_evaluation import ShapeEvaluation


def shape_figures(shapes: ShapeTargets, held_out: ShapeEvaluation) -> dict[str, Picture]:
    """File name to picture: predicted against true around all shapes held out, and the worst and the median shape."""
    figures: dict[str, Picture] = {}
    targets = shapes.targets
    cells = targets.cells if targets.fields[0].on == "point" else {}
    for field in targets.fields:
        name, true = field.name, targets.values[field.name][held_out.rows]
        fluid = shapes.distance[held_out.rows] >= 0.0
        figures[f"{name}_predicted_against_true.png"] = partial(
            predicted_against_true, true[fluid], held_out.mean[name][fluid], name, field.unit
        )
        errors = held_out.errors[name]["relative_l2"]
        order = np.argsort(errors)
        for rank, k in (("worst", int(order[-1])), ("median", int(order[len(order) // 2]))):
            true_values, predicted_values = (
                np.where(fluid[k], magnitude(values[k]), np.nan) for values in (true, held_out.mean[name])
            )
            figures[f"{name}_{rank}_shape.png"] = partial(
                true_predicted_error,
                shapes.points,
                true_values,
                predicted_values,
                cells,
                title=f"The {rank} of {len(errors)} shapes held out for {name}: {targets.runs[held_out.rows[k]]}, "
                f"relative L2 error {number_text(errors[k], 2)}",
                name=name if len(field.components) == 1 else f"|{name}|",
                unit=field.unit,
            )
    return figures
