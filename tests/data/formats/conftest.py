"""Samples of each format, made by real solvers (see the scripts beside them), unpacked once."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The folder in samples/NAME.tar.xz, or the file samples/NAME, by name."""
    root = tmp_path_factory.mktemp("samples")

    def unpacked(name: str) -> Path:
        if (SAMPLES / name).exists():
            return SAMPLES / name
        folder = root / name
        if not folder.exists():
            with tarfile.open(SAMPLES / f"{name}.tar.xz") as archive:
                archive.extractall(folder, filter="data")
        (only,) = folder.iterdir()
        return only

    return unpacked


@pytest.fixture(scope="session")
def shared_runs(tmp_path_factory):
    """The only folder within ../shared/data/runs/NAME.tar.xz, or a skip where that is not there."""
    root = tmp_path_factory.mktemp("runs")
    archives = Path(__file__).parents[4] / "shared" / "data" / "runs"

    def unpacked(name: str) -> Path:
        archive = archives / f"{name}.tar.xz"
        if not archive.exists():
            pytest.skip(f"the real runs are not here: no {archive}")
        if not (root / name).exists():
            with tarfile.open(archive) as content:
                content.extractall(root / name, filter="data")
        (only,) = (root / name).iterdir()
        return only

    return unpacked


@pytest.fixture(scope="session")
def integral():
    """The integral of linear nodal values (n,), or of values per cell (c,), over the simplices of a mesh."""

    def over(mesh, values: np.ndarray) -> float:
        kind = "tetra" if "tetra" in mesh.cells else "triangle"
        nodes = mesh.cells[kind]
        edges = mesh.points[nodes[:, 1:]] - mesh.points[nodes[:, :1]]
        gram = np.einsum("cik,cjk->cij", edges, edges)
        size = np.sqrt(np.linalg.det(gram)) / (6 if kind == "tetra" else 2)
        before = list(mesh.cells)[: list(mesh.cells).index(kind)]
        first = sum(len(mesh.cells[other]) for other in before)
        nodal = len(values) == mesh.n_points
        per_cell = values[nodes].mean(axis=1) if nodal else values[first : first + len(nodes)]
        return float(size @ per_cell)

    return over
