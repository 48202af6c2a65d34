"""From a folder somebody has to a study that runs: inspect, new, run."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.inspection import inspect_path
from fieldwright.flows.runs.inspection.first_study import first_study
from fieldwright.flows.runs.inspection.inspection_page import print_inspection
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.workflow import run_study


def test_the_first_study_of_a_sweep_with_a_table_runs_as_it_is(make_study: Callable[..., Path]) -> None:
    folder = make_study(n_runs=10).parent
    path = folder / "first.toml"
    path.write_text(first_study(inspect_path(folder / "runs"), folder))
    study = Study.load(path)
    assert study.runs.reader == "vtu"
    assert set(study.parameters.columns) == {"load", "modulus"}
    assert set(study.fields) == {"stress", "displacement"}
    path.write_text(path.read_text() + '[[candidates]]\nkind = "bayes"\n')
    report = run_study(str(path))
    assert len(report.ingested.accepted) == 10
    assert report.promoted


def test_a_file_of_many_runs_becomes_a_study_that_takes_its_parameters_from_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    params = rng.uniform(1.0, 2.0, (12, 2))
    snapshots = params[:, :1] * np.linspace(0.0, 1.0, 40) + params[:, 1:]
    np.savez(tmp_path / "sweep.npz", params=params, snapshots=snapshots)
    path = tmp_path / "study.toml"
    path.write_text(first_study(inspect_path(tmp_path / "sweep.npz"), tmp_path))
    study = Study.load(path)
    assert study.name == "sweep"
    assert study.parameters.in_file
    path.write_text(path.read_text() + '[[candidates]]\nkind = "bayes"\n')
    report = run_study(str(path))
    assert len(report.ingested.accepted) == 12
    assert report.evaluations[0].relative_l2["snapshots"] < 1e-6, "the field is linear in both parameters"


def test_the_page_names_what_a_newcomer_needs(make_study: Callable[..., Path]) -> None:
    folder = make_study(n_runs=4).parent
    page = io.StringIO()
    print_inspection(inspect_path(folder / "runs"), Console(file=page, width=200))
    shown = page.getvalue()
    assert "4 runs, read by 'vtu'" in shown
    assert "49 points, 36 cells" in shown
    assert "Parameter table parameters.csv: load" in shown
    assert "x y z" in shown


def test_a_lone_steady_run_is_no_study(make_study: Callable[..., Path]) -> None:
    folder = make_study(n_runs=1).parent
    with pytest.raises(StudyError, match="one run with 20 or more times in even steps"):
        first_study(inspect_path(folder / "runs" / "run_0001"), folder)
