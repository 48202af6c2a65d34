"""Files of named arrays: what is a point, a time, a run or a component, and what cannot be recognised."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats import reader_for, reader_named, runs_in, split_address
from fieldwright.data.formats.parsing.arrays.array_axes import Sizes, meanings
from fieldwright.data.formats.parsing.arrays.mat5_file import Mat5File

ROM = Path(__file__).parents[4] / "shared" / "data" / "rom"
PINN = Path(__file__).parents[4] / "shared" / "data" / "pinn"


def read(path: Path, run: str | None = None, fields=None):
    address = Path(f"{path}#{run}") if run is not None else path
    return reader_for(address).read(address, fields)


def npz(tmp_path: Path, **arrays) -> Path:
    np.savez(tmp_path / "file.npz", **arrays)
    return tmp_path / "file.npz"


X, Y, T = np.linspace(0, 1, 7), np.linspace(0, 2, 5), np.linspace(0, 3, 4)


@pytest.mark.parametrize("version", [6, 7])
def test_octaves_matrix_is_read_over_x_and_t(sample, version):
    run = read(sample("octave") / f"version_{version}.mat")
    rows = np.loadtxt(sample("octave") / "printed.txt")
    assert run.times == pytest.approx(rows[:, 0])
    assert run.fields["u"].values[:, 8, 0] == pytest.approx(rows[:, 1], rel=1e-14)
    assert run.mesh.points[8].tolist() == [0.5, 0, 0]
    assert run.mesh.cells["line"].shape == (16, 2)
    wave = run.fields["wave"]
    assert wave.components == ("real", "imaginary")
    assert wave.values[2, 8] == pytest.approx(rows[2, 1] * np.array([np.cos(0.5), np.sin(0.5)]))
    assert "left out, as no field of a run: about, label" in run.notes


@pytest.mark.parametrize("packed", [False, True])
def test_every_numeric_class_of_matlab_is_read(tmp_path, packed):
    """Written by SciPy, whose own reader crashes on damaged files."""
    rng = np.random.default_rng(4)
    arrays = {f"a_{kind}": rng.integers(0, 100, (3, 4, 2)).astype(kind) for kind in "bBhHiIqQfd"}
    arrays |= {"wave": rng.random((5, 2)) + 1j * rng.random((5, 2)), "one": np.array([[7.0]])}
    scipy.io.savemat(
        tmp_path / "all.mat",
        {**arrays, "text": "abc", "cell": np.array([1, "a"], object)},
        do_compression=packed,
    )
    file = Mat5File(tmp_path / "all.mat")
    assert file.arrays.keys() == arrays.keys()
    assert sorted(file.others) == ["cell", "text"]
    for name, values in arrays.items():
        np.testing.assert_array_equal(file.arrays[name], values)
        assert file.arrays[name].dtype == values.dtype


def test_matlabs_version_7_3_has_its_axes_turned_back(tmp_path):
    """MATLAB writes HDF5 column by column: its 7 x 4 matrix is a 4 x 7 dataset. Nothing free writes this version."""
    u = np.sin(X)[:, None] * np.exp(-T)
    with h5py.File(tmp_path / "new.mat", "w", userblock_size=512) as file:
        for name, values in {"x": X[:, None], "t": T[None], "u": u}.items():
            file[name] = values.T
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
        file["note"] = np.frombuffer("rod".encode("utf-16-le"), "u2")[:, None]
        file.create_group("settings")
    with (tmp_path / "new.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    run = read(tmp_path / "new.mat", fields=["u"])
    assert run.fields["u"].values[..., 0] == pytest.approx(u.T)
    assert any("settings" in note for note in run.notes)


def test_rows_are_runs_and_their_parameters_come_along(tmp_path):
    rng = np.random.default_rng(5)
    points, u = rng.normal(size=(2, 30)), rng.normal(size=(6, 30)).astype(np.float32)
    path = npz(tmp_path, coords=points, params=rng.normal(size=(6, 2)), Re=np.arange(6.0), u=u)
    runs = runs_in(path)
    assert list(runs) == list("012345")
    assert runs["4"].keys() == {"params_1", "params_2", "Re"}
    assert runs["4"]["Re"] == 4
    run = read(path, "4")
    assert run.fields["u"].values.dtype == np.float32
    np.testing.assert_array_equal(run.fields["u"].values[0, :, 0], u[4])
    np.testing.assert_array_equal(run.mesh.points[:, :2], points.T)
    assert run.files == (path,)


@pytest.mark.parametrize("run", [None, "6", "-1", "x"])
def test_a_run_that_is_not_there_is_refused(tmp_path, run):
    path = npz(tmp_path, coords=np.zeros((2, 30)), u=np.zeros((6, 30)))
    with pytest.raises(ReadError, match=r"A run that 'file\.npz' holds \(6 runs, #0 to #5\) must be named"):
        read(path, run)


def test_an_address_is_a_file_and_a_run(tmp_path):
    path = npz(tmp_path, x=X)
    assert split_address(path) == (path, None)
    assert split_address(Path(f"{path}#12")) == (path, "12")
    odd = path.rename(tmp_path / "a#b.npz")
    assert split_address(odd) == (odd, None)


def test_blocks_of_columns_are_components_with_a_note(tmp_path):
    blocks = np.arange(2 * 3 * 11.0).reshape(2, 33)
    run = read(npz(tmp_path, points=np.zeros((11, 2)), params=np.zeros((2, 1)), u=blocks), "1")
    assert run.fields["u"].components == ("0", "1", "2")
    np.testing.assert_array_equal(run.fields["u"].values[0], blocks[1].reshape(3, 11).T)
    assert "u: 3 blocks of 11 columns are its components" in run.notes


def test_triangles_of_matlab_count_from_one(tmp_path):
    points, triangles = np.random.default_rng(0).random((12, 2)), np.array([[1, 2, 3], [4, 5, 12]] * 6)
    ours = read(npz(tmp_path, points=points, triangles=triangles - 1, u=np.zeros(12)))
    theirs = read(npz(tmp_path, points=points, triangles=triangles.T, u=np.zeros(12)))
    assert ours.mesh.hash == theirs.mesh.hash
    assert ours.mesh.cells["triangle"].max() == 11


@pytest.mark.parametrize("order", ["txyc", "xytc", "tyxc", "xy", "txy", "cxy", "xyc"])
def test_axes_of_a_grid_are_found_by_their_lengths(tmp_path, order):
    """Whatever the order in the file, u = x + 10 y + 100 t + 1000 c stands where it belongs."""
    parts = {"x": X, "y": 10 * Y, "t": 100 * T, "c": 1000 * np.arange(2.0)}
    u = sum(parts[a].reshape([-1 if a == b else 1 for b in order]) for a in order)
    run = read(npz(tmp_path, x=X, y=Y, t=T, u=np.broadcast_to(u, [len(parts[a]) for a in order])))
    x, y, _ = run.mesh.points.T
    n_times, n_parts = (len(parts[a]) if a in order else 1 for a in "tc")
    expected = x + 10 * y + 100 * T[:n_times, None] if "t" in order else (x + 10 * y)[None]
    assert run.fields["u"].values == pytest.approx(expected[..., None] + 1000 * np.arange(n_parts))
    assert (run.times is None) == ("t" not in order)
    assert run.mesh.cells["quad"].shape == (24, 4)


def test_equal_axes_are_taken_as_x_then_y_with_a_note(tmp_path):
    u = X[:, None] + 10 * X[None]
    run = read(npz(tmp_path, x=X, y=X, u=u))
    x, y, _ = run.mesh.points.T
    assert run.fields["u"].values[0, :, 0] == pytest.approx(x + 10 * y)
    assert "u: its axes are taken as x, y" in run.notes


def test_curved_grids_keep_the_order_of_their_points(tmp_path):
    xx, yy = np.meshgrid(X, Y)
    run = read(npz(tmp_path, x=xx + 0.1 * yy, y=yy, t=T, u=np.stack([xx * k + yy for k in range(4)])))
    assert run.fields["u"].values[3, :, 0] == pytest.approx((3 * xx + yy).ravel())
    assert run.mesh.points[:, 1] == pytest.approx(yy.ravel())
    assert run.mesh.cells["quad"].shape == (24, 4)


def test_scattered_points_may_stand_in_columns_x_and_y(tmp_path):
    run = read(npz(tmp_path, x=X, y=X**2, t=T, u=np.ones((4, 7))))
    assert run.mesh.points[:, 1] == pytest.approx(X**2)
    assert run.mesh.cells == {}


def test_what_can_be_read_in_two_ways_is_refused(tmp_path):
    with pytest.raises(
        ReadError, match=r"axes of 'u' .* must be recognisable.*Got .*tx.* or .*xt.* of the arrays"
    ):
        read(npz(tmp_path, x=np.linspace(0, 1, 9), t=np.linspace(0, 1, 9), u=np.zeros((9, 9))))
    with pytest.raises(ReadError, match="no reading of the arrays x 7, y 5, u 3 x 4 x 11 x 17"):
        read(npz(tmp_path, x=X, y=Y, u=np.zeros((3, 4, 11, 17))))


def test_named_dimensions_tell_what_lengths_cannot(tmp_path):
    n = np.linspace(0, 1, 9)
    u = n[:, None] + 10 * n[None]
    dataset = xr.Dataset(
        {"u": (("time", "x"), u, {"units": "K"}), "mask": ("x", n)}, {"x": ("x", n), "time": ("time", n)}
    )
    for path, how in ((tmp_path / "new.nc", "h5netcdf"), (tmp_path / "old.nc", "scipy")):
        dataset.to_netcdf(path, engine=how)
        run = read(path)
        assert run.fields["u"].values[..., 0] == pytest.approx(u)
        assert run.fields["u"].unit == "K"
        assert run.fields["mask"].values.shape == (1, 9, 1)


def test_named_dimensions_of_runs_and_nodes(tmp_path):
    u = np.arange(3 * 6 * 2.0).reshape(3, 6, 2)
    xr.Dataset(
        {"u": (("sample", "node", "part"), u), "power": ("sample", [1.0, 2.0, 4.0])},
        {"x": ("node", np.arange(6.0)), "y": ("node", np.arange(6.0) ** 2)},
    ).to_netcdf(tmp_path / "runs.nc", engine="h5netcdf")
    assert runs_in(tmp_path / "runs.nc") == {"0": {"power": 1}, "1": {"power": 2}, "2": {"power": 4}}
    run = read(tmp_path / "runs.nc", "2")
    np.testing.assert_array_equal(run.fields["u"].values[0], u[2])
    assert run.mesh.points[5].tolist() == [5, 25, 0]


def pdebench(path: Path, **arrays) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name.replace("_", "-") if name.endswith("coordinate") else name] = values
    return path


def test_pdebenchs_one_dimensional_layout(tmp_path):
    """A batch, times and points in `tensor`; the times have one entry more than there are steps."""
    u = np.arange(5 * 4 * 7.0).reshape(5, 4, 7).astype(np.float32)
    path = pdebench(tmp_path / "1D.hdf5", tensor=u, x_coordinate=X, t_coordinate=np.linspace(0, 2, 5))
    assert len(runs_in(path)) == 5
    run = read(path, "3")
    np.testing.assert_array_equal(run.fields["tensor"].values[..., 0], u[3])
    assert run.times.tolist() == [0, 0.5, 1, 1.5]


def test_pdebenchs_compressible_layout(tmp_path):
    rng = np.random.default_rng(1)
    fields = {name: rng.random((3, 4, 7, 5)) for name in ("Vx", "density")}
    path = pdebench(
        tmp_path / "2D.hdf5", **fields, x_coordinate=X, y_coordinate=Y, t_coordinate=np.linspace(0, 1, 5)
    )
    run = read(path, "1")
    # Points run with x fastest, the arrays with y.
    assert run.fields["Vx"].values[2, :, 0] == pytest.approx(fields["Vx"][1, 2].T.ravel())
    assert run.mesh.n_points == 35
    assert list(run.fields) == ["Vx", "density"]


def test_pdebenchs_groups_are_runs(tmp_path):
    rng = np.random.default_rng(2)
    with h5py.File(tmp_path / "groups.h5", "w") as file:
        for i in range(3):
            file[f"000{i}/data"] = rng.random((4, 7, 5, 2)) + i
            for name, values in {"x": X, "y": Y, "t": T}.items():
                file[f"000{i}/grid/{name}"] = values
        expected = file["0002/data"][:]
    path = tmp_path / "groups.h5"
    assert list(runs_in(path)) == ["0000", "0001", "0002"]
    assert any(
        "3 runs, the first is 'groups.h5#0000'" in note for note in reader_for(path).describe(path).notes
    )
    run = read(path, "0002")
    assert run.fields["data"].values[1] == pytest.approx(expected[1].transpose(1, 0, 2).reshape(-1, 2))
    with pytest.raises(ReadError, match="'0000' to '0002'"):
        read(path)


def test_a_lone_array_has_numbered_points(tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(20.0).reshape(4, 5))
    run = read(tmp_path / "rows.npy", "2")
    assert run.fields["rows"].values.ravel().tolist() == [10, 11, 12, 13, 14]
    assert "no coordinates: the points are numbered" in run.notes


def test_pickles_are_refused_unread(tmp_path):
    np.savez(tmp_path / "bad.npz", u=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ReadError, match="pickled objects"):
        read(tmp_path / "bad.npz")


def test_a_header_that_promises_more_than_the_file_holds_is_refused(tmp_path):
    np.save(tmp_path / "short.npy", np.zeros(100))
    content = (tmp_path / "short.npy").read_bytes()
    (tmp_path / "short.npy").write_bytes(content.replace(b"(100,)", b"(999,)"))
    with pytest.raises(TruncatedError, match="for 999 values"):
        read(tmp_path / "short.npy")


@given(st.integers(2, 40), st.integers(2, 40), st.integers(2, 40), st.integers(2, 40))
def test_different_lengths_leave_one_meaning(runs, times, width, height):
    sizes = Sizes(runs, (times,), (("xy", (width, height)),))
    found = meanings((runs, times, width, height), sizes)
    if len({runs, times, width, height}) == 4:
        assert found == ["rtxy"]
    assert "rtxy" in found


@given(st.integers(1, 60), st.integers(1, 8))
def test_a_row_of_k_times_the_points_is_k_blocks(n, k):
    found = meanings((100, k * n), Sizes(100, (), (("n", (n,)),)))
    assert found == (["rn"] if k == 1 else ["rb"])


@pytest.mark.skipif(not ROM.is_dir(), reason=f"no {ROM} with its reduced-order data")
@pytest.mark.parametrize(("name", "n_runs", "points", "cells"), [
    ("airfoil_transonic", 100, 448, 0), ("graetz", 200, 5160, 10056), ("navier_stokes", 500, 1639, 3091),
])  # fmt: skip
def test_sweeps_in_one_file(name, n_runs, points, cells):
    path = ROM / f"{name}.npz"
    runs = runs_in(path)
    assert len(runs) == n_runs
    run = read(path, str(n_runs - 1))
    assert (run.mesh.n_points, run.mesh.n_cells) == (points, cells)
    with np.load(path) as arrays:
        row = arrays[next(iter(run.fields))][-1]
        np.testing.assert_array_equal(next(iter(run.fields.values())).values[0].T.ravel(), row)
        assert list(runs[str(n_runs - 1)].values()) == arrays["params"][-1].tolist()


@pytest.mark.skipif(not PINN.is_dir(), reason=f"no {PINN} with its reference solutions")
def test_the_shock_stands_at_the_origin():
    run = reader_named("mat").read(PINN / "burgers_shock.mat")
    assert run.fields["usol"].values.shape == (100, 256, 1)
    x, last = run.mesh.points[:, 0], run.fields["usol"].values[-1, :, 0]
    assert run.fields["usol"].values[0, :, 0] == pytest.approx(-np.sin(np.pi * x), abs=1e-12)
    steepest = np.argmin(np.diff(last))
    assert x[steepest] * x[steepest + 1] <= 0
