"""The answer of POST /solve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.data.output.columns import Column, statistic_columns, where_columns
from fieldwright.serving.equations.query import SolutionQuery
from fieldwright.serving.equations.served_solution import ServedSolution
from fieldwright.serving.forms.reply import Reply

if TYPE_CHECKING:
    from fieldwright.surrogates.equations.solution_surrogate import Answer


def solution_reply(served: ServedSolution, query: SolutionQuery, answer: Answer) -> Reply:
    """Outputs and derivatives with their units, point by point; null where nothing is known of an error."""
    description = served.description
    output_units = [info.unit for info in description.outputs]
    input_units = [info.unit for info in (*description.coordinates, *description.parameters)]
    header: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "equation": description.equation,
        "verdict": description.verdict.name,
        "residual": description.verdict.residual,
        "error_bound": description.error_bound,
        "why": answer.why,
        "outputs": {info.name: {"unit": info.unit} for info in description.outputs},
        "derivatives": {one.name: {"unit": one.unit(output_units, input_units)} for one in query.derivatives},
    }
    arrays: dict[tuple[str, ...], np.ndarray] = {("inside",): answer.inside}
    statistics = {
        "outputs": {
            "mean": answer.mean,
            "std": answer.std,
            "error": answer.error,
            "lower": answer.lower,
            "upper": answer.upper,
        },
        "derivatives": {"mean": answer.derivatives, "std": answer.derivative_std},
    }
    for group, columns_of in statistics.items():
        for name, entry in header[group].items():
            for statistic, columns in columns_of.items():
                if columns is None:
                    entry[statistic] = None
                else:
                    arrays[group, name, statistic] = columns[name]
    return Reply(header, arrays, lambda: _columns(served, query, answer, header))


def _columns(
    served: ServedSolution, query: SolutionQuery, answer: Answer, header: dict[str, Any]
) -> list[Column]:
    """One row a point: coordinates and parameters, outputs, derivatives, and where the point lies."""
    description = served.description
    columns = [
        Column(info.name, query.points[:, j], info.unit) for j, info in enumerate(description.coordinates)
    ]
    columns += [Column(info.name, query.parameters[info.name], info.unit) for info in description.parameters]
    for statistics, group in (
        ({name: getattr(answer, name) for name in ("mean", "lower", "upper", "std", "error")}, "outputs"),
        ({"mean": answer.derivatives, "std": answer.derivative_std}, "derivatives"),
    ):
        for name, entry in header[group].items():
            by_name = {key: None if values is None else values[name] for key, values in statistics.items()}
            columns += statistic_columns(name, by_name, unit=entry["unit"], about={group[:-1]: name})
    return [*columns, *where_columns(answer.inside, answer.why)]
