"""What `fieldwright new` writes runs, unedited, to a champion: sweeps made here and those with real result files."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fieldwright.data.ingest.inspection import inspect_path
from fieldwright.data.ingest.timebase import proposed_rule
from fieldwright.flows.cli import app
from fieldwright.flows.report import PipelineReport
from fieldwright.flows.runs.inspection.first_fields import omitted_fields
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.workflow import run_study

ARCHIVES = Path(__file__).parents[2] / ".." / "shared" / "data" / "runs"
PLACES = np.linspace(0.0, 1.0, 12)


def champion_of(folder: Path, *words: str) -> tuple[Study, PipelineReport]:
    """The study that `new` writes for the folder, and what its pipeline reports."""
    path = folder.parent / "written.toml"
    command = ["new", str(folder), "--study", str(path), *words]
    app(command, exit_on_error=False, print_error=False, result_action="return_value")
    report = run_study(str(path))
    assert isinstance(report, PipelineReport)
    return Study.load(path), report


def table(folder: Path, runs: list[str], values: np.ndarray) -> None:
    rows = [f"{run},{a!r},{b!r}" for run, (a, b) in zip(runs, values.tolist(), strict=True)]
    (folder / "params.csv").write_text("run,a,b\n" + "\n".join(rows) + "\n")


def csv_steady(folder: Path, n: int = 10) -> None:
    """One table of points each, and a column that only numbers the points."""
    values = np.random.default_rng(1).uniform(1.0, 2.0, (n, 2))
    runs = [f"case_{i:02d}" for i in range(1, n + 1)]
    for run, (a, b) in zip(runs, values, strict=True):
        rows = [f"{x},{a * x + b * x * x},{k}" for k, x in enumerate(PLACES)]
        (folder / f"{run}.csv").write_text("x,T,point_id\n" + "\n".join(rows) + "\n")
    table(folder, runs, values)


def npz_steady(folder: Path) -> None:
    """One file per run, parameters in the names."""
    for i, (a, b) in enumerate(np.random.default_rng(2).uniform(1.0, 2.0, (10, 2)).round(3).tolist()):
        np.savez(folder / f"a{a}_b{b}.npz", points=np.stack([PLACES, 0 * PLACES], 1), T=a * PLACES + b, i=i)


def vtu(path: Path, time_fields: dict[str, Any]) -> None:
    import meshio

    path.parent.mkdir(parents=True, exist_ok=True)
    points = np.stack([PLACES, 0 * PLACES, 0 * PLACES], 1)
    lines = np.stack([np.arange(11), np.arange(1, 12)], 1)
    meshio.Mesh(points, {"line": lines}, point_data=time_fields).write(path)


def foam_like(ends: Callable[[int], int], folder: Path, n: int = 10) -> None:
    """Transients that settle, as PVD collections that tell their times, with an end of its own for each run."""
    values = np.random.default_rng(3).uniform(1.0, 2.0, (n, 2))
    runs = [f"run_{i}" for i in range(1, n + 1)]
    for i, (run, (a, b)) in enumerate(zip(runs, values, strict=True)):
        entries = []
        for k in range(1, ends(i) + 1):
            vtu(
                folder / run / f"s_{k}.vtu",
                {"T": a * PLACES * (1 - np.exp(-k)) + b, "u": a + b * PLACES * (1 - np.exp(-k))},
            )
            entries.append(f'<DataSet timestep="{0.5 * k}" file="s_{k}.vtu"/>')
        (folder / run / "all.pvd").write_text(
            f'<VTKFile type="Collection"><Collection>{"".join(entries)}</Collection></VTKFile>'
        )
    table(folder, runs, values)


def one_field_of_some(folder: Path) -> None:
    """A field that three of ten runs lack, and one that is NaN everywhere."""
    values = np.random.default_rng(4).uniform(1.0, 2.0, (10, 2))
    runs = [f"run_{i}" for i in range(1, 11)]
    for i, (run, (a, b)) in enumerate(zip(runs, values, strict=True)):
        fields = {"T": a * PLACES + b, "undefined": np.full(12, np.nan)}
        vtu(folder / run / "r.vtu", fields if i in (3, 5, 8) else {**fields, "extra": PLACES * a})
    table(folder, runs, values)


SWEEPS: dict[str, tuple[Callable[[Path], None], str, set[str], int]] = {
    "tables of points": (csv_steady, "", {"T"}, 10),
    "numpy by names": (npz_steady, "", {"T"}, 10),
    "few runs": (lambda folder: csv_steady(folder, 5), "", {"T"}, 5),
    "equal times": (lambda folder: foam_like(lambda i: 6, folder), "exact", {"T", "u"}, 10),
    "ends that differ a little": (
        lambda folder: foam_like(lambda i: 20 + i % 2, folder),
        "overlap",
        {"T", "u"},
        10,
    ),
    "ends that differ": (lambda folder: foam_like(lambda i: 6 + 4 * (i % 3), folder), "last", {"T", "u"}, 10),
    "fields of some runs": (one_field_of_some, "", {"T"}, 10),
}


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind == "ends that differ" else pytest.mark.slow) for kind in SWEEPS],
)
def test_a_sweep_goes_from_new_to_a_champion_unedited(kind: str, tmp_path: Path) -> None:
    make, rule, fields, accepted = SWEEPS[kind]
    folder = tmp_path / "heater" / "runs"
    folder.mkdir(parents=True)
    make(folder)
    study, report = champion_of(folder, "--candidates", "bayes")
    assert study.name == "heater"
    assert set(study.fields) == fields
    assert len(report.ingested.accepted) == accepted
    assert report.ingested.rejected == ()
    assert not rule or study.time.rule == rule
    assert report.promoted, report.why


def test_a_single_transient_run_becomes_a_forecast(tmp_path: Path) -> None:
    times = 0.1 * np.arange(60)
    turn = 2 * np.pi * (times[:, None] * 0.9 - PLACES)
    points = np.stack([PLACES, 0 * PLACES], 1)
    np.savez(tmp_path / "wake.npz", points=points, times=times, u=np.sin(turn)[..., None])
    study, report = champion_of(tmp_path / "wake.npz", "--candidates", "dmd")
    assert (study.runs.minimum, study.parameters.columns) == (1, {})
    assert (study.time.history, study.time.horizon) == (6, 7)
    assert report.promoted, report.why
    assert report.evaluations[0].relative_l2["u"] < 1e-2, "one wave is an operator of rank two"


REAL = {
    "of_cavity_sweep": ("bayes", 16, {"U", "p"}),
    "ccx_plate_thermomech": ("bayes", 18, {"DISP", "NDTEMP", "STRESS"}),
    "ff_heatsink_transient": ("bayes", 14, {"Temperature"}),
    "of_cylinder_re100": ("dmd", 1, {"U", "p"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_a_sweep_of_a_real_solver_goes_from_new_to_a_champion_unedited(name: str, tmp_path: Path) -> None:
    archive = ARCHIVES / f"{name}.tar.xz"
    if not archive.exists():
        pytest.skip(f"{archive} is not there: it comes with the project's shared data")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir() and path.name != "home")
    candidate, accepted, fields = REAL[name]
    study, report = champion_of(folder, "--candidates", candidate)
    assert set(study.fields) == fields
    assert len(report.ingested.accepted) == accepted
    assert report.promoted, report.why


def test_times_decide_the_rule() -> None:
    same, early = np.arange(1.0, 11.0), np.arange(1.0, 5.0)
    assert proposed_rule([same] * 20)[0].rule == "exact"
    assert proposed_rule([same * 1.00001, *[same] * 19])[0].rule == "exact", "nearly the same"
    assert proposed_rule([*[same] * 19, early])[0].rule == "exact", "one run stopped early"
    assert proposed_rule([np.append(same, 10.5), *[same] * 9])[0].rule == "overlap"
    assert proposed_rule([np.linspace(0, 10, 21 + k) for k in range(9)])[0].rule == "overlap", (
        "steps of their own"
    )
    rule, why = proposed_rule([np.linspace(0, 10 + k, 21) for k in range(20)])
    assert (rule.rule, "10 to 29" in why) == ("last", True)
    assert proposed_rule([None, None])[0].rule == "exact"


def test_fields_that_nobody_asked_for_stay_in_the_file_as_remarks(tmp_path: Path) -> None:
    one_field_of_some(tmp_path)
    reasons = omitted_fields(inspect_path(tmp_path))
    assert re.search(r"3 of 10 runs, such as run_4", reasons["extra"])
    assert "not finite" in reasons["undefined"]
    assert "T" not in reasons
    path = tmp_path / "study.toml"
    app(["new", str(tmp_path), "--study", str(path)], exit_on_error=False, result_action="return_value")
    assert "# undefined = {}  # left out: not finite" in path.read_text()
