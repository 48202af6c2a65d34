"""Damaged files of every format: each ends in a run or in a ReadError with a sentence, never in anything else.

Samples are cut, flipped bit by bit, filled with stretches of other bytes, emptied, or given absurd numbers. What
survives must keep the promises of `Run`. Memory is watched: a damaged count must not be believed.
"""

from __future__ import annotations

import resource
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Reader, reader_named, runs_in

# Format: sample, file to read, file to damage (the same if None).
CASES = {
    "openfoam ascii field": ("openfoam", "openfoam_ascii", "", "0.03/U"),
    "openfoam ascii faces": ("openfoam", "openfoam_ascii", "", "constant/polyMesh/faces"),
    "openfoam binary field": ("openfoam", "openfoam_binary", "", "0.03/U"),
    "openfoam binary points": ("openfoam", "openfoam_binary", "", "constant/polyMesh/points"),
    "openfoam binary owner": ("openfoam", "openfoam_binary", "", "constant/polyMesh/owner"),
    "openfoam polyhedral faces": ("openfoam", "openfoam_polyhedra", "", "constant/polyMesh/faces"),
    "openfoam gzip": ("openfoam", "openfoam_gzip", "", "0.03/p.gz"),
    "openfoam addressing": (
        "openfoam",
        "openfoam_decomposed",
        "",
        "processor1/constant/polyMesh/cellProcAddressing",
    ),
    "openfoam control": ("openfoam", "openfoam_ascii", "", "system/controlDict"),
    "frd text": ("frd", "ccx_solids", "text.frd", None),
    "frd binary": ("frd", "ccx_solids", "binary.frd", None),
    "frd status": ("frd", "ccx_solids", "text.frd", "text.sta"),
    "vtk text": ("vtk", "freefem", "text.vtk", None),
    "vtk binary": ("vtk", "freefem", "binary.vtk", None),
    "vtu": ("vtu", "freefem", "step_0.vtu", None),
    "vtp": ("vtp", "openfoam_foamtovtk", "xml/foamtovtk_6/boundary/inlet.vtp", None),
    "pvtu": ("pvtu", "dolfinx", "pvd000000.pvtu", None),
    "pvd": ("pvd", "dolfinx", "pvd.pvd", None),
    "series": ("series", "openfoam_foamtovtk", "text/foamtovtk.vtk.series", None),
    "xdmf": ("xdmf", "dolfinx", "xdmf.xdmf", None),
    "xdmf text": ("xdmf", "dolfinx", "static.xdmf", None),
    "xdmf values": ("xdmf", "dolfinx", "xdmf.xdmf", "xdmf.h5"),
    "msh 2 text": ("msh", "gmsh", "T.msh", None),
    "msh 2 binary": ("msh", "gmsh", "T_binary.msh", None),
    "msh 4 binary": ("msh", "gmsh", "gradient_new.msh", None),
    "msh 4 text": ("msh", "gmsh", "kinds_msh41.msh", None),
    "med": ("med", "saturne", "med.med", None),
    "exodus classic": ("exodus", "exodus", "classic.e", None),
    "exodus netcdf-4": ("exodus", "exodus", "netcdf4.e", None),
    "mat 6": ("mat", "octave", "version_6.mat", None),
    "mat 7": ("mat", "octave", "version_7.mat", None),
    "npz": ("npz", "made", "runs.npz", None),
    "npy": ("npz", "made", "rows.npy", None),
    "hdf5": ("hdf5", "made", "plain.h5", None),
    "netcdf classic": ("netcdf", "made", "old.nc", None),
    "netcdf-4": ("netcdf", "made", "new.nc", None),
    "csv": ("csv", "made", "points.csv", None),
}


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """Small files of the formats that every library writes."""
    import h5py
    import xarray as xr

    folder = tmp_path_factory.mktemp("made") / "made"
    folder.mkdir()
    rng = np.random.default_rng(11)
    x, t, u = np.linspace(0, 1, 8), np.linspace(0, 1, 3), rng.random((3, 8))
    np.savez_compressed(folder / "runs.npz", points=rng.random((8, 2)), params=rng.random((3, 2)), u=u)
    np.save(folder / "rows.npy", u)
    with h5py.File(folder / "plain.h5", "w") as file:
        file["x"], file["t"] = x, t
        file.create_dataset("u", data=u, compression="gzip")
    dataset = xr.Dataset({"u": (("t", "x"), u)}, {"x": x, "t": t})
    dataset.to_netcdf(folder / "old.nc", engine="scipy")
    dataset.to_netcdf(folder / "new.nc", engine="h5netcdf")
    (folder / "points.csv").write_text(
        "x,y,u [K]\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rng.random((9, 3)))
    )
    return folder


