"""The places of a field's values, without which a client could not draw it."""

from __future__ import annotations

from fieldwright.serving.fields.served import Served
from fieldwright.serving.forms import Reply
from fieldwright.serving.shapes.served_shapes import ServedShapes


def mesh_reply(served: Served | ServedShapes, field: str) -> Reply:
    """points (n, 3) in the order of the field's values, and cells, meshio's type to (k, nodes) indices.

    Cells join the points of a field on points; raises QueryError for a field that the model does not have.
    """
    points = served.surrogate.points(field)
    on = served.field(field).on
    cells = dict(served.surrogate.cells) if on == "point" else {}
    header = {"model": served.model, "version": served.version, "field": field, "on": on, "cells": {}}
    return Reply(header, {("points",): points} | {("cells", name): nodes for name, nodes in cells.items()})
