"""Parameter tables in every form that users keep them in, and every mistake they make in them."""

import json

import numpy as np
import pytest
from openpyxl import Workbook

from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.parameters.table import read_table, table_from_rows

COLUMNS = {"U": "m/s", "nu": "m2/s"}


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "case,U,nu\nr1,0.5,1e-3\nr2,1.5,2e-3\n",
        "case;U;nu\nr1;0,5;1e-3\nr2;1,5;0,002\n",
        "case\tnu\tU\nr1\t1e-3\t0,5\nr2\t2e-3\t1.5\n",
        "\ufeff# a comment\nU [m/s],case,nu\n0.5,r1,0.001\n\n1.5,r2,0.002\n",
        '"case","U","nu"\n"r1","0.5","0.001"\n"r2","1.5","0.002"\n',
    ],
    ids=["comma", "semicolon and decimal comma", "tab", "byte order mark and units", "quoted"],
)
def test_every_csv_gives_the_same_table(tmp_path, text):
    table = read_table(write(tmp_path / "p.csv", text), COLUMNS, "case")
    assert (table.names, table.units, table.runs) == (("U", "nu"), ("m/s", "m2/s"), ("r1", "r2"))
    np.testing.assert_array_equal(table.values, [[0.5, 1e-3], [1.5, 2e-3]])


def test_excel_and_json_give_the_same_table(tmp_path):
    book = Workbook()
    for row in (["case", "U", "nu"], ["r1", 0.5, 1e-3], ["r2", 1.5, 2e-3]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    rows = [{"case": "r1", "U": 0.5, "nu": 1e-3}, {"case": "r2", "U": 1.5, "nu": 2e-3}]
    write(tmp_path / "list.json", json.dumps(rows))
    write(tmp_path / "object.json", json.dumps({r["case"]: {"U": r["U"], "nu": r["nu"]} for r in rows}))
    for name, run_column in (("p.xlsx", "case"), ("list.json", "case"), ("object.json", None)):
        table = read_table(tmp_path / name, COLUMNS, run_column)
        assert table.runs == ("r1", "r2")
        np.testing.assert_array_equal(table.values, [[0.5, 1e-3], [1.5, 2e-3]])


def test_the_unit_of_the_header_holds_where_the_study_gives_none(tmp_path):
    path = write(tmp_path / "p.csv", "case,U [m/s],nu (m2/s)\nr1,1,2\n")
    assert read_table(path, {"U": None, "nu": "cSt"}, "case").units == ("m/s", "cSt")


def test_numbers_as_run_names_match_folders_of_that_name(tmp_path):
    book = Workbook()
    for row in (["case", "U", "nu"], [1, 0.5, 1.0], [2, 1.5, 2.0]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    assert read_table(tmp_path / "p.xlsx", COLUMNS, "case").row("2") == {"U": 1.5, "nu": 2.0}


def test_an_empty_cell_leaves_that_run_out_and_says_why(tmp_path):
    table = read_table(write(tmp_path / "p.csv", "case,U,nu\nr1,,2\nr2,1,2\n"), COLUMNS)
    assert table.runs == ("r2",)
    assert table.row("r1") is None
    assert table.problems["r1"] == "row 2 of 'p.csv' has no value in column 'U'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case,V,nu\nr1,1,2\n", r"must have a column 'U'. Got the columns case, V, nu"),
        ("case,U_lid,nu\nr1,1,2\n", r"Did you mean 'U_lid'"),
        ("case,U,nu\nr1,fast,2\n", r"finite numbers. Got row 2 of 'p.csv' has 'fast' in column 'U'"),
        ("case,U,nu\nr1,1,inf\n", r"Got row 2 of 'p.csv' has 'inf' in column 'nu'"),
        ("case,U,nu\nr1,1,2\nr1,1,3\n", r"one row in 'p.csv'. Got 'r1' again in row 3"),
        ("case,U,nu\nr1,1\n", r"the 3 cells of the header. Got 2 cells in row 2"),
        ("case,U,nu\n", r"must hold one row per run. Got no row"),
        ("", r"must hold a header and rows. Got an empty file"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path, text, message):
    with pytest.raises(StudyError, match=message):
        read_table(write(tmp_path / "p.csv", text), COLUMNS, "case")


def test_a_missing_table_is_a_clear_error(tmp_path):
    with pytest.raises(StudyError, match=r"parameter table must exist.*nowhere.csv"):
        read_table(tmp_path / "nowhere.csv", COLUMNS)


@pytest.mark.parametrize("name", ["p.xlsx", "p.json"])
def test_garbage_is_a_clear_error(tmp_path, name):
    with pytest.raises(StudyError, match=f"'{name}' must be"):
        read_table(write(tmp_path / name, "{ this is neither"), COLUMNS)


def test_what_never_varies_is_found():
    rows = {"r1": {"a": 1.0, "b": 2.0}, "r2": {"a": 1.0, "b": 3.0}}
    assert table_from_rows(rows, {"a": None, "b": None}).constant() == {"a": 1.0}
    assert table_from_rows({"r1": rows["r1"]}, {"a": None, "b": None}).constant() == {}


@pytest.mark.parametrize("title", ["h [W/(m2 K)]", "h (W/(m2 K))", "h[W/(m2 K)]"])
def test_a_unit_with_parentheses_is_read_from_the_header(tmp_path, title):
    path = tmp_path / "table.csv"
    path.write_text(f"run,{title}\na,1.5\n")
    table = read_table(path, {"h": None})
    assert table.names == ("h",)
    assert table.units == ("W/(m2 K)",)
