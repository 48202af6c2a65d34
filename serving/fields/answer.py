"""The answer to a query, as JSON or as a compact NumPy archive."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from fieldwright.data.errors import QueryError
from fieldwright.serving.exchange import NPZ
from fieldwright.serving.fields.query import BANDS, Query
from fieldwright.serving.shapes.query import ShapeQuery
from fieldwright.surrogates.fields.prediction import Band, Prediction
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


def written(
    served: Served | ServedShapes, query: Query | ShapeQuery, prediction: Prediction, media_type: str
) -> bytes:
    """The body of the reply, in the media type JSON or NPZ."""
    header = {
        "model": served.model,
        "version": served.version,
        "coverage": prediction.coverage,
        "band": BANDS[prediction.simultaneous],
        "why": prediction.why,
    }
    quantities = {
        quantity.label: {"unit": unit_of(quantity, served.field(quantity.field))}
        for quantity in query.quantities
    }
    fields = {
        name: served.field(name).model_dump(include={"unit", "components", "on", "times"})
        for name in query.fields
    }
    if query.times is not None:
        for about in fields.values():
            about["times"] = query.times
    return (_npz if media_type == NPZ else _json)(prediction, header, quantities, fields)


def _json(
    prediction: Prediction, header: dict[str, Any], quantities: dict[str, Any], fields: dict[str, Any]
) -> bytes:
    document = {
        **header,
        "inside": prediction.inside,
        "outside": prediction.outside,
        "quantities": {
            label: about | _numbers(prediction.quantities[label]) for label, about in quantities.items()
        },
        "fields": {name: about | _texts(prediction.fields[name]) for name, about in fields.items()},
    }
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def _numbers(band: Band) -> dict[str, Any]:
    # orjson writes arrays in C order only.
    arrays = {name: np.ascontiguousarray(getattr(band, name)) for name in STATISTICS}
    return {"shape": band.mean.shape, **arrays}


def _texts(band: Band) -> dict[str, Any]:
    """As above, already written query by query: orjson lets no other request pass until it has done a call."""
    texts = {
        name: b",".join(orjson.dumps(one, option=orjson.OPT_SERIALIZE_NUMPY) for one in array)
        for name, array in _numbers(band).items()
        if name != "shape"
    }
    return {"shape": band.mean.shape} | {
        name: orjson.Fragment(b"[%b]" % text) for name, text in texts.items()
    }


def _npz(
    prediction: Prediction, header: dict[str, Any], quantities: dict[str, Any], fields: dict[str, Any]
) -> bytes:
    """Arrays `inside`, `outside`, `quantities/<label>/<statistic>` and `fields/<name>/<statistic>`.

    All that is not an array stands as JSON text in `about`.
    """
    about = orjson.dumps({**header, "quantities": quantities, "fields": fields}).decode()
    arrays: dict[str, Any] = {"about": np.array(about), "inside": prediction.inside}
    arrays["outside"] = prediction.outside
    for group, bands in (("quantities", prediction.quantities), ("fields", prediction.fields)):
        for name, band in bands.items():
            arrays |= {f"{group}/{name}/{statistic}": getattr(band, statistic) for statistic in STATISTICS}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
