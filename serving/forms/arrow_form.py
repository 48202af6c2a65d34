"""Answers as a stream of Apache Arrow: one row a query, point or place."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from fieldwright.data.output.columns import Column
from fieldwright.serving.forms.reply import Reply
from fieldwright.serving.refusal import Refused


def write_arrow(reply: Reply) -> bytes:
    """A table of the reply's columns; raises Refused where pyarrow is not installed.

    Arrays are columns of Arrow's own type `fixed_shape_tensor`: readers that do not know it see lists of fixed size.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise Refused(
            406,
            "An answer as Arrow must be written by pyarrow",
            "an endpoint without it",
            'Run: pip install "fieldwright[arrow]" there, or ask for another form',
        ) from error

    def array(column: Column) -> Any:
        if not isinstance(column.values, np.ndarray):
            return pa.array(column.values, pa.string())
        if column.values.ndim == 1:
            return pa.array(column.values)
        # An axis of length 1 has strides of its own, which Arrow takes for another order of the axes.
        values = np.ascontiguousarray(column.values).reshape(column.values.shape)
        return pa.FixedShapeTensorArray.from_numpy_ndarray(values, dim_names=list(column.axes))

    columns = reply.columns()
    arrays = [array(column) for column in columns]
    fields = [
        pa.field(column.name, values.type, metadata=_metadata(column))
        for column, values in zip(columns, arrays, strict=True)
    ]
    schema = pa.schema(fields, metadata={"fieldwright": orjson.dumps(reply.header)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.record_batch(arrays, schema=schema))
    return sink.getvalue().to_pybytes()


def _metadata(column: Column) -> dict[str, str]:
    about = {"unit": column.unit} if column.unit else {}
    about |= {
        key: value if isinstance(value, str) else orjson.dumps(value).decode()
        for key, value in column.about.items()
    }
    if column.axes:
        about |= {"shape": str(list(column.values.shape[1:])), "axes": ",".join(column.axes)}  # type: ignore[union-attr]
    return about | ({} if column.times is None else {"times": orjson.dumps(list(column.times)).decode()})