@pytest.fixture(scope="session")
def workplace(sample, made, tmp_path_factory):
    """For each case a folder of its own: the reader, what it reads, the file to damage and its true bytes."""
    root = tmp_path_factory.mktemp("damaged")
    true: dict[str, bytes] = {}

    def place(case: str) -> tuple[Reader, Path, Path, bytes]:
        reader, name, read, spoilt = CASES[case]
        folder = root / case.replace(" ", "_")
        if not folder.exists():
            shutil.copytree(made if name == "made" else sample(name), folder)
            for log in folder.glob("log.*"):
                log.unlink()
        path = folder / read if read else folder
        target = folder / spoilt if spoilt else path
        return reader_named(reader), path, target, true.setdefault(case, target.read_bytes())

    return place


@st.composite
def damages(draw) -> tuple[str, float, float, int]:
    """A kind of damage, where it strikes (share of the length), how far, and a byte or bit."""
    kind = draw(st.sampled_from(["cut", "flip", "flip", "fill", "digit", "repeat", "drop"]))
    return kind, draw(st.floats(0, 1)), draw(st.floats(0, 0.2)), draw(st.integers(0, 255))


def damaged(content: bytes, damage: tuple[str, float, float, int]) -> bytes:
    kind, where, far, number = damage
    at = min(int(where * len(content)), len(content) - 1)
    end = min(len(content), at + 1 + int(far * len(content)))
    if kind == "cut":
        return content[:at]
    if kind == "flip":
        return content[:at] + bytes([content[at] ^ (1 << number % 8)]) + content[at + 1 :]
    if kind == "fill":
        return content[:at] + bytes([number]) * (end - at) + content[end:]
    if kind == "repeat":
        return content[:end] + content[at:]
    if kind == "drop":
        return content[:at] + content[end:]
    # The next digit becomes many: counts in text turn absurd.
    digit = next((i for i in range(at, len(content)) if content[i : i + 1].isdigit()), None)
    return content if digit is None else content[:digit] + b"9" * (1 + number % 12) + content[digit + 1 :]


@contextmanager
def a_gigabyte_at_most() -> Iterator[None]:
    """Lets the process take one more gigabyte of addresses; whoever asks for more gets a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + (1 << 30), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def keeps_its_promises(reader: Reader, path: Path) -> None:
    """Reads as the pipeline does; what comes back is a whole run, what is raised a ReadError with a sentence."""
    sentence, run = "", None
    with a_gigabyte_at_most(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if reader.accepts(path):
                reader.describe(path)
            runs = runs_in(path, reader)
            run = reader.read(Path(f"{path}#{next(iter(runs))}") if runs else path)
        except ReadError as error:
            sentence = str(error)
    if run is None:
        assert sentence.count(". ") >= 2
        assert len(sentence) < 2000
        # A damaged count that was believed.
        assert "MemoryError" not in sentence
        return
    assert run.mesh.points.ndim == 2
    assert run.mesh.points.shape[1] == 3
    for nodes in run.mesh.cells.values():
        assert nodes.size == 0 or 0 <= nodes.min() <= nodes.max() < run.mesh.n_points
    n_times = 1 if run.times is None else len(run.times)
    for field in run.fields.values():
        places = run.mesh.n_points if field.on == "point" else run.mesh.n_cells
        assert field.values.shape == (n_times, places, len(field.components))
        assert field.values.dtype.kind == "f"
    if run.times is not None:
        assert np.all(np.diff(run.times) > 0) or np.isnan(run.times).any()


@pytest.mark.parametrize("case", list(CASES))
@settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(damage=damages())
def test_a_damaged_file_is_a_good_run_or_a_read_error(workplace, case, damage):
    reader, path, target, content = workplace(case)
    target.write_bytes(damaged(content, damage))
    keeps_its_promises(reader, path)


@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"\x00" * 512, b"<html>Not found</html>\n"],
    ids=["empty", "line", "zeros", "html"],
)
def test_a_file_of_something_else_is_no_run_of_its_fields(workplace, case, content):
    reader, path, target, _ = workplace(case)
    target.write_bytes(content)
    keeps_its_promises(reader, path)


@pytest.mark.parametrize("case", list(CASES))
def test_the_true_file_is_read(workplace, case):
    """The corpus is worth nothing unless each file can be read undamaged."""
    reader, path, target, content = workplace(case)
    target.write_bytes(content)
    assert reader.accepts(path)
    keeps_its_promises(reader, path)
    runs = runs_in(path, reader)
    assert reader.read(Path(f"{path}#{next(iter(runs))}") if runs else path).fields or "kinds" in path.name
