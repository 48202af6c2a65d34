"""Tables of points as different programs export them; the layouts are those of their documentation."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats import reader_for, reader_named

PINN = Path(__file__).parents[4] / "shared" / "data" / "pinn"


def table(tmp_path: Path, text: str, encoding: str = "utf-8", name: str = "points.csv") -> Path:
    (tmp_path / name).write_bytes(text.encode(encoding))
    return tmp_path / name


def read(path: Path, fields=None):
    return reader_for(path).read(path, fields)


@pytest.mark.parametrize(
    "text",
    [
        "x,y,T [K]\n0,1,293.5\n2,3,-1e2\n",
        "x;y;T [K]\n0;1;293,5\n2;3;-1e2\n",
        "X [m]\tY [m]\tT [K]\n0\t1\t293,5\n2\t3\t-1E+02\n",
        "# made by a solver\nx y T\nm m K\n0 1 293.5\n2 3 -100\n",
        '"Points:0","Points:1","T (K)"\n0,1,293.5\n2,3,-100\n',
        "nodenumber, x-coordinate, y-coordinate, T (K)\n 1, 0.0, 1.0, 293.5\n 2, 2.0, 3.0, -100\n",
        "[Name]\nPlane 1\n\n[Data]\nX [ m ], Y [ m ], T [ K ]\n0, 1, 293.5\n2, 3, -100\n\n[Faces]\n0, 1, 1\n",
        "% Model: rod.mph\n% x            y            T (K)\n0     1    293.5\n2     3   -100\n",
    ],
    ids=[
        "comma",
        "semicolon and decimal comma",
        "tab",
        "row of units",
        "ParaView",
        "Fluent",
        "CFX",
        "COMSOL",
    ],
)
def test_every_programs_table_says_the_same(tmp_path, text):
    run = read(table(tmp_path, text))
    assert run.mesh.points.tolist() == [[0, 1, 0], [2, 3, 0]]
    assert run.fields["T"].values.tolist() == [[[293.5], [-100]]]
    assert run.fields["T"].unit == "K"
    assert run.times is None


def test_components_are_put_together(tmp_path):
    text = "U:0,U:1,U:2,Points:0,Points:1,Points:2,grad_x\n1,2,3,0,0,0,9\n4,5,6,1,0,0,9\n"
    run = read(table(tmp_path, text))
    assert run.fields["U"].values.tolist() == [[[1, 2, 3], [4, 5, 6]]]
    assert run.fields["U"].components == ("x", "y", "z")
    assert list(run.fields) == ["grad_x", "U"]


def test_a_time_column_gives_the_times(tmp_path):
    text = "t,x,u\n0.5,0,1\n0.5,1,2\n0.25,0,3\n0.25,1,4\n"
    run = read(table(tmp_path, text))
    assert run.times.tolist() == [0.25, 0.5]
    assert run.fields["u"].values[..., 0].tolist() == [[3, 4], [1, 2]]
    with pytest.raises(ReadError, match="must be the same at all times"):
        read(table(tmp_path, text.replace("0.25,1", "0.25,7")))


def test_comsols_columns_of_times_are_one_field(tmp_path):
    text = "% x       u (K) @ t=0       u (K) @ t=0.5\n0   1   2\n1   3   4\n"
    run = read(table(tmp_path, text, name="export.txt"))
    assert run.times.tolist() == [0, 0.5]
    assert run.fields["u"].values[..., 0].tolist() == [[1, 3], [2, 4]]
    assert run.fields["u"].unit == "K"


def test_byte_order_marks_and_western_code_pages_are_read(tmp_path):
    assert read(table(tmp_path, "x,T [°C]\n0,20\n", "utf-8-sig")).fields["T"].unit == "°C"
    assert read(table(tmp_path, "x;T [°C]\n0;20,5\n", "cp1252")).fields["T"].values.tolist() == [[[20.5]]]


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("x,y,u\n0,0,1\n1,0\n2,0,1\n", ReadError, "2 cells in row 3"),
        ("x,y,u\n0,0,1\n1,0\n", TruncatedError, "2 cells in row 3"),
        ("x,y,u\n0,0,1\n1,0,one\n", ReadError, "'one' in row 3"),
        ("x,y,u\n0,0,1\n1,,1\n", ReadError, "'' in row 3"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path, text, error, sentence):
    with pytest.raises(error, match=sentence):
        read(table(tmp_path, text))


@pytest.mark.parametrize(
    "text", ["case,U,nu\na,1,2\nb,2,3\n", "1,2,3\n4,5,6\n", "", "x,y\n", "no table at all\n"]
)
def test_other_tables_are_not_taken_for_points(tmp_path, text):
    assert not reader_named("csv").accepts(table(tmp_path, text))
    with pytest.raises(ReadError, match="a table of points with a column x"):
        reader_named("csv").read(tmp_path / "points.csv")


@pytest.mark.skipif(not PINN.is_dir(), reason=f"no {PINN} with COMSOL's exports")
def test_a_real_comsol_export(tmp_path):
    packed = (PINN / "pinnacle_heat_multiscale_lesspoints.dat.xz").read_bytes()
    (tmp_path / "heat.dat").write_bytes(lzma.decompress(packed))
    run = read(tmp_path / "heat.dat")
    assert run.times == pytest.approx(np.linspace(0, 5, 26))
    assert run.fields["u"].values.shape == (26, 3000, 1)
    assert run.fields["u"].unit == "K"
