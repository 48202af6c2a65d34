"""`read`: one run, or many with their parameters, as a Dataset that `fit` takes."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

import fieldwright as fw

X, LOADS = np.linspace(0.0, 1.0, 9), 1.0 + 0.3 * np.arange(8)
SAMPLES = Path(__file__).parents[1] / "data" / "formats" / "samples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Runs of one file each, with their parameters in a table beside them."""
    runs = tmp_path / "runs"
    runs.mkdir()
    for k, load in enumerate(LOADS):
        np.savez(runs / f"run_{k}.npz", x=X, u=load * X)
    rows = [f"run_{k},{load!r}" for k, load in enumerate(LOADS.tolist())]
    (runs / "parameters.csv").write_text("\n".join(["run,load [N]", *rows]) + "\n")
    return runs


def test_one_file_is_one_run(folder: Path) -> None:
    run = fw.read(folder / "run_3.npz")
    assert run.u.dims == ("point",)
    np.testing.assert_array_equal(run.u, LOADS[3] * X)
    np.testing.assert_array_equal(run.point_x, X)


def test_a_folder_of_runs_has_their_parameters(folder: Path) -> None:
    runs = fw.read(str(folder))
    assert runs.u.dims == ("run", "point")
    assert runs.run.values.tolist() == [f"run_{k}" for k in range(8)]
    np.testing.assert_array_equal(runs["load"], LOADS)
    assert runs["load"].attrs["units"] == "N"
    np.testing.assert_array_equal(runs.u, LOADS[:, None] * X)
    model = fw.fit(runs, model="linear", folds=3)
    np.testing.assert_allclose(model.predict([[2.0]]).mean.u[0], 2.0 * X, atol=1e-9)
    assert model.surrogate.description.parameters[0].unit == "N"
    assert model.surrogate.cells["line"].shape == (8, 2)


def test_a_file_of_many_runs_has_their_parameters(tmp_path: Path) -> None:
    path = tmp_path / "sweep.npz"
    np.savez(path, x=X, u=LOADS[:, None] * X, load=LOADS)
    runs = fw.read(path)
    np.testing.assert_array_equal(runs["load"], LOADS)
    np.testing.assert_array_equal(fw.read(f"{path}#2").u, runs.u[2])


def test_a_run_of_openfoam_has_times_components_and_centres(tmp_path: Path) -> None:
    with tarfile.open(SAMPLES / "openfoam_ascii.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    run = fw.read(tmp_path / "ascii", fields=["U", "p"])
    assert run.U.dims == ("time", "cell", "U_component")
    assert run.U_component.values.tolist() == ["x", "y", "z"]
    assert set(run.data_vars) == {"U", "p"}
    assert run.cell_x.shape == (24,)
    assert run.time.values.tolist() == [0.015, 0.03]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda runs: np.savez(runs / "run_5.npz", x=2.0 * X, u=X), "mesh, times and fields.*in 'run_5'"),
        (lambda runs: (runs / "run_5.npz").write_bytes((runs / "run_5.npz").read_bytes()[:200]), "run_5"),
        (lambda runs: np.savez(runs / "run_9.npz", x=X, u=X), "Run 'run_9' must have parameters"),
    ],
    ids=["another mesh", "truncated", "no parameters"],
)
def test_runs_that_do_not_belong_together_are_told(folder: Path, spoil, expected: str) -> None:
    spoil(folder)
    with pytest.raises(fw.FieldwrightError, match=expected):
        fw.read(folder)
