"""How far a solution lies from values that come from elsewhere: `TableComparison`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fieldwright.data.disk import fault
from fieldwright.data.errors import QueryError


@dataclass(frozen=True, eq=False, repr=False)
class TableComparison:
    """A solution beside known values of it, see `Solution.compare`.

    Attributes
    ----------
    points
        How many values are compared, by name of the output.
    errors
        Relative L2 distance |u - v| / |v| by name of the output.
    largest
        The largest |u - v|, in the unit of the output.
    places
        Where that is: the inputs by name.
    """

    points: Mapping[str, int]
    errors: Mapping[str, float]
    largest: Mapping[str, float]
    places: Mapping[str, Mapping[str, float]]

    def __repr__(self) -> str:
        lines = []
        for name, error in self.errors.items():
            place = ", ".join(f"{key} = {value:.4g}" for key, value in self.places[name].items())
            lines.append(
                f"{name}: relative L2 distance {error:.2g} over {self.points[name]} points, "
                f"at most {self.largest[name]:.2g}, at {place}"
            )
        return "\n".join(lines)


def columns_of(table: Any) -> dict[str, np.ndarray]:
    """The columns of a CSV file, a data frame or a mapping of names to arrays; raises QueryError."""
    if isinstance(table, str | os.PathLike):
        path = Path(table)
        try:
            table = pd.read_csv(path, skipinitialspace=True)
        except OSError as error:
            must, do = fault(error, "the table") or ("The table must be readable", "Look at it")
            raise QueryError(must, f"'{path}' ({error.strerror or error})", do) from None
        except ValueError as error:
            raise QueryError("The table must be a CSV", f"{path.name}: {error}", "Correct the file") from None
    try:
        columns = {str(name): np.asarray(table[name], dtype=float) for name in table}
    except (TypeError, ValueError):
        raise QueryError(
            "A table must be a CSV file, a data frame or a mapping of names to numbers",
            "something else, or a column that is not of numbers",
            "Leave out such columns",
        ) from None
    if len(shapes := {column.shape for column in columns.values()}) > 1 or any(
        len(one) != 1 for one in shapes
    ):
        raise QueryError(
            "The columns of a table must all be of one length",
            ", ".join(f"{name} {column.shape}" for name, column in columns.items()),
            "Give one number for each point",
        )
    return columns


def table_comparison(
    inputs: Mapping[str, np.ndarray], predicted: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]
) -> TableComparison:
    """Of inputs (n,) by name, predictions and known values (n,) by output; NaN where there is none."""
    points, errors, largest, places = {}, {}, {}, {}
    for name, values in expected.items():
        rows = np.flatnonzero(np.isfinite(values))
        if not len(rows):
            continue
        off = np.abs(predicted[name][rows] - values[rows])
        size, worst = float(np.linalg.norm(values[rows])), rows[int(off.argmax())]
        points[name], largest[name] = len(rows), float(off.max())
        errors[name] = float(np.linalg.norm(off)) / size if size > 0 else np.inf
        places[name] = {key: float(column[worst]) for key, column in inputs.items()}
    if not points:
        raise QueryError("The table must hold values", "none that is a number", "Fill its columns")
    return TableComparison(points, errors, largest, places)


def outputs_among(
    columns: Mapping[str, np.ndarray], inputs: Sequence[str], outputs: Sequence[str]
) -> list[str]:
    """The outputs among the columns; raises QueryError where an input or every output is missing."""
    present = [name for name in outputs if name in columns]
    missing = [name for name in inputs if name not in columns]
    if missing or not present:
        raise QueryError(
            f"The table must have the columns {', '.join(inputs)} and one of {', '.join(outputs)} at least",
            ", ".join(columns) or "none",
            "Name the columns like these",
        )
    return present
