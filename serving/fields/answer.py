"""The answer to a query: the prediction of a surrogate as numbers with units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.output.vtu_file import MeshData
from fieldwright.serving.fields.field_form import STATISTICS, WHOLE
from fieldwright.serving.fields.query import Query
from fieldwright.serving.fields.requests import BANDS
from fieldwright.serving.forms.reply import Reply
from fieldwright.serving.shapes.query import ShapeQuery
from fieldwright.surrogates.fields.answers.columns import prediction_columns
from fieldwright.surrogates.fields.answers.meshes import prediction_meshes
from fieldwright.surrogates.fields.answers.own_points import points_of_answers
from fieldwright.surrogates.fields.prediction import Prediction
from fieldwright.surrogates.fields.quantities import unit_of

if TYPE_CHECKING:
    from fieldwright.serving.fields.served import Served
    from fieldwright.serving.shapes.served_shapes import ServedShapes


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
        quantity.label: {
            "unit": unit_of(quantity, info),
            "times": (query.times or info.times) if info.times else None,
        }
        for quantity in query.quantities
        for info in (served.field(quantity.field),)
    }
    fields = {
        name: served.field(name).model_dump(include={"unit", "components", "on", "times"})
        for name in query.fields
    }
    if query.times is not None:
        for field in fields.values():
            field["times"] = query.times if field["times"] else None
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
    for group, entries, bands, form in (
        ("quantities", quantities, prediction.quantities, WHOLE),
        ("fields", fields, prediction.fields, query.form),
    ):
        for name, entry in entries.items():
            band = bands[name]
            entry["shape"] = band.mean.shape
            for statistic, values in form.arrays(band).items():
                arrays[group, name, statistic] = values

    def meshes() -> list[MeshData]:
        own_points = points_of_answers(served.surrogate, query.x, prediction)
        return prediction_meshes(served.surrogate, prediction, query.fields, query.times, own_points)

    return Reply(
        header,
        arrays,
        lambda: prediction_columns(
            served.surrogate, query.x, prediction, query.quantities, query.fields, query.times
        ),
        meshes,
    )
