"""The length, area or volume of each point or cell of a field: given, or measured on the mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fieldwright.data.mesh.measures import measured_dimension, point_shares
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.surrogates.fields.description import FieldInfo

MEASURES = (None, "length", "area", "volume")
"""The measure of a part of 0, 1, 2 or 3 dimensions."""


def measured(
    fields: Sequence[FieldInfo],
    points: Mapping[str, np.ndarray],
    cells: Mapping[str, np.ndarray] | None,
    weights: Mapping[str, np.ndarray] | None,
) -> tuple[list[FieldInfo], dict[str, np.ndarray]]:
    """The fields with their measure, and the shares (points,) of those that have one.

    Parameters
    ----------
    fields : sequence of FieldInfo
    points : mapping of str to (points, 3)
        Coordinates of nodes or cell centres of each field.
    cells : mapping of str to (k, nodes), optional
        Cells by meshio type; they measure the fields on points that have no weights.
    weights : mapping of str to (points,), optional
        Given shares, such as the volumes of cells.

    Returns
    -------
    infos : list of FieldInfo
    shares : dict of str to (points,)
    """
    infos, shares = [], {}
    for info in fields:
        share, measure = (weights or {}).get(info.name), info.measure
        if share is not None:
            measure = measure or ("weight" if np.ptp(share) > 0.0 else None)
        elif cells and info.on == "point":
            mesh = Mesh(np.asarray(points[info.name], dtype=np.float64), dict(cells))
            measure = MEASURES[measured_dimension(mesh, "point")]
            share = point_shares(mesh)
        else:
            measure = None
        if measure is not None and share is not None:
            shares[info.name] = np.asarray(share, dtype=np.float64)
        infos.append(info.model_copy(update={"measure": measure}))
    return infos, shares


def note_on_unmeasured(fields: Sequence[FieldInfo]) -> str | None:
    """Return a note on the fields whose mean is the plain mean of their values, or None."""
    names = {
        on: [one.name for one in fields if one.on == on and _is_unmeasured(one)] for on in ("point", "cell")
    }
    means = [f"of {listed} the mean of {on}s" for on, one in names.items() if (listed := ", ".join(one))]
    return (
        f"'mean' is {' and '.join(means)}, with equal weights whatever their areas or volumes."
        if means
        else None
    )


def _is_unmeasured(info: FieldInfo) -> bool:
    return info.measure is None and info.n_points > 1
