"""Cells, rows and columns of point tables that are not plain numbers: nothing shifts, vanishes or changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats import reader_for, reader_named

NAN = np.nan


def table(tmp_path: Path, text: str, encoding: str = "utf-8", name: str = "points.csv") -> Path:
    (tmp_path / name).write_bytes(text.encode(encoding))
    return tmp_path / name


def read(path: Path):
    return reader_for(path).read(path)


def values(run, name: str) -> list[float]:
    return run.fields[name].values[0, :, 0].tolist()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize(
    "cell",
    [
        "-nan(ind)",
        "null",
        "N/A",
        "n.a.",
        "NaN",
        "-1.#IND",
        "1.#QNAN",
        "********",
        "#N/A",
        "-",
        "<NA>",
        "none",
    ],
)
def test_a_cell_without_a_number_in_the_first_rows_costs_no_row(tmp_path, separator, cell):
    rows = [["x", "y", "p", "T"], ["0", "0", cell, "300"], ["0.5", "0", cell, "300"], ["1", "0", "2", "301"]]
    run = read(table(tmp_path, "\n".join(map(separator.join, rows)) + "\n"))
    assert run.mesh.points[:, 0].tolist() == [0, 0.5, 1]
    np.testing.assert_array_equal(values(run, "p"), [NAN, NAN, 2])
    assert values(run, "T") == [300, 300, 301]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_an_empty_cell_has_no_number_wherever_it_stands(tmp_path, separator, place):
    rows = [["p", "x", "q", "r"], ["1", "0", "5", "7"], ["2", "1", "6", "8"]]
    rows[1][place] = ""
    path = table(tmp_path, "\n".join(map(separator.join, rows)) + "\n")
    if place == 1:
        with pytest.raises(ReadError, match=r"finite coordinates. Got '' in row 2, column 'x'"):
            read(path)
        return
    run = read(path)
    for i, name in ((0, "p"), (2, "q"), (3, "r")):
        np.testing.assert_array_equal(
            values(run, name), [NAN if i == place else float(rows[1][i]), float(rows[2][i])]
        )


def test_rows_that_lack_and_exceed_by_the_same_number_of_cells_do_not_shift(tmp_path):
    with pytest.raises(ReadError, match="2 cells in row 2"):
        read(table(tmp_path, "x,y,p\n0,0\n1,0,5,6\n2,0,7\n"))
    with pytest.raises(ReadError, match="3 cells in row 2"):
        read(table(tmp_path, "x y p q\n0 0 1\n1 0 5 6 7\n2 0 7 8\n"))


@pytest.mark.parametrize(
    "text",
    [
        "x,y,p\n0,0,1 # at the inlet, left\n1,0,2\n",
        "x,y,p\n0,0,1# inlet\n# between\n1,0,2 // outlet\n",
        "x;y;p\n0;0;1 ! inlet; left\n1;0;2;\n",
        "# x y p\n0 0 1 % the inlet\n\n1 0 2\n",
        "x,y,p,\n0,0,1,\n1,0,2,\n,,,\n",
        '"x","y","p"\n"0","0","1"\n"1","0","2"\n',
        "x,y,p\r\n0,0,1\r\nx,y,p\r\n1,0,2\r\n",
        "x,y,p\n0,0,1.0D+00\n1,0,0.2d1\n",
    ],
    ids=["remark", "remarks", "semicolon", "blanks", "empty column", "quoted", "header again", "Fortran"],
)
def test_remarks_quotes_and_empty_columns_change_no_value(tmp_path, text):
    run = read(table(tmp_path, text))
    assert run.mesh.points.tolist() == [[0, 0, 0], [1, 0, 0]]
    assert {name: values(run, name) for name in run.fields} == {"p": [1, 2]}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("x;p\n0.0;1,013\n0.5;101,325\n", [1013, 101325]),
        ("x;p\n0,0;1.013\n0,5;101.325\n", [1013, 101325]),
        ('x,p\n0.0,"1,013"\n0.5,"101,325.5"\n', [1013, 101325.5]),
        ("x;p\n0,0;1.013.250,5\n0,5;-2.000\n", [1013250.5, -2000]),
        ("x\tp\n0.5\t1'013.25\n1\t12'000\n", [1013.25, 12000]),
        ("x;p\n0,5;1\u202f013,25\n1;12 000\n", [1013.25, 12000]),
        ('x,p\n"0,5","1,25"\n"1,5","-2,5e3"\n', [1.25, -2500]),
        ("x,p\n0,1.013\n1,2.500\n", [1.013, 2.5]),
        ("x;p\n0;1.013\n1;2.500\n", [1.013, 2.5]),
        ("x p\n0 1.5-101\n1 2.5+002\n", [1.5e-101, 250]),
        ("x;p\n0,5;1,5\n1.5;2\n", [1.5, 2]),
        ("id;x;y;p\n1;0,1;0,2;1.234,5\n2;0,3;0,4;999,5\n", [1234.5, 999.5]),
    ],
)
def test_marks_of_decimals_and_thousands_are_told_apart_by_the_whole_file(tmp_path, text, right):
    assert values(read(table(tmp_path, text)), "p") == right


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x;p\n0;1,013\n1;101,325\n", r"'1,013', which may be 1013 or 1.013"),
        ("x;p\n0;950\n1;1.013\n", r"'1.013', which may be 1.013 or 1013"),
        ("x;p\n0,5;1,013\n1.5;101,325\n", r"'1,013', which may be"),
        ('x,y,p\n0,0,"1,013"\n1,0,"2,500"\n', r"'1,013', which may be 1013 or 1.013"),
        ('x,p\n0,"1,01,325"\n1,2\n', r"'1,01,325' in row 2, column 'p'"),
    ],
)
def test_what_may_be_thousands_or_decimals_is_refused_with_both_values(tmp_path, text, sentence):
    with pytest.raises(ReadError, match=sentence):
        read(table(tmp_path, text))


def test_columns_of_one_name_are_kept_apart(tmp_path):
    run = read(table(tmp_path, "x,p,p\n0,1,5\n1,2,6\n"))
    assert {n: values(run, n) for n in run.fields} == {"p (1)": [1, 2], "p (2)": [5, 6]}
    assert any("2 columns are named 'p'" in note for note in run.notes)
    run = read(table(tmp_path, "x [m],T [K],T [C]\n0,300,27\n1,301,28\n"))
    assert {n: values(run, n) for n in run.fields} == {"T [K]": [300, 301], "T [C]": [27, 28]}
    assert run.fields["T [C]"].unit == "C"
    # A magnitude beside the components, and components in other units, are no vector of that name.
    run = read(table(tmp_path, "x,U,U_x,U_y\n0,5,3,4\n1,5,4,3\n"))
    assert {n: values(run, n) for n in run.fields} == {"U": [5, 5], "U_x": [3, 4], "U_y": [4, 3]}
    run = read(table(tmp_path, "x,U_x [m/s],U_y [mm/s]\n0,3,4\n1,4,3\n"))
    assert list(run.fields) == ["U_x", "U_y"]


@pytest.mark.parametrize("text", ["x,y,x,p\n0,0,9,1\n", "X [m],y,x [mm],p\n0,0,9,1\n"])
def test_a_coordinate_in_two_columns_is_refused_with_their_names(tmp_path, text):
    with pytest.raises(ReadError, match=r"one column. Got 2 columns: [xX].*, x"):
        read(table(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        ",x,y,p\n0,0,0,1\n1,1,0,2\n",
        "Unnamed: 0,x,y,p\n0,0,0,1\n1,1,0,2\n",
        "index\tx\ty\tp\n7\t0\t0\t1\n9\t1\t0\t2\n",
        '"x","y","p"\n"1",0,0,1\n"2",1,0,2\n',
        "   x  y  p\n0  0  0  1\n1  1  0  2\n",
    ],
    ids=["pandas", "pandas twice", "index", "R", "pandas as text"],
)
def test_numbers_of_rows_are_no_field(tmp_path, text):
    run = read(table(tmp_path, text))
    assert run.mesh.points.tolist() == [[0, 0, 0], [1, 0, 0]]
    assert {name: values(run, name) for name in run.fields} == {"p": [1, 2]}
    assert any("numbers the rows" in note for note in run.notes)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (
            "Node Number\tX Location (m)\tY Location (m)\tZ Location (m)\tTotal Deformation (m)\n"
            "1\t0,\t0,\t1,e-002\t1,5e-003\n2\t1,\t0,\t1,e-002\t2,5e-003\n",
            "m",
        ),
        (
            "ODB Name,Step,Part Instance Name,Node Label,X,Y,Z,Total Deformation\n"
            " b.odb, Step-1, PLATE-1, 1, 0., 0., 1.E-02, 1.5E-03\n"
            " b.odb, Step-1, PLATE-1, 2, 1., 0., 1.E-02, 2.5E-03\n",
            None,
        ),
        (
            '"Total Deformation (m)","Part","COORD-COOR1","COORD-COOR2","COORD-COOR3"\n'
            '0.0015,"Part 1",0,0,0.01\n0.0025,"Part 1",1,0,0.01\n',
            "m",
        ),
        ('"Total Deformation (m)","X (m)","Y (m)","Z (m)"\n0.0015,0,0,0.01\n0.0025,1,0,0.01\n', "m"),
        ("X (m) Y (m) Z (m) Total_Deformation (m)\n0 0 0.01 0.0015\n1 0 0.01 0.0025\n", "m"),
        ("Points_0,Points_1,Points_2,Total Deformation\n0,0,0.01,0.0015\n1,0,0.01,0.0025\n", None),
    ],
    ids=["Mechanical", "Abaqus", "Abaqus report", "STAR-CCM+", "blanks in titles", "ParaView 5.12"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-8-sig", "cp1252"])
def test_exports_of_programs_in_every_encoding(tmp_path, text, unit, encoding):
    run = read(table(tmp_path, text, encoding, "export.txt"))
    assert run.mesh.points.tolist() == [[0, 0, 0.01], [1, 0, 0.01]]
    (name,) = run.fields
    assert name.replace("_", " ") == "Total Deformation"
    assert values(run, name) == [0.0015, 0.0025]
    assert run.fields[name].unit == unit


def test_words_among_numbers_are_refused_and_columns_of_words_left_out(tmp_path):
    run = read(table(tmp_path, "x,part,p\n0,wall,1\n1,wall,2\n2,,3\n"))
    assert list(run.fields) == ["p"]
    assert "part left out: text, 2 different" in run.notes
    run = read(table(tmp_path, "Part,Node,X,Y,p\nA,1,0,0,1\nB,2,1,0,2\n"))
    assert {name: values(run, name) for name in run.fields} == {"p": [1, 2]}
    with pytest.raises(ReadError, match=r"'wall' in row 2, column 'p'"):
        read(table(tmp_path, "x,p\n0,wall\n1,2\n"))


def test_a_table_of_parameters_with_a_column_x_is_no_table_of_points(tmp_path):
    for text in ("case,x,U\na,0.1,3\nb,0.2,3\n", "run,x,U\n1,0.1,3\n2,0.2,3\n", "run,x\nr1,2\n"):
        assert not reader_named("csv").accepts(table(tmp_path, text))


def test_a_last_row_cut_short_is_truncated(tmp_path):
    with pytest.raises(TruncatedError, match="1 cells in row 3"):
        read(table(tmp_path, "x;p\n0;-nan(ind)\n1\n"))


def test_times_of_other_numbers_of_points_are_refused(tmp_path):
    with pytest.raises(ReadError, match="1 at one time and 2 at another"):
        read(table(tmp_path, "t,x,p\n0,0,1\n0,1,1\n1,0,2\n"))
    with pytest.raises(ReadError, match="All times"):
        read(table(tmp_path, "t,x,p\n0,0,1\nn/a,1,1\n"))
