"""How two meshes that are not the same differ, in one phrase: by unit, place, shape or count."""

from __future__ import annotations

import numpy as np

from fieldwright.data.mesh.mesh import Mesh

# Lengths of common units in metres, whose ratios are the scales that a wrong unit leads to.
_UNITS = {"m": 1.0, "mm": 1e-3, "cm": 1e-2, "um": 1e-6, "in": 0.0254, "ft": 0.3048}
_CLOSE = 1e-4
_CLOSE_BOX = 0.01
# No sweep makes a part so much larger: it is in another unit.
_OTHER_UNIT = 20.0


def difference(mesh: Mesh, reference: Mesh) -> str:
    """What a mesh is instead of the reference: the same one in another unit or place, another shape, other counts."""
    counts = f"{mesh.n_points} points, {mesh.n_cells} cells"
    scale = scale_between(mesh, reference)
    if scale is not None:
        return f"a mesh {scale:.6g} times the size ({counts}){_units(scale)}"
    if not same_connectivity(mesh, reference):
        return f"another mesh ({counts}; {_box(mesh)} instead of {_box(reference)})"
    shift = mesh.points - reference.points
    moved = shift.mean(axis=0)
    size = np.linalg.norm(np.ptp(reference.points, axis=0))
    if np.abs(shift - moved).max() <= _CLOSE * size:
        return f"the same mesh ({counts}) moved by ({', '.join(f'{part:.6g}' for part in moved)})"
    return (
        f"the same connectivity ({counts}) with other coordinates, up to {np.linalg.norm(shift, axis=1).max():.4g} "
        f"apart: {_box(mesh)} instead of {_box(reference)}, another shape"
    )


def remedy(mesh: Mesh, reference: Mesh, otherwise: str) -> str:
    """What to do about the difference; `otherwise` where the cause is not known."""
    scale = scale_between(mesh, reference)
    if scale is not None:
        return f"Divide its coordinates by {scale:.6g}, or begin a new store if the others are wrong"
    if same_connectivity(mesh, reference):
        return (
            'Set rule = "follow" in [mesh] if the geometry varies on purpose, to learn the coordinates too; '
            "else run the case on the same geometry"
        )
    return otherwise


def scale_between(mesh: Mesh, reference: Mesh) -> float | None:
    """The factor by which a mesh is larger than the reference in all directions alike; None where there is none.

    Of meshes of other counts the boxes are compared, and the factor must be one between two units of length.
    """
    size, reference_size = np.ptp(mesh.points, axis=0), np.ptp(reference.points, axis=0)
    largest = int(reference_size.argmax())
    if not size[largest] > 0 or not reference_size[largest] > 0:
        return None
    scale = float(size[largest] / reference_size[largest])
    if same_connectivity(mesh, reference):
        off = (mesh.points - mesh.points[0]) - scale * (reference.points - reference.points[0])
        alike = np.abs(off).max() <= _CLOSE * size[largest]
        return scale if alike and abs(scale - 1) > _CLOSE else None
    # Boxes of meshes with other counts may be of other things: only the ratio of two units is a hint.
    alike = np.abs(size - scale * reference_size).max() <= _CLOSE_BOX * size[largest]
    ratios = {a / b for a in _UNITS.values() for b in _UNITS.values() if a / b > 1.5 or a / b < 0.67}
    near = min(ratios, key=lambda ratio: abs(np.log(ratio / scale)))
    return near if alike and abs(scale / near - 1) <= _CLOSE_BOX else None


def unit_between(mesh: Mesh, reference: Mesh) -> str | None:
    """How much larger or smaller a mesh of another shape is, where that must be another unit; else None."""
    size, reference_size = (float(np.linalg.norm(np.ptp(one.points, axis=0))) for one in (mesh, reference))
    if not size > 0 or not reference_size > 0:
        return None
    scale = size / reference_size
    if 1 / _OTHER_UNIT < scale < _OTHER_UNIT:
        return None
    return f"a mesh about {scale:.4g} times the size ({_box(mesh)} instead of {_box(reference)})"


def _units(scale: float) -> str:
    """The commonest pair of units of that ratio."""
    for coarse, length in _UNITS.items():
        for fine, part in _UNITS.items():
            if length > part and abs(length / part / max(scale, 1 / scale) - 1) <= _CLOSE_BOX:
                unit, study_unit = (fine, coarse) if scale > 1 else (coarse, fine)
                return f", as if it were in {unit} and the study's in {study_unit}"
    return ""


def same_connectivity(mesh: Mesh, reference: Mesh) -> bool:
    """Whether two meshes have cells of the same nodes, wherever these lie; by counts where cells have no nodes."""
    if mesh.n_points != reference.n_points or mesh.n_cells != reference.n_cells:
        return False
    return list(mesh.cells) == list(reference.cells) and all(
        np.array_equal(nodes, reference.cells[kind]) for kind, nodes in mesh.cells.items()
    )


def _box(mesh: Mesh) -> str:
    return " x ".join(f"{part:.4g}" for part in np.ptp(mesh.points, axis=0)) + " in size"
