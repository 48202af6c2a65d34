"""The answer of POST /gradients: how quantities and fields change with the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.output.columns import Column
from fieldwright.serving.fields.query import Query
from fieldwright.serving.fields.served import Served
from fieldwright.serving.forms.reply import Reply
from fieldwright.serving.limits import MAX_FIELD_VALUES
from fieldwright.surrogates.fields.answers.blocks import BLOCK_VALUES
from fieldwright.surrogates.fields.answers.columns import field_axes, parameter_columns
from fieldwright.surrogates.fields.description import ParameterInfo
from fieldwright.surrogates.fields.quantities import unit_of
from fieldwright.surrogates.understanding.gradients import gradients

MOST_QUERIES = 1000


def gradients_reply(served: Served, query: Query) -> Reply:
    """Each derivative under its quantity or field and its parameter, in the unit of the one over the other.

    Raises QueryError.
    """
    parameters = served.surrogate.description.parameters
    field_values = len(parameters) * query.field_values
    if len(query.x) > MOST_QUERIES or field_values > MAX_FIELD_VALUES:
        raise QueryError(
            f"A request for gradients may hold at most {MOST_QUERIES} queries and {MAX_FIELD_VALUES} derivatives of "
            "field values",
            f"{len(query.x)} queries and {field_values} values",
            "Send them in several requests, or ask for quantities instead of 'fields'",
        )
    with np.errstate(all="ignore"):
        quantities, fields = _in_blocks(served, query)
        inside = served.surrogate.domain.inside(query.x)
    for label, values in (*quantities.items(), *fields.items()):
        if not np.isfinite(values).all():
            raise QueryError(
                "The parameters must lie where the model can still compute",
                f"a derivative of {label} that is not finite",
                "Stay near the ranges that GET /models shows",
            )

    header: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "quantities": {one.label: {} for one in query.quantities},
        "fields": {name: {} for name in query.fields},
    }
    arrays: dict[tuple[str, ...], np.ndarray] = {("inside",): inside}
    columns = parameter_columns(served.description.parameters, query.x)
    infos = {one.label: served.field(one.field) for one in query.quantities}
    for label, unit in {one.label: unit_of(one, infos[one.label]) for one in query.quantities}.items():
        for j, parameter in enumerate(parameters):
            header["quantities"][label][parameter.name] = {"unit": per(unit, parameter.unit)}
            slope = arrays["quantities", label, parameter.name, "values"] = quantities[label][:, j]
            axes = ("time",) if slope.ndim > 1 else ()
            columns.append(_column(label, parameter, unit, slope, axes, infos[label].times))
    for info in map(served.field, query.fields):
        for j, parameter in enumerate(parameters):
            header["fields"][info.name][parameter.name] = {"unit": per(info.unit, parameter.unit)}
            slope = arrays["fields", info.name, parameter.name, "values"] = fields[info.name][:, j]
            axes = field_axes(info)
            values = slope.reshape(slope.shape[: 1 + len(axes)])
            columns.append(_column(info.name, parameter, info.unit, values, axes, info.times))
    columns.append(Column("inside", inside))
    return Reply(header, arrays, lambda: columns)


def _column(
    name: str,
    parameter: ParameterInfo,
    unit: str,
    values: np.ndarray,
    axes: tuple[str, ...],
    times: Sequence[float] | None,
) -> Column:
    """The derivative of a quantity or field with respect to a parameter."""
    about = {"of": name, "with_respect_to": parameter.name, "statistic": "derivative"}
    return Column(f"d {name} / d {parameter.name}", values, per(unit, parameter.unit), axes, times, about)


def per(unit: str, parameter: str) -> str:
    """The unit of a derivative: "K/(W/m2)", "Pa/K", "1/m", "K"."""
    if not parameter:
        return unit
    compound = any(mark in parameter for mark in "/* ·")
    return f"{unit or '1'}/{f'({parameter})' if compound else parameter}"


def _in_blocks(served: Served, query: Query) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Derivatives by label and by field, the queries taken so many at a time as memory allows."""
    infos = [served.field(name) for name in {*query.fields, *(one.field for one in query.quantities)}]
    values = sum(info.n_points * len(info.components) * len(info.times or (0,)) for info in infos)
    size = max(1, BLOCK_VALUES // max(1, values * (len(served.surrogate.description.parameters) + 1)))
    parts = [
        gradients(served.surrogate, query.x[start : start + size], query.fields, query.quantities)
        for start in range(0, len(query.x), size)
    ]
    quantities = {
        one.label: np.concatenate([p.quantities[one.label] for p in parts]) for one in query.quantities
    }
    return quantities, {name: np.concatenate([p.fields[name] for p in parts]) for name in query.fields}
