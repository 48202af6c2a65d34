"""The pictures that the MLflow run of the best candidate carries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.pictures import Picture
from fieldwright.flows.runs.targets import Targets
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.figure_axes import heading, label
from fieldwright.surrogates.figures import BAR, COLOURS, beside, draw_on_mesh, legend, mesh_panel, panels
from fieldwright.surrogates.validation.cross_validation import CrossValidation

SHOWN_POINTS = 4000
"""More points than this make a predicted-against-true plot no more telling, only slower."""


def candidate_figures(targets: Targets, validation: CrossValidation) -> dict[str, Picture]:
    """File name to picture: predicted against true, and the worst run of each field."""
    figures: dict[str, Picture] = {}
    for field in targets.fields:
        figures[f"{field.name}_predicted_against_true.png"] = partial(_out_of_fold, validation, field)
        if field.on == "run":
            continue
        figures[f"{field.name}_worst_run.png"] = partial(_worst_run, targets, validation, field)
    return figures


def _out_of_fold(validation: CrossValidation, field: FieldInfo) -> Figure:
    true, predicted, _ = validation.fields[field.name].at_sample()
    return predicted_against_true(true, predicted, field.name, field.unit)


def _worst_run(targets: Targets, validation: CrossValidation, field: FieldInfo) -> Figure:
    name = field.name
    errors = validation.errors[name]["relative_l2"]
    worst = int(np.argmax(errors))
    (true_run,), (predicted_run,), _ = validation.fields[name].runs([worst])
    return true_predicted_error(
        targets.points[name],
        magnitude(true_run),
        magnitude(predicted_run),
        targets.cells if field.on == "point" else {},
        title=f"The worst of {len(errors)} runs for {name}: {targets.runs[worst]}, "
        f"relative L2 error {number_text(errors[worst], 2)}",
        name=name if len(field.components) == 1 else f"|{name}|",
        unit=field.unit,
    )


def magnitude(values: np.ndarray) -> np.ndarray:
    """(points,) of ([t,] points, components): the last time; a scalar as it is, else the Euclidean norm."""
    last = values.reshape(-1, *values.shape[-2:])[-1]
    return last[:, 0] if last.shape[1] == 1 else np.linalg.norm(last, axis=1)


def predicted_against_true(true: np.ndarray, predicted: np.ndarray, name: str, unit: str) -> Figure:
    """Out-of-fold predictions over true values, points spread evenly over all runs and places."""
    step = max(1, true.size // SHOWN_POINTS)
    true_values, predicted_values = true.ravel()[::step], predicted.ravel()[::step]
    misfit, spread = (
        np.sum((predicted_values - true_values) ** 2),
        np.sum((true_values - true_values.mean()) ** 2),
    )
    share = "all values equal"
    if spread > 0.0:
        r2 = 1.0 - misfit / spread
        share = f"R² = {number_text(r2, 5)}" if r2 < 0.99999 else "R² above 0.99999"
    figure, (ax,) = panels(**beside(("out of fold", "exact")), title=f"{name} of runs held out: {share}")
    ax.plot(true_values, predicted_values, ".", ms=2.0, alpha=0.5, color=COLOURS[0], label="out of fold")
    ends = [float(true.min()), float(true.max())]
    ax.plot(ends, ends, color="0.3", lw=0.8, label="exact")
    label(ax, f"true {name}", f"predicted {name}", x_unit=unit, y_unit=unit)
    legend(ax)
    return figure


def true_predicted_error(
    points: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    cells: Mapping[str, np.ndarray],
    *,
    title: str,
    name: str,
    unit: str,
) -> Figure:
    """Three panels on the mesh: the truth, the prediction, and predicted minus true."""
    figure, axes = panels(1, 3, mesh_panel(points), right=BAR, title=title, shared=True)
    # One scale for both: two that differ would hide the difference.
    limits = float(np.nanmin([true, predicted])), float(np.nanmax([true, predicted]))
    draw_on_mesh(axes[0], points, true, cells, limits=limits, bar=False)
    draw_on_mesh(axes[1], points, predicted, cells, name=name, unit=unit, limits=limits)
    draw_on_mesh(axes[2], points, predicted - true, cells, name=f"error of {name}", unit=unit, signed=True)
    for ax, caption in zip(axes, ("true", "predicted, out of fold", "predicted - true"), strict=True):
        heading(ax, caption)
    return figure
