"""The answer of POST /solve as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from fieldwright.serving.equations.query import SolutionQuery
from fieldwright.serving.equations.served_solution import ServedSolution

if TYPE_CHECKING:
    from fieldwright.surrogates.equations.solution_surrogate import Answer


def solution_reply(served: ServedSolution, query: SolutionQuery, answer: Answer) -> bytes:
    """Outputs and derivatives with their units, point by point; null where nothing is known of an error."""
    description = served.surrogate.description
    output_units = [info.unit for info in description.outputs]
    input_units = [info.unit for info in (*description.coordinates, *description.parameters)]
    document: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "equation": description.equation,
        "verdict": description.verdict.name,
        "residual": description.verdict.residual,
        "error_bound": description.error_bound,
        "inside": answer.inside,
        "why": answer.why,
        "outputs": {
            info.name: {
                "unit": info.unit,
                "mean": answer.mean[info.name],
                "std": _of(answer.std, info.name),
                "error": _of(answer.error, info.name),
                "lower": _of(answer.lower, info.name),
                "upper": _of(answer.upper, info.name),
            }
            for info in description.outputs
        },
        "derivatives": {
            one.name: {
                "unit": one.unit(output_units, input_units),
                "mean": answer.derivatives[one.name],
                "std": _of(answer.derivative_std, one.name),
            }
            for one in query.derivatives
        },
    }
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY, default=_contiguous)


def _of(columns: Mapping[str, np.ndarray] | None, name: str) -> np.ndarray | None:
    return None if columns is None else columns[name]


def _contiguous(array: Any) -> np.ndarray:
    """orjson writes arrays in C order only."""
    return np.ascontiguousarray(array)
