"""OpenFOAM's polyMesh: points and faces, and from them the centres and volumes of the cells.

A cell's volume is the sum of the pyramids over its faces, V = sum_f S_f . (c_f - c_0) / 3, its centre their
volume-weighted centre, each pyramid's lying at 3/4 c_f + 1/4 c_0; c_0 is the mean of the face centres. A face
is split into triangles about the mean of its points. Source: OpenFOAM v1912,
primitiveMeshFaceCentresAndAreas.C and primitiveMeshCellCentresAndVols.C.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.formats.parsing.openfoam.foam_file import FoamFile


@dataclass(frozen=True, eq=False)
class FoamMesh:
    """Points (n, 3), centres (c, 3) and volumes (c,) of the cells, and the files they came from."""

    points: np.ndarray
    centres: np.ndarray
    volumes: np.ndarray
    files: tuple[Path, ...]


def read_foam_mesh(points_folder: Path, faces_folder: Path) -> FoamMesh:
    """The mesh with the points of one `polyMesh` folder and the faces of another (other if the mesh moves).

    Raises ReadError where a file is missing, cut short or refers to points or cells that are not there.
    """
    points_file = FoamFile(points_folder / "points")
    faces_file, owner_file = FoamFile(faces_folder / "faces"), FoamFile(faces_folder / "owner")
    neighbour_file = FoamFile(faces_folder / "neighbour")
    points = points_file.list_of("vector")[0].astype(np.float64)
    labels, starts = _faces(faces_file)
    owner, neighbour = owner_file.list_of("label")[0], neighbour_file.list_of("label")[0]
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(points):
        raise faces_file.damaged(f"faces between points that are not among the {len(points)} of the mesh")
    n_faces = len(starts) - 1
    if len(owner) != n_faces or n_faces == 0:
        raise owner_file.damaged(f"{len(owner)} owners for {n_faces} faces")
    if len(neighbour) > n_faces:
        raise neighbour_file.damaged(f"{len(neighbour)} neighbours for {n_faces} faces")
    inner = neighbour if len(neighbour) else np.zeros(1, np.int64)
    n_cells = int(max(owner.max(), inner.max())) + 1
    if min(owner.min(), inner.min()) < 0 or n_cells > n_faces:
        raise owner_file.damaged(f"cells numbered up to {n_cells - 1} with {n_faces} faces")
    centres, volumes = _cells(*_face_geometry(points, labels, starts), owner, neighbour, n_cells)
    files = (points_file.path, faces_file.path, owner_file.path, neighbour_file.path)
    return FoamMesh(points, centres, volumes, files)


def count_points_and_cells(folder: Path) -> tuple[int, int]:
    """Points and cells of a `polyMesh` folder by its headers, or by its owners where the headers give none."""
    n_points = FoamFile(folder / "points", head_only=True).length()
    owner = FoamFile(folder / "owner", head_only=True)
    entries = dict(pair.split(":") for pair in owner.header.get("note", "").split() if pair.count(":") == 1)
    if entries.get("nCells", "").isdigit():
        return n_points, int(entries["nCells"])
    owners = FoamFile(folder / "owner").list_of("label")[0]
    neighbours = FoamFile(folder / "neighbour").list_of("label")[0]
    return n_points, int(max(owners.max(initial=-1), neighbours.max(initial=-1))) + 1


def _faces(file: FoamFile) -> tuple[np.ndarray, np.ndarray]:
    """Point labels of all faces in one row, and the (faces + 1,) starts of the faces in it."""
    if file.header.get("class") == "faceCompactList":
        starts, end = file.list_of("label")
        labels, _ = file.list_of("label", end)
        if len(starts) < 2 or starts[0] != 0 or starts[-1] != len(labels) or np.any(np.diff(starts) < 3):
            raise file.damaged("faces whose starts do not fit their points")
        return labels, starts
    return file.label_lists()


def _face_geometry(
    points: np.ndarray, labels: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Centres and area vectors of the faces, both (f, 3)."""
    sizes = np.diff(starts)
    corners = points[labels]
    middle = np.add.reduceat(corners, starts[:-1]) / sizes[:, None]
    following = np.arange(1, len(labels) + 1)
    following[starts[1:] - 1] = starts[:-1]
    about = np.repeat(middle, sizes, axis=0)
    normals = np.cross(corners[following] - corners, about - corners)
    areas = np.linalg.norm(normals, axis=1)
    thirds = corners + corners[following] + about
    total = np.add.reduceat(areas, starts[:-1])
    weighted = np.add.reduceat(areas[:, None] * thirds, starts[:-1])
    # A face of no area keeps the mean of its points, as in OpenFOAM.
    safe = np.where(total > 0, total, 1.0)[:, None]
    centres = np.where(total[:, None] > 0, weighted / (3 * safe), middle)
    # For a triangle both agree but for rounding; OpenFOAM takes the mean of its points.
    return np.where(sizes[:, None] == 3, middle, centres), 0.5 * np.add.reduceat(normals, starts[:-1])


def _cells(
    face_centres: np.ndarray, areas: np.ndarray, owner: np.ndarray, neighbour: np.ndarray, n_cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """Centres (c, 3) and volumes (c,) of the cells."""
    inner = slice(0, len(neighbour))
    cell = np.concatenate([owner, neighbour])
    centre = np.concatenate([face_centres, face_centres[inner]])
    area = np.concatenate([areas, -areas[inner]])

    def sums(values: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(cell, values[:, i], n_cells) for i in range(values.shape[1])], axis=1)

    count = np.bincount(cell, minlength=n_cells)
    about = sums(centre) / np.maximum(count, 1)[:, None]
    triple = np.einsum("ij,ij->i", area, centre - about[cell])[:, None]
    volumes = sums(triple)
    moments = sums(triple * (0.75 * centre + 0.25 * about[cell]))
    safe = np.where(np.abs(volumes) > 0, volumes, 1.0)
    return np.where(np.abs(volumes) > 0, moments / safe, about), volumes[:, 0] / 3
