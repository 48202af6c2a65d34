"""Reading speed of each format in pairs with the least that could read it: MB per second of processor time.

`python -m benchmarks.formats` writes one box of hexahedra with a scalar and a vector on its nodes (OpenFOAM: on its
cells) in every format and reads each several times, in turn with its floor, so that what else the machine does meets
both. The floor of text is `np.fromstring` over its numbers; of arrays in a container it is the container's library;
of other binary files it is reading their bytes into an array. Where meshio reads the format too, it is shown beside.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import h5py
import meshio
import numpy as np
import scipy.io

from benchmarks.boxes import write_frd, write_openfoam
from fieldwright.data.formats import reader_named, runs_in
from fieldwright.data.formats.parsing.arrays.grids import axes_mesh


@dataclass(frozen=True)
class Sample:
    """One file or folder to read: its reader, its files, the floor, and meshio's way if it has one."""

    reader: str
    path: Path
    files: tuple[Path, ...]
    floor: Callable[[], object]
    meshio: bool = False

    @property
    def megabytes(self) -> float:
        return sum(file.stat().st_size for file in self.files) / 1e6


def main() -> None:
    """Prints a line per format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=48, help="cells along each side of the box")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        samples = _samples(Path(folder), options.side)
        print(f"{'format':26}{'MB':>8}{'MB/s':>8}{'floor':>8}{'of floor':>10}{'meshio':>8}")
        for name, sample in samples.items():
            print(_line(name, sample, options.rounds), flush=True)


def _line(name: str, sample: Sample, rounds: int) -> str:
    reader = reader_named(sample.reader)
    address = Path(f"{sample.path}#0") if runs_in(sample.path, reader) else sample.path
    own, floor, other = [], [], []
    for _ in range(rounds):
        # Unpacked arrays are kept as long as the file does not change.
        sample.path.touch()
        own.append(_seconds(lambda: reader.read(address)))
        floor.append(_seconds(sample.floor))
        if sample.meshio:
            other.append(_seconds(lambda: meshio.read(sample.path)))
    size, ratio = sample.megabytes, median(f / o for f, o in zip(floor, own, strict=True))
    beside = f"{size / median(other):8.0f}" if other else ""
    return f"{name:26}{size:8.1f}{size / median(own):8.0f}{size / median(floor):8.0f}{ratio:10.2f}{beside}"


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return max(time.process_time() - start, 1e-6)


def _samples(folder: Path, side: int) -> dict[str, Sample]:
    axis = np.linspace(0, 1, side + 1)
    mesh = axes_mesh(axis, axis, axis)
    rng = np.random.default_rng(0)
    p, u = rng.normal(size=mesh.n_points), rng.normal(size=(mesh.n_points, 3))
    samples = {}
    for form in ("ascii", "binary"):
        files = write_openfoam(folder / form, side, form, rng)
        floor = _bytes(files) if form == "binary" else _numbers(*files)
        samples[f"openfoam {form}"] = Sample("openfoam", folder / form, files, floor)
    for form in ("text", "binary"):
        path = folder / f"{form}.frd"
        write_frd(path, mesh, p, u, form)
        samples[f"frd {form}"] = Sample(
            "frd", path, (path,), _bytes((path,)) if form == "binary" else _numbers(path)
        )
    written = meshio.Mesh(mesh.points, dict(mesh.cells), point_data={"p": p, "U": u})
    how: dict[str, Any]
    for name, suffix, reader, how in (
        ("vtk text", "vtk", "vtk", {"binary": False}), ("vtk binary", "vtk", "vtk", {"binary": True}),
        ("vtu text", "vtu", "vtu", {"binary": False}), ("vtu zlib", "vtu", "vtu", {"compression": "zlib"}),
        ("msh text", "msh", "msh", {"file_format": "gmsh22", "binary": False}),
        ("msh binary", "msh", "msh", {"file_format": "gmsh22", "binary": True}), ("med", "med", "med", {}),
        ("xdmf with hdf5", "xdmf", "xdmf", {}),
    ):  # fmt: skip
        path = folder / f"{name.replace(' ', '_')}.{suffix}"
        meshio.write(path, written, **how)
        if name == "msh text":
            # meshio 5.3 writes numbers as numpy 2 shows them.
            path.write_text(re.sub(r"np\.float64\(([^)]*)\)", r"\1", path.read_text()))
        files = tuple(file for file in (path, path.with_suffix(".h5")) if file.exists())
        floor = _numbers(path) if "text" in name else _bytes(files)
        samples[name] = Sample(reader, path, files, floor, meshio=True)
    arrays = {"points": mesh.points, "U": u, "p": p}
    np.savez(folder / "plain.npz", **arrays)
    samples["npz"] = _one("npz", folder / "plain.npz", lambda path: dict(np.load(path)))
    scipy.io.savemat(folder / "plain.mat", arrays)
    samples["mat 5"] = _one("mat", folder / "plain.mat", scipy.io.loadmat)
    with h5py.File(folder / "plain.h5", "w") as file:
        for name, values in arrays.items():
            file[name] = values
    samples["hdf5"] = _one("hdf5", folder / "plain.h5", _all_of_hdf5)
    table = np.column_stack([mesh.points, u, p])
    np.savetxt(folder / "points.csv", table, "%.6g", ",", header="x,y,z,U:0,U:1,U:2,p", comments="")
    text = folder / "points.csv"
    samples["csv"] = Sample("csv", text, (text,), _numbers(text))
    return samples


def _one(reader: str, path: Path, read: Callable[[Path], object]) -> Sample:
    return Sample(reader, path, (path,), lambda: read(path))


def _all_of_hdf5(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {name: item[:] for name, item in file.items()}


def _numbers(*paths: Path) -> Callable[[], object]:
    """The floor of text: its numbers alone, already free of everything else."""
    number = re.compile(rb"(?<![\w.])[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?(?!\w)")
    text = b" ".join(word for path in paths for word in number.findall(path.read_bytes()))
    return lambda: np.fromstring(text, sep=" ")


def _bytes(files: tuple[Path, ...]) -> Callable[[], object]:
    return lambda: [np.frombuffer(file.read_bytes(), "u1").copy() for file in files]


if __name__ == "__main__":
    main()
