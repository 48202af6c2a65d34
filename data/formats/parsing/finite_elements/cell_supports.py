"""Cells that no field lives on, such as the faces of a boundary beside the solids it bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fieldwright.data.formats import Field
from fieldwright.data.mesh.mesh import Mesh


def without_bare_cells(
    mesh: Mesh, fields: dict[str, Field]
) -> tuple[Mesh, dict[str, Field], tuple[str, ...]]:
    """The mesh and fields without those kinds of cells at which every cell field is NaN, and a note on each.

    Values are NaN in a reader where the file gives none; without cell fields all cells stay.
    """
    on_cells = [field.values for field in fields.values() if field.on == "cell"]
    if not on_cells:
        return mesh, fields, ()
    bare = np.all([np.isnan(values).all(axis=(0, 2)) for values in on_cells], axis=0)
    mask, cells, notes, first = np.ones(len(bare), bool), {}, [], 0
    for kind, nodes in mesh.cells.items():
        of_kind = slice(first, first + len(nodes))
        first += len(nodes)
        if bare[of_kind].all():
            mask[of_kind] = False
            notes.append(f"{len(nodes)} {kind} cells left out: no field lives on them")
        else:
            cells[kind] = nodes
    remaining = {n: replace(f, values=f.values[:, mask]) if f.on == "cell" else f for n, f in fields.items()}
    return Mesh(mesh.points, cells), remaining, tuple(notes)


def nan_notes(fields: dict[str, Field]) -> tuple[str, ...]:
    """A note for each field that is not given everywhere."""
    return tuple(
        f"{name} is not given everywhere, NaN elsewhere"
        for name, field in fields.items()
        if np.isnan(field.values).any()
    )
