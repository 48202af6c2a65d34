"""Parameters in whatever a user holds them: an array, a table, columns by name, an xarray Dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.library.training_data import real_array
from fieldwright.surrogates.fields.description import ParameterInfo


def training_parameters(
    data: Any, names: Sequence[str] | None, run: str, units: Mapping[str, str]
) -> tuple[np.ndarray, tuple[ParameterInfo, ...]]:
    """The parameters (n, p) of training runs and what they are called.

    Parameters
    ----------
    given
        (n, p) array, table, mapping of columns or Dataset.
    names
        The columns, or those to take of what has names; "x1", "x2", ... of an array if None.
    run
        The axis of the runs in a Dataset.
    units
        By name.

    Raises
    ------
    ModelError
        They have another shape, or a name is missing.
    """
    columns = _columns(data, run)
    if columns is None:
        x = real_array(data, "X")
        if x.ndim != 2:
            raise ModelError(
                "X must have the shape (n, p), a row for each run and a column for each parameter",
                f"the shape {x.shape}",
                "Use X.reshape(-1, 1) for a single parameter",
            )
        names = [f"x{i + 1}" for i in range(x.shape[1])] if names is None else list(names)
        if len(names) != x.shape[1] or len(set(names)) < len(names):
            raise ModelError(
                f"'parameters' must name each of the {x.shape[1]} columns of X once",
                ", ".join(names),
                "Correct the names",
            )
    else:
        names = list(columns if names is None else names)
        _require(names, columns, ModelError)
        values = [real_array(columns[name], f"The parameter '{name}'") for name in names]
        if any(one.ndim != 1 or len(one) != len(values[0]) for one in values):
            raise ModelError(
                "Each parameter must have one value for each run",
                ", ".join(f"{n} {v.shape}" for n, v in zip(names, values, strict=True)),
                "Give columns of equal length",
            )
        x = np.column_stack(values) if values else np.zeros((0, 0))
    dataset_units = (
        {}
        if not isinstance(data, xr.Dataset)
        else {n: v.attrs.get("units", "") for n, v in data.variables.items()}
    )
    infos = tuple(ParameterInfo(name=n, unit=units.get(n, str(dataset_units.get(n, "")))) for n in names)
    return x.astype(np.float64), infos


def query_parameters(data: Any, names: Sequence[str], run: str) -> np.ndarray:
    """The parameters (q, p) to be asked, columns in the order of `names`; raises QueryError."""
    columns = _columns(data, run)
    if columns is None:
        x = _array(data)
    else:
        _require(names, columns, QueryError)
        values = [np.atleast_1d(_array(columns[name])) for name in names]
        try:
            x = np.column_stack(np.broadcast_arrays(*values))
        except ValueError:
            got = ", ".join(f"{name} {one.shape}" for name, one in zip(names, values, strict=True))
            raise QueryError("Parameters must have one value for each query", got, "Correct them") from None
    if not len(np.atleast_1d(x)):
        raise QueryError("There must be a query", "none", "Give X at least one row")
    return x


def _array(data: Any) -> np.ndarray:
    try:
        return np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise QueryError("Queries must be an array of numbers", "something else", "Correct them") from None


def _columns(data: Any, run: str) -> dict[str, Any] | None:
    """By name, in order; None where there are no names."""
    if isinstance(data, xr.DataArray):
        data = data.to_dataset(name=data.name or "y")
    if isinstance(data, xr.Dataset):
        coords = {n: v for n, v in data.coords.items() if n != run and v.dims in ((run,), ())}
        variables = {n: v for n, v in data.data_vars.items() if v.dims in ((run,), ())}
        return {str(n): v.values for n, v in {**coords, **variables}.items() if v.dtype.kind in "biuf"}
    if isinstance(data, pd.DataFrame):
        return {str(name): data[name].to_numpy() for name in data.columns}
    return {str(name): values for name, values in data.items()} if isinstance(data, Mapping) else None


def _require(
    names: Sequence[str], columns: Mapping[str, Any], error: type[ModelError] | type[QueryError]
) -> None:
    for name in names:
        if name not in columns:
            raise error(
                f"The parameters must hold {', '.join(names)}",
                f"no '{name}' among {', '.join(columns) or 'none'}",
                "Add it, or correct its name",
            )
