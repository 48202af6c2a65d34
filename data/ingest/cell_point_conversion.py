"""Values from cells to points and back, where a study asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.sparse import csr_array, diags_array

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field
from fieldwright.data.mesh.measures import cell_weights
from fieldwright.data.mesh.mesh import Mesh


def converted(field: Field, mesh: Mesh, to: Literal["point", "cell"]) -> Field:
    """The field on the other places: cells take the mean of their nodes, points the mean of their cells by volume.

    Raises RunRejected ("missing field") where only the centres of the cells are known.
    """
    if field.on == to:
        return field
    if not mesh.cells:
        raise RunRejected(
            "missing field",
            f"Converting values from {field.on}s to {to}s needs the nodes of the cells",
            "a mesh with the centres of its cells alone",
            f"Have the solver write the field on {to}s, or leave it on {field.on}s",
        )
    nodes_of = _incidence(mesh)
    weights = nodes_of if to == "cell" else nodes_of.T @ diags_array(cell_weights(mesh))
    total = weights.sum(axis=1)
    weights = diags_array(1.0 / np.where(total > 0, total, 1.0)) @ weights
    values = np.stack([weights @ step for step in field.values.astype(np.float64, copy=False)])
    return replace(field, values=values.astype(field.values.dtype, copy=False), on=to)


def _incidence(mesh: Mesh) -> csr_array:
    """(c, n), 1 where a node is of a cell."""
    rows, columns, first = [], [], 0
    for nodes in mesh.cells.values():
        rows.append(np.repeat(np.arange(first, first + len(nodes)), nodes.shape[1]))
        columns.append(nodes.ravel())
        first += len(nodes)
    r, c = np.concatenate(rows), np.concatenate(columns)
    return csr_array((np.ones(len(r)), (r, c)), shape=(mesh.n_cells, mesh.n_points))
