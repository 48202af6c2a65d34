"""`suggest` and `learn` on a study: what they write, and one sentence where they cannot."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import FieldwrightError, StudyError
from fieldwright.data.ingest.parameters.table import read_table
from fieldwright.flows.commands.learning_curve import study_learning_curves, write_curves
from fieldwright.flows.commands.suggest import suggest_runs, write_suggestion
from fieldwright.flows.runs.parameter_space import next_names
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.study_report.learning_curves import drawn_curves
from fieldwright.flows.tracking.mlflow_runs import Tracking


def with_ranges(path, modulus="minimum = 5.0, maximum = 9.0", constraints=()):
    text = path.read_text().replace(
        'columns = { load = { unit = "N" }, modulus = { unit = "Pa" } }',
        'columns = { load = { unit = "N", minimum = 1.0, maximum = 3.0 }, '
        f'modulus = {{ unit = "Pa", {modulus} }} }}'
        f"\nconstraints = {list(constraints)!r}",
    )
    path.write_text(text)
    return Study.load(path)


def without_runs(make_study):
    path = make_study(1)
    shutil.rmtree(path.parent / "runs")
    return path


def test_the_next_runs_are_written_as_the_table_is(make_study, tmp_path):
    path = make_study(12)
    table = tmp_path / "runs" / "parameters.csv"
    table.write_text(table.read_text().replace("load,modulus", "load [N],modulus [Pa]"))
    study = with_ranges(path, constraints=["load * modulus <= 15"])
    found = suggest_runs(study, 3, "variance")
    assert found.runs.shape == (12, 2)
    assert (found.x.prod(axis=1) <= 15.0).all()
    out = tmp_path / "next.csv"
    write_suggestion(study, found, out, Console(quiet=True))
    with out.open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["run", "load [N]", "modulus [Pa]"]
    assert [row[0] for row in rows[1:]] == ["run_0013", "run_0014", "run_0015"]
    again = read_table(out, {"load": None, "modulus": None}, "run")
    np.testing.assert_array_equal(again.values, found.x)
    assert (tmp_path / "suggestion.png").read_bytes()[:4] == b"\x89PNG"


def test_without_ranges_it_stays_within_the_runs(make_study):
    study = Study.load(make_study(10))
    found = suggest_runs(study, 4, "error")
    assert (found.x >= found.runs.min(axis=0)).all()
    assert (found.x <= found.runs.max(axis=0)).all()


def test_a_first_design_is_continued_while_runs_are_few(make_study):
    none = with_ranges(without_runs(make_study))
    first = suggest_runs(none, 4, "variance")
    assert "0 accepted runs cannot tell" in first.note
    np.testing.assert_array_equal(suggest_runs(none, 8, "variance").x[:4], first.x)


def test_one_run_continues_the_first_design(make_study):
    study = with_ranges(make_study(1))
    one = suggest_runs(study, 3, "variance")
    assert "1 accepted run cannot tell" in one.note
    assert len(one.x) == 3


@pytest.mark.parametrize(
    ("runs", "modulus", "constraints", "said"),
    [
        (0, "minimum = 5.0", (), r"'modulus' must have a 'minimum' and a 'maximum'\. Got only one of them"),
        (10, "minimum = 9.0, maximum = 5.0", (), "'minimum' of parameter 'modulus' must be"),
        (10, "minimum = 5.0, maximum = 9.0", ("load * modulus <= 1",), "must leave room"),
        (10, "minimum = 5.0, maximum = 9.0", ("lod <= 1",), "Did you mean 'load'"),
    ],
)
def test_what_cannot_be_suggested_is_one_sentence(make_study, runs, modulus, constraints, said):
    path = make_study(runs) if runs else without_runs(make_study)
    with pytest.raises(StudyError, match=said):
        suggest_runs(with_ranges(path, modulus, constraints), 2, "variance")


def test_no_runs_wanted(make_study):
    with pytest.raises(StudyError, match=r"at least 1\. Got 0\. Give -n 8"):
        suggest_runs(Study.load(make_study(10)), 0, "variance")


def test_names_go_on():
    assert next_names(["run_0008", "run_0009"], 2) == ["run_0010", "run_0011"]
    assert next_names([], 1) == ["run_0001"]
    assert next_names(["a", "case7"], 1) == ["case8"]


@pytest.mark.slow
def test_the_learning_curve_tells_the_runs_for_a_wanted_error(make_study, tmp_path):
    study = Study.load(make_study(24, more="[promotion]\nmax_error = { stress = 1e-4 }"))
    label, curves = study_learning_curves(study, "bayes", 3)
    assert label == "bayes"
    assert curves["stress"].errors.shape == (6, 3)
    picture = tmp_path / "curve.png"
    console = Console(record=True, width=120, file=(tmp_path / "said.txt").open("w"))
    write_curves(study, label, curves, picture, console)
    assert picture.exists()
    said = console.export_text()
    assert "stress to 0.0001: " in said
    assert "falls like" in said
    tracking = Tracking.of(study)
    drawn = drawn_curves(tracking, "bayes", {"stress", "displacement"}, study.seed)
    np.testing.assert_array_equal(drawn["stress"].errors, curves["stress"].errors)
    assert drawn["stress"].forecast(1e-4) == curves["stress"].forecast(1e-4)
    assert drawn_curves(tracking, "gp", {"stress", "displacement"}, study.seed) == {}
    assert drawn_curves(tracking, "bayes", {"stress"}, study.seed) == {}


def test_a_curve_needs_runs(make_study):
    with pytest.raises(FieldwrightError, match="takes 9 accepted runs"):
        study_learning_curves(Study.load(make_study(5)), "bayes", 3)
