"""The places of a field's values, and the values at them, for clients that draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldwright.data.output.vtu_file import MeshData
from fieldwright.serving.forms.reply import Reply
from fieldwright.surrogates.fields.answers.meshes import field_places

if TYPE_CHECKING:
    from fieldwright.serving.fields.served import Served
    from fieldwright.serving.shapes.served_shapes import ServedShapes


def mesh_reply(served: Served | ServedShapes, field: str) -> Reply:
    """points (n, 3) in the order of the field's values, and cells, meshio's type to (k, nodes) indices.

    Cells join the points of a field on points; raises QueryError for a field that the model does not have.
    """
    points, cells = field_places(served.surrogate, field)
    header = {
        "model": served.model,
        "version": served.version,
        "field": field,
        "on": served.field(field).on,
        "cells": {},
    }
    arrays = {("points",): points} | {("cells", name): nodes for name, nodes in cells.items()}
    return Reply(header, arrays, meshes=lambda: [MeshData(points, cells)])
