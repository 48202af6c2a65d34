"""Training runs given as numpy arrays, or as a mapping of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.library.layout import FieldLayout, Layout, Role
from fieldwright.library.parameters import training_parameters
from fieldwright.library.training_data import TrainingData, numbered_points, padded_to_3d, real_array
from fieldwright.surrogates.fields.description import FieldInfo

ONLY = "y"
"""Name of the field that is given as one array."""


def from_arrays(
    x: Any,
    y: Any,
    *,
    parameters: Sequence[str] | None = None,
    points: Any = None,
    cells: Mapping[str, np.ndarray] | None = None,
    times: Sequence[float] | None = None,
    components: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> TrainingData:
    """The runs of arrays, see `fit` for the shapes; raises ModelError where they do not fit."""
    units = units or {}
    x, infos = training_parameters(x, parameters, "run", units)
    by_name = isinstance(y, Mapping)
    values_of = {str(name): values for name, values in y.items()} if by_name else {ONLY: y}
    if not values_of:
        raise ModelError("Y must hold at least one field", "none", "Give arrays by name")
    targets, fields, places = {}, [], {}
    arrays = {name: real_array(values, f"'{name}'" if by_name else "Y") for name, values in values_of.items()}
    layouts = _axis_layouts(
        {name: _roles(array, name if by_name else "Y", times, components) for name, array in arrays.items()},
        arrays,
    )
    for name, array in arrays.items():
        layout = layouts[name]
        targets[name] = layout.inward(array)
        n, many = layout.size("space"), layout.size("component")
        places[name] = (
            numbered_points(n) if points is None or "space" not in layout.roles else padded_to_3d(points, n)
        )
        fields.append(
            FieldInfo(
                name=name,
                unit=units.get(name, ""),
                components=_components(components, many) if "component" in layout.roles else ("",),
                times=_times(times, layout.size("time")) if "time" in layout.roles else None,
                n_points=n,
            )
        )
    layout = Layout("fields" if by_name else "array", layouts, placed=points is not None)
    return TrainingData(x, targets, infos, tuple(fields), places, dict(cells or {}), layout)


def _roles(
    array: np.ndarray, name: str, times: Sequence[float] | None, components: Sequence[str] | None
) -> tuple[Role, ...]:
    """The roles of the axes after that of the runs; raises ModelError where the shape does not give them."""
    roles: dict[int, tuple[Role, ...]] = {1: (), 2: ("space",), 4: ("time", "space", "component")}
    if times is not None:
        roles |= {2: ("time",) if array.shape[1:] == (len(times),) else ("space",), 3: ("time", "space")}
    elif components is not None:
        roles |= {3: ("space", "component")}
    if array.ndim not in roles:
        raise ModelError(
            f"{name} must have the shape (n,), (n, points) or (n, times, points, components)",
            f"the shape {array.shape}",
            "Say what the middle one of three axes is: 'times' for (n, times, points), 'components' for (n, points, "
            "components)"
            if array.ndim == 3
            else "Give another shape, or an xarray Dataset",
        )
    return roles[array.ndim]


def _axis_layouts(
    roles: Mapping[str, tuple[Role, ...]], arrays: Mapping[str, np.ndarray]
) -> dict[str, FieldLayout]:
    """The axes with names: fields of one number of points or times share theirs."""
    sizes: dict[Role, set[int]] = {"time": set(), "space": set(), "component": set()}
    for name, mine in roles.items():
        for role, size in zip(mine, arrays[name].shape[1:], strict=True):
            sizes[role].add(size)
    layouts = {}
    for name, mine in roles.items():
        axis_names = [{"space": "point"}.get(role, role) for role in mine]
        dims = [
            f"{name}_{one}" if role == "component" or len(sizes[role]) > 1 else one
            for one, role in zip(axis_names, mine, strict=True)
        ]
        layouts[name] = FieldLayout(tuple(dims), mine, arrays[name].shape[1:])
    return layouts


def _times(times: Sequence[float] | None, n: int) -> tuple[float, ...]:
    values = (
        np.arange(n, dtype=np.float64) if times is None else real_array(times, "'times'").astype(np.float64)
    )
    if values.shape != (n,) or not np.isfinite(values).all() or not (np.diff(values) > 0).all():
        raise ModelError(
            f"'times' must be {n} rising numbers, as many as the field has times",
            f"the shape {values.shape}" if values.shape != (n,) else "others",
            "Correct 'times'",
        )
    return tuple(values.tolist())


def _components(components: Sequence[str] | None, n: int) -> tuple[str, ...]:
    names = tuple(map(str, components)) if components is not None else tuple(map(str, range(n)))
    names = ("",) if components is None and n == 1 else names
    if len(names) != n or len(set(names)) < n:
        raise ModelError(
            f"'components' must name each of the {n} components once", ", ".join(names), "Correct the names"
        )
    return names
