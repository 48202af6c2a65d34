"""Whether measurements fit the equation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.checks.near import near_domain
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.equations.problem import Problem


def check_measurements(problem: Problem, measured: Measurements, varied: Sequence[str]) -> None:
    """Raises FieldwrightError for columns, values or places that do not fit the equation."""
    names = (*problem.coordinates, *varied)
    inputs, values = np.asarray(measured.inputs), np.asarray(measured.values)
    for part, array, columns in (("inputs", inputs, names), ("values", values, problem.outputs)):
        if array.ndim != 2 or array.shape[1] != len(columns) or not len(array):
            raise FieldwrightError(
                f"The {part} of measurements must have the columns {', '.join(columns)}, shape (n, {len(columns)})",
                f"shape {array.shape}",
                "Give one row for each place, one column for each name",
            )
    if len(inputs) != len(values):
        raise FieldwrightError(
            "Measurements must have a row of values for each row of inputs",
            f"{len(inputs)} and {len(values)} rows",
            "Correct the arrays",
        )
    if not np.isfinite(inputs).all():
        row, column = np.argwhere(~np.isfinite(inputs))[0]
        raise FieldwrightError(
            "The inputs of measurements must be finite",
            f"{inputs[row, column]} for {names[column]} in row {row}",
            "Correct it",
        )
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise FieldwrightError(
            "Measured values must be finite, or NaN where there is none",
            f"{values[row, column]} for {problem.outputs[column]} in row {row}",
            "Correct it",
        )
    if np.isnan(values).all():
        raise FieldwrightError(
            "Measurements must hold a value", f"NaN in all {values.size} places", "Give what was measured"
        )
    for part, setting in (("weight", measured.weight), ("noise", measured.noise)):
        if setting is None:
            continue
        numbers = np.asarray(setting, dtype=float)
        if numbers.shape not in ((), (len(problem.outputs),)):
            raise FieldwrightError(
                f"The {part} of measurements must be one number, or one for each of {', '.join(problem.outputs)}",
                f"shape {numbers.shape}",
                "Correct it",
            )
        if not (np.isfinite(numbers).all() and (numbers > 0).all()):
            raise FieldwrightError(f"The {part} of measurements must be > 0", f"{setting}", "Correct it")
    outside = ~near_domain(problem, inputs[:, : len(problem.coordinates)])
    for i, name in enumerate(varied):
        one, column = problem.unknown(name), inputs[:, len(problem.coordinates) + i]
        margin = 1e-6 * (one.high - one.low)
        outside |= (column < one.low - margin) | (column > one.high + margin)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        low, high = problem.bounds
        raise FieldwrightError(
            f"Measurements must lie in the domain of '{problem.name}' and the ranges of its coefficients, "
            + ", ".join(
                f"{n} from {a:g} to {b:g}" for n, a, b in zip(problem.coordinates, low, high, strict=True)
            ),
            f"{outside.sum()} of {len(inputs)} outside, the first in row {row} at "
            + ", ".join(f"{n} = {v:g}" for n, v in zip(names, inputs[row], strict=True)),
            "Leave these out, or bring their coordinates to those of the equation",
        )
