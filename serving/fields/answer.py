"""The answer to a query: the prediction of a surrogate as numbers with units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.mesh_answer import prediction_meshes
from fieldwright.serving.fields.query import Query
from fieldwright.serving.fields.requests import BANDS
from fieldwright.serving.forms.reply import Column, Reply, statistic_columns, where_columns
from fieldwright.serving.shapes.query import ShapeQuery
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.prediction import Prediction
from fieldwright.surrogates.fields.quantities import unit_of

if TYPE_CHECKING:
    from fieldwright.serving.fields.served import Served
    from fieldwright.serving.shapes.served_shapes import ServedShapes

STATISTICS = ("mean", "std", "lower", "upper")


def predict(served: Served | ServedShapes, query: Any) -> Prediction:
    """The prediction, all of it finite; raises QueryError."""
    # What overflows is found below and refused; NumPy's warnings would only fill the log.
    with np.errstate(all="ignore"):
        prediction = served.predict(query)
    for name, band in (*prediction.quantities.items(), *prediction.fields.items()):
        for statistic in STATISTICS:
            finite = np.isfinite(getattr(band, statistic))
            if not finite.all():
                raise QueryError(
                    "The parameters must lie where the model can still compute",
                    f"a {statistic} of {name} that is not finite in query {int(np.argwhere(~finite)[0, 0])}",
                    "Stay near the ranges that GET /models shows",
                )
    return prediction


def prediction_reply(
    served: Served | ServedShapes, query: Query | ShapeQuery, prediction: Prediction
) -> Reply:
    """Means, spreads and bands by quantity and field, and where the queries lie."""
    quantities: dict[str, Any] = {
        quantity.label: {"unit": unit_of(quantity, info), "times": query.times or info.times}
        for quantity in query.quantities
        for info in (served.field(quantity.field),)
    }
    fields = {
        name: served.field(name).model_dump(include={"unit", "components", "on", "times"})
        for name in query.fields
    }
    if query.times is not None:
        for field in fields.values():
            field["times"] = query.times
    header = {
        "model": served.model,
        "version": served.version,
        "coverage": prediction.coverage,
        "band": BANDS[prediction.simultaneous],
        "why": prediction.why,
        "quantities": quantities,
        "fields": fields,
    }
    arrays: dict[tuple[str, ...], np.ndarray] = {
        ("inside",): prediction.inside,
        ("outside",): prediction.outside,
    }
    for group, entries, bands in (
        ("quantities", quantities, prediction.quantities),
        ("fields", fields, prediction.fields),
    ):
        for name, entry in entries.items():
            band = bands[name]
            entry["shape"] = band.mean.shape
            for statistic in STATISTICS:
                arrays[group, name, statistic] = getattr(band, statistic)
    return Reply(
        header,
        arrays,
        lambda: _columns(served, query, prediction, header),
        lambda: prediction_meshes(served, query, prediction),
    )


def parameter_columns(served: Served | ServedShapes, query: Query | ShapeQuery) -> list[Column]:
    """The parameters of the queries."""
    infos = served.description.parameters
    return [Column(info.name, query.x[:, j], info.unit) for j, info in enumerate(infos)]


def field_axes(info: FieldInfo) -> tuple[str, ...]:
    """The axes of a field's values in a table, after that of the queries; a scalar has none of components."""
    return (
        *(("time",) if info.times else ()),
        info.on,
        *(("component",) if len(info.components) > 1 else ()),
    )


def _columns(
    served: Served | ServedShapes, query: Query | ShapeQuery, prediction: Prediction, header: dict[str, Any]
) -> list[Column]:
    columns = parameter_columns(served, query)
    for quantity in query.quantities:
        info, band = served.field(quantity.field), prediction.quantities[quantity.label]
        columns += statistic_columns(
            quantity.label,
            vars(band),
            unit=header["quantities"][quantity.label]["unit"],
            axes=("time",) if info.times else (),
            times=header["quantities"][quantity.label]["times"],
            about={"quantity": quantity.label},
        )
    for name, entry in header["fields"].items():
        info, band = served.field(name), prediction.fields[name]
        axes = field_axes(info)
        shape = band.mean.shape[: 1 + len(axes)]
        columns += statistic_columns(
            name,
            {statistic: values.reshape(shape) for statistic, values in vars(band).items()},
            unit=info.unit,
            axes=axes,
            times=entry["times"],
            about={"field": name, "components": info.components}
            if len(info.components) > 1
            else {"field": name},
        )
    outside = Column("outside", prediction.outside)
    inside, why = where_columns(prediction.inside, prediction.why)
    return [*columns, inside, outside, why]
