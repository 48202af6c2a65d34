"""Cells, units, ids and rows of parameter tables: a bad cell costs one run, and what is read is what was written."""

from __future__ import annotations

import numpy as np
import pytest
from openpyxl import Workbook

from fieldwright.data.errors import RunRejected, StudyError
from fieldwright.data.ingest.checks import check_parameters
from fieldwright.data.ingest.parameters.run_ids import matched_ids
from fieldwright.data.ingest.parameters.table import read_table
from fieldwright.data.ingest.parameters.table_search import find_table

COLUMNS = {"U": None, "nu": None}


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "cell", ["", "n/a", "N/A", "nan", "-", "null", "#N/A", "?", "inf", "tbd", "1.#QNAN", "none"]
)
def test_a_cell_without_a_number_costs_its_run_alone_and_keeps_the_parameter(tmp_path, cell):
    path = write(tmp_path / "p.csv", f"case,U,nu\nr1,1,2\nr2,1.5,{cell}\nr3,2,3\nr4,2,4\n")
    table = read_table(path, COLUMNS, "case")
    assert table.runs == ("r1", "r3", "r4")
    got = f"'{cell}'" if cell else "no value"
    with pytest.raises(
        RunRejected, match=rf"Got row 3 of 'p.csv' has {got.replace('?', '.')} in column 'nu'"
    ):
        check_parameters("r2", table)
    (tmp_path / "runs").mkdir()
    found = find_table(tmp_path / "runs", ["r1", "r2", "r3", "r4"])
    assert list(found.columns) == ["U", "nu"]
    assert any("row 3 of 'p.csv'" in note and "'r2' will be rejected" in note for note in found.notes)


def test_rows_are_counted_as_the_file_has_them(tmp_path):
    path = write(tmp_path / "p.csv", "# made by hand\n\ncase,U [m/s],nu\n-,m,cSt\nr1,1,2 # good\n\nr2,,3\n")
    table = read_table(path, COLUMNS, "case")
    assert table.units == ("m/s", "cSt")
    assert table.row("r1") == {"U": 1, "nu": 2}
    assert table.problems["r2"] == "row 7 of 'p.csv' has no value in column 'U'"


@pytest.mark.parametrize(
    "units",
    ["-;K;1/m", ";[K];[1/m]", "units;K;1/m", "[-];(K);(1/m)", "Einheit;K;1/m"],
)
def test_a_row_of_units_is_one_for_every_reader_of_the_table(tmp_path, units):
    path = write(tmp_path / "p.csv", f"run;a;b\n{units}\nrun_1;56,0639;3,8\nrun_2;22,9;0,5\nrun_3;38,0;1,9\n")
    table = read_table(path, {"a": None, "b": None}, "run")
    assert (table.units, table.runs) == (("K", "1/m"), ("run_1", "run_2", "run_3"))
    assert table.row("run_1") == {"a": 56.0639, "b": 3.8}
    (tmp_path / "runs").mkdir()
    assert find_table(tmp_path / "runs", ["run_1", "run_2"]).columns == {"a": "K", "b": "1/m"}


def test_excel_has_rows_of_units_and_missing_cells_too(tmp_path):
    book = Workbook()
    for row in (["case", "U", "nu"], ["-", "m/s", "m2/s"], [1, 0.5, "n/a"], [2, 1.5, 2.0], [3, "1,5", 3.0]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    table = read_table(tmp_path / "p.xlsx", COLUMNS, "case")
    assert table.units == ("m/s", "m2/s")
    assert table.row("3") == {"U": 1.5, "nu": 3}
    assert table.problems == {"1": "row 3 of 'p.xlsx' has 'n/a' in column 'nu'"}


def test_a_first_run_without_values_is_no_row_of_units(tmp_path):
    table = read_table(write(tmp_path / "p.csv", "case,U,nu\nr1,n/a,n/a\nr2,1,2\nr3,2,3\n"), COLUMNS)
    assert table.problems.keys() == {"r1"}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('case,U,nu\nr1,"1,013.5","12,000"\nr2,2,3\n', [1013.5, 12000]),
        ("case;U;nu\nr1;1.013,5;12.000\nr2;2;3\n", [1013.5, 12000]),
        ("case,U,nu\nr1,1.0D+02,2d-3\nr2,2,3\n", [100, 2e-3]),
        ("case|U|nu\nr1|1.5|2\nr2|2|3\n", [1.5, 2]),
        ("case U nu\nr1 1.5 2\nr2 2 3\n", [1.5, 2]),
        ("case,U,nu,\nr1,1.5,2,\nr2,2,3,\n", [1.5, 2]),
        ("case,U,nu\nr1,1.5,2,,\nr2,2,3,,\n,,,,\n", [1.5, 2]),
    ],
)
def test_numbers_and_separators_of_every_kind(tmp_path, text, right):
    for encoding in ("utf-8", "utf-16"):
        table = read_table(write(tmp_path / "p.csv", text, encoding), COLUMNS, "case")
        np.testing.assert_array_equal(table.values[0], right)
        assert table.runs == ("r1", "r2")


