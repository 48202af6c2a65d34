"""Tables of a solution's values at points, measured or known from elsewhere: CSV or npz."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from fieldwright.data.disk import fault
from fieldwright.data.errors import FieldwrightError, StudyError
from fieldwright.physics.equations.checks.measured import check_measurements
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.surrogates.equations.case import EquationCase


def read_measurements(path: Path, case: EquationCase, section: str) -> Measurements:
    """The values of a table, by the names of the coordinates, varied coefficients and outputs.

    An npz may hold `points` (n, coordinates and varied coefficients) and `values` (n, outputs) instead. Rows without
    any value are left out.
    Raises StudyError where the file cannot be read, columns are missing, or values do not fit the equation.
    """
    input_names = (*case.problem.coordinates, *case.varied)
    table = _npz(path, input_names, case, section) if path.suffix == ".npz" else _csv(path, section)
    outputs = [name for name in case.problem.outputs if name in table]
    missing = [name for name in input_names if name not in table]
    if missing or not outputs:
        raise StudyError(
            f"The table of [{section}] must have the columns {', '.join(input_names)} and outputs of "
            f"{', '.join(case.problem.outputs)}",
            f"{', '.join(map(str, table.columns))} in {path.name}",
            "Name the columns like these",
        )
    inputs = table[list(input_names)].to_numpy(float)
    values = np.full((len(table), len(case.problem.outputs)), np.nan)
    for j, name in enumerate(case.problem.outputs):
        if name in table:
            values[:, j] = table[name]
    rows = ~np.isnan(values).all(axis=1)
    if not rows.any():
        raise StudyError(f"The table of [{section}] must hold values", f"none in {path.name}", "Fill it")
    measurements = Measurements(inputs[rows], values[rows])
    try:
        check_measurements(case.problem, measurements, case.varied)
    except FieldwrightError as error:
        must = error.must.replace("Measurements", f"The rows of {path.name} in [{section}]", 1)
        raise StudyError(must, error.got, error.do) from None
    return measurements


def _unreadable(path: Path, section: str, error: OSError) -> StudyError:
    must, do = fault(error, f"the table of [{section}]") or (
        f"The table of [{section}] must be readable",
        "Look at it",
    )
    return StudyError(must, f"{path} ({error.strerror or error})", do)


def _csv(path: Path, section: str) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=float, skipinitialspace=True)
    except OSError as error:
        raise _unreadable(path, section, error) from None
    except ValueError as error:
        raise StudyError(
            f"The table of [{section}] must be a CSV of numbers", f"{path} ({error})", "Correct the file"
        ) from None


def _npz(path: Path, input_names: tuple[str, ...], case: EquationCase, section: str) -> pd.DataFrame:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name], dtype=float) for name in file.files}
    except OSError as error:
        raise _unreadable(path, section, error) from None
    except (ValueError, TypeError, BadZipFile) as error:
        raise StudyError(
            f"The table of [{section}] must be an npz of numbers", f"{path} ({error})", "Correct the file"
        ) from None
    if {"points", "values"} <= set(arrays):
        columns = {}
        for name, names in (("points", input_names), ("values", case.problem.outputs)):
            array = arrays[name]
            if array.ndim != 2 or array.shape[1] != len(names):
                raise StudyError(
                    f"'{name}' of {path.name} must be of shape (n, {len(names)}): {', '.join(names)}",
                    f"shape {array.shape}",
                    "Give one row for each point, one column for each name",
                )
            columns |= dict(zip(names, array.T, strict=True))
    else:
        columns = {name: array.reshape(-1) for name, array in arrays.items()}
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        raise StudyError(
            f"The arrays of {path.name} must be of one length",
            ", ".join(f"{name} {size}" for name, size in sizes.items()),
            "Give one value of each for every point",
        )
    return pd.DataFrame(columns)
