"""Parameter tables against the runs' own files: what differs is found, what merely looks alike is not."""

from __future__ import annotations

import pytest

from fieldwright.data.errors import RunRejected
from fieldwright.data.ingest.checks import check_parameters
from fieldwright.data.ingest.parameters.case_entries import CaseEntry
from fieldwright.data.ingest.parameters.contradictions import (
    contradictions,
    disagreements,
    without_contradictions,
)
from fieldwright.data.ingest.parameters.table import read_table
from fieldwright.data.ingest.sources import RunSource

NU = [0.001, 0.002, 0.003, 0.004, 0.005]


def entries(values, expression="constant/transportProperties: nu"):
    return {f"r{i}": {expression: CaseEntry(expression, value)} for i, value in enumerate(values)}


def rows(values, name="nu"):
    return {f"r{i}": {name: value} for i, value in enumerate(values)}


@pytest.mark.parametrize("factor", [1, 1e3, 1e-6, -1])
@pytest.mark.parametrize("name", ["nu", "viscosity [m2/s]"])
def test_the_run_that_differs_is_found_in_any_unit_of_ten(factor, name):
    own = [factor * value for value in NU]
    own[3] = factor * 0.0015
    (one,) = contradictions(rows(NU, name), entries(own))
    assert one.runs == {"r3": (0.004, own[3])}
    assert contradictions(rows(NU, name), entries([factor * value for value in NU])) == []


def test_rounded_and_unrelated_numbers_contradict_nothing():
    assert contradictions(rows([0.0329, 0.0202]), entries([0.03291, 0.02019])) == []
    # Two levels agree by chance; a constant agrees with most of a column that hardly varies.
    assert contradictions(rows([1, 2, 1, 2, 1], "U"), entries([1, 2, 1, 2, 2], "a.inp: *STATIC[0]")) == []
    assert contradictions(rows([1, 1, 1, 1, 2], "U"), entries([1, 1, 1, 1, 1], "a.inp: *STATIC[0]")) == []
    # An entry that follows the column wholly is the parameter's own.
    both = {
        run: {**row, **entries([1, 2, 3, 4, 9], "b.inp: *DENSITY[0]")[run]}
        for run, row in entries(NU).items()
    }
    assert contradictions(rows(NU), both) == []


def test_a_table_sorted_otherwise_than_the_runs_is_named_not_corrected():
    assert contradictions(rows(NU), entries(NU[::-1])) == []
    (sentence,) = disagreements(rows(NU), entries(NU[::-1]))
    assert (
        "differs from the runs' own 'constant/transportProperties: nu' in 4 of 5 runs, first in 'r0'"
        in sentence
    )
    assert "0.001 and 0.005" in sentence
    assert disagreements(rows(NU), entries(NU)) == []
    assert disagreements(rows(NU), entries([1e6 * one for one in NU[::-1]])) == []


def test_a_run_with_another_value_in_its_files_is_rejected_with_both(tmp_path):
    text = "run,k [W/(m K)],q\n"
    for i, k in enumerate([367.9, 380.0, 391.5, 402.0]):
        folder = tmp_path / f"run_{i}"
        folder.mkdir()
        (folder / "params.edp").write_text(f"real k={k if i != 2 else 393.5};   // W/(m K)\n")
        text += f"run_{i},{k},{i}\n"
    (tmp_path / "params.csv").write_text(text)
    sources = [RunSource(f"run_{i}", tmp_path / f"run_{i}") for i in range(4)]
    table = read_table(tmp_path / "params.csv", {"k": None, "q": None}, "run", [one.name for one in sources])
    checked = without_contradictions(table, sources, "params.csv")
    assert checked.runs == ("run_0", "run_1", "run_3")
    with pytest.raises(
        RunRejected, match=r"k = 391.5 in 'params.csv' and 393.5 in its own 'params.edp: k'"
    ) as error:
        check_parameters("run_2", checked)
    assert error.value.reason == "contradicting parameters"