def test_columns_of_one_name_are_kept_apart_and_never_taken_for_another(tmp_path):
    path = write(tmp_path / "p.csv", "run,U [m/s],p,U [km/h]\nr1,1,2,3.6\nr2,3,4,8\n")
    table = read_table(path, {"U [m/s]": None, "U [km/h]": None}, "run")
    assert table.values.tolist() == [[1, 3.6], [3, 8]]
    assert table.units == ("m/s", "km/h")
    with pytest.raises(StudyError, match=r"columns run, U \[m/s\], p, U \[km/h\]"):
        read_table(path, {"U": None}, "run")
    with pytest.raises(StudyError, match=r"columns run, U \(1\), U \(2\)"):
        read_table(write(tmp_path / "q.csv", "run,U,U\nr1,1,2\n"), {"U": None}, "run")


@pytest.mark.parametrize(
    ("ids", "runs"),
    [
        (["1", "2", "10"], ["run_1", "run_2", "run_10"]),
        (["1", "2", "10"], ["run_01", "run_02", "run_10"]),
        (["1", "2", "10"], ["case-1", "case-2", "case-10"]),
        (["1.0", "2.0", "10.0"], ["run_1", "run_2", "run_10"]),
        (["001", "002", "010"], ["1", "2", "10"]),
        (["Run 1", "Run 2", "Run 10"], ["run_001", "run_002", "run_010"]),
        (["case-1", "case-2", "case-10"], ["1", "2", "10"]),
        (["runs/a.vtu", "runs/b.vtu", "c.vtu"], ["a", "b", "c"]),
        (["1", "2", "10"], ["mesh2_run1", "mesh2_run2", "mesh2_run10"]),
        (["0", "1", "2"], ["sweep#0", "sweep#1", "sweep#2"]),
    ],
)
def test_ids_match_runs_by_name_and_number(ids, runs):
    assert matched_ids(ids, runs) == dict(zip(ids, runs, strict=True))
    assert matched_ids(ids[::-1], runs) == dict(zip(ids, runs, strict=True))


@pytest.mark.parametrize(
    ("ids", "runs"),
    [
        (["0", "1", "2"], ["run_1", "run_2", "run_3"]),
        (["1", "2"], ["U1_nu2", "U2_nu1"]),
        (["1", "2"], ["fine", "coarse"]),
        (["run_1", "run_2"], ["case_1", "case_2"]),
        (["1", "01"], ["run_1"]),
        (["1"], ["run_1", "run_01"]),
    ],
)
def test_ids_that_may_mean_another_run_match_none(ids, runs):
    assert matched_ids(ids, runs) == {}


def test_rows_go_to_the_runs_of_their_number_with_a_note(tmp_path):
    path = write(tmp_path / "p.csv", "id,U,nu\n1,1,2\n2,3,4\n7,5,6\n")
    table = read_table(path, COLUMNS, "id", ["run_01", "run_02"])
    assert table.row("run_02") == {"U": 3, "nu": 4}
    assert table.notes == (
        "rows of 'p.csv' by the numbers of the runs: 1 is run_01, 2 is run_02",
        "rows of 'p.csv' without a run of that name: 7",
    )


def test_a_column_of_whole_values_is_not_taken_for_ids(tmp_path):
    write(tmp_path / "p.csv", "fins,U\n1,10\n2,20\n3,30\n")
    (tmp_path / "runs").mkdir()
    assert find_table(tmp_path / "runs", ["run_1", "run_2", "run_3"]) is None


def test_index_and_remarks_are_no_parameters(tmp_path):
    write(tmp_path / "p.csv", ",run,U,remark\n0,a,10,\n1,b,20,2\n2,c,30,coarse\n")
    (tmp_path / "runs").mkdir()
    found = find_table(tmp_path / "runs", ["a", "b", "c"])
    assert (found.run_column, list(found.columns)) == ("run", ["U"])
    assert found.notes == ("column 'remark' of 'p.csv' left out: numbers for 1 of 3 runs",)
