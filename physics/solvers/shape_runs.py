"""Runs of the flow past shapes on disk, as an engineer would find them: a folder a run, the shape in the result.

run_0001/result.vtu    sdf [m], u [m/s] and p [m2/s2] on a regular grid of points
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import meshio
import numpy as np

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.lattice_boltzmann import steady_flow
from fieldwright.physics.solvers.shapes import signed_distance

ROWS, COLUMNS = 48, 96
CELL = 0.1
"""Of the lattice [m]: the flow is 9.6 m long and repeats every 4.8 m across."""
SPEED = 1.0
"""Of the flow upstream [m/s]."""
VISCOSITY = 0.06
"""Kinematic [m2/s]: Reynolds' number is 17 for a body 1 m across, at which all wakes here are steady."""
LATTICE_SPEED = 0.1


def grid_points() -> np.ndarray:
    """(4608, 3) centres of the lattice's cells [m], row by row."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    return np.stack([(x.ravel() + 0.5) * CELL, (y.ravel() + 0.5) * CELL, np.zeros(x.size)], axis=1)


def lattice_cells() -> np.ndarray:
    """(4465, 4) corners of the quadrilaterals between the points."""
    corner = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).ravel()
    return np.stack([corner, corner + 1, corner + COLUMNS + 1, corner + COLUMNS], axis=1)


def distance_to(outline: np.ndarray) -> np.ndarray:
    """(4608,) signed distance [m] to the nearest of the outline and its images across."""
    places = grid_points()[:, :2]
    height = ROWS * CELL
    images = [signed_distance(outline, places - [0.0, shift]) for shift in (-height, 0.0, height)]
    return np.min(images, axis=0)


def flow_past(distance: np.ndarray, tolerance: float = 2e-4) -> tuple[np.ndarray, np.ndarray]:
    """Velocity (4608, 2) [m/s] and pressure over density (4608,) [m2/s2] of the flow past a distance (4608,)."""
    scale = SPEED / LATTICE_SPEED
    flow = steady_flow(
        distance.reshape(ROWS, COLUMNS) < 0.0, LATTICE_SPEED, VISCOSITY / (scale * CELL), tolerance=tolerance
    )
    return flow.velocity.reshape(-1, 2) * scale, flow.pressure.ravel() * scale**2


def write_shape_runs(
    folder: Path, outlines: Sequence[np.ndarray], progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Computes the runs that are not there yet; outline k [m] becomes run_<k + 1>, whole or not at all.

    progress: called with (finished, all). Raises FieldwrightError when a run is there with another shape.
    """
    folders = []
    for k, outline in enumerate(outlines):
        if progress is not None:
            progress(k, len(outlines))
        place = Path(folder) / f"run_{k + 1:04d}"
        folders.append(place)
        distance = distance_to(outline)
        if (place / "result.vtu").exists():
            stored = meshio.read(place / "result.vtu").point_data["sdf"]
            if not np.allclose(stored, distance, atol=1e-9):
                raise FieldwrightError(
                    f"'{place.name}' in {folder} must have the requested shape",
                    "another",
                    "Write to an empty folder, or remove that run",
                )
            continue
        velocity, pressure = flow_past(distance)
        data = {"sdf": distance, "u": velocity.astype(np.float32), "p": pressure.astype(np.float32)}
        place.mkdir(parents=True, exist_ok=True)
        unfinished = place / "unfinished.vtu"
        meshio.Mesh(grid_points(), {"quad": lattice_cells()}, point_data=data).write(unfinished)
        os.replace(unfinished, place / "result.vtu")
    if progress is not None:
        progress(len(outlines), len(outlines))
    return folders
