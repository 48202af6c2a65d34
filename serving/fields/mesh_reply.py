"""The places of a field's values, without which a client could not draw it, as JSON or as a NumPy archive."""

from __future__ import annotations

import io

import numpy as np
import orjson

from fieldwright.serving.exchange import NPZ
from fieldwright.serving.fields.served import Served
from fieldwright.serving.shapes.served_shapes import ServedShapes


def mesh_reply(served: Served | ServedShapes, field: str, media_type: str) -> bytes:
    """points (n, 3) in the order of the field's values, and cells, meshio's type to (k, nodes) indices.

    Cells join the points of a field on points; raises QueryError for a field that the model does not have.
    """
    points = served.surrogate.points(field)
    on = served.field(field).on
    cells = dict(served.surrogate.cells) if on == "point" else {}
    if media_type == NPZ:
        buffer = io.BytesIO()
        arrays = {f"cells/{name}": nodes for name, nodes in cells.items()}
        np.savez(buffer, allow_pickle=False, points=points, **arrays)
        return buffer.getvalue()
    document = {
        "model": served.model,
        "version": served.version,
        "field": field,
        "on": on,
        "points": np.ascontiguousarray(points),
        "cells": {name: np.ascontiguousarray(nodes) for name, nodes in cells.items()},
    }
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
