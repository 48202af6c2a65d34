"""CalculiX text whose numbers do not keep to their columns, against the same file in plain columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError, RunRejected, TruncatedError
from fieldwright.data.formats import reader_named
from fieldwright.data.ingest.checks import check_finite

_REAL = re.compile(r" ?(-?\d\.\d{5}E[-+])(\d\d)(?!\d)")


def widened(line: str) -> str:
    """The numbers of a record with exponents of three digits, as Microsoft's printf("%12.5E") writes them."""
    return _REAL.sub(lambda m: f"{m[1]}0{m[2]}".rjust(12), line)


def every_second(lines: list[str]) -> list[str]:
    return [widened(line) if i % 2 else line for i, line in enumerate(lines)]


def in_all(lines: list[str]) -> list[str]:
    return [widened(line) for line in lines]


def apart(lines: list[str]) -> list[str]:
    """Each number with a blank of its own."""
    return [_REAL.sub(r" \g<1>0\g<2>", line) for line in lines]


def one_digit_more(lines: list[str]) -> list[str]:
    return [_REAL.sub(lambda m: f"{m[1].replace('E', '0E')}{m[2]}".rjust(13), line) for line in lines]


def rewritten(source: Path, target: Path, how: Callable[[list[str]], list[str]], end: str) -> Path:
    """A copy of a text file with its records rewritten; headers stay."""
    lines = source.read_text().splitlines()
    places = [i for i, line in enumerate(lines) if line[:3] in (" -1", " -2") and "E" in line[12:]]
    for place, line in zip(places, how([lines[i] for i in places]), strict=True):
        lines[place] = line
    target.write_bytes((end.join(lines) + end).encode())
    return target


@pytest.mark.parametrize("how", [every_second, in_all, apart, one_digit_more])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["ccx_solids/text.frd", "ccx_harmonic/bar.frd", "ccx_heating/bar.frd"])
def test_numbers_wider_than_their_columns_are_whole(sample, tmp_path, name, how, end):
    """Harmonic stresses have twelve components on two lines."""
    folder, _, file = name.partition("/")
    plain = reader_named("frd").read(sample(folder) / file)
    wide = reader_named("frd").read(rewritten(sample(folder) / file, tmp_path / "wide.frd", how, end))
    assert wide.mesh.hash == plain.mesh.hash
    for field, of_plain in plain.fields.items():
        assert np.array_equal(wide.fields[field].values, of_plain.values)


@pytest.mark.parametrize("form", [lambda w: w.rjust(12)[-12:], lambda w: f" {w.rjust(13)}"])
@pytest.mark.parametrize(
    "word",
    [
        "nan",
        "-nan",
        "inf",
        "-inf",
        "NaN",
        "-nan(ind)",
        "1.#QNAN",
        "-1.#IND",
        "1.#QNANE+000",
        "-1.#INF",
        "*" * 12,
    ],
)
def test_a_value_that_is_not_finite_rejects_the_run_as_such(sample, tmp_path, word, form):
    """In its column, and in records of other widths."""

    source = (sample("ccx_solids") / "text.frd").read_text()
    start = source.index(" -4  DISP")
    at = source.index("\n -1", start) + 1
    line = source[at : source.index("\n", at)]
    path = tmp_path / "nan.frd"
    path.write_text(source[:at] + line[:25] + form(word) + line[37:] + source[at + len(line) :])
    run = reader_named("frd").read(path, ["DISP"])
    with pytest.raises(RunRejected) as rejected:
        check_finite(run)
    assert rejected.value.reason == "not finite"
    assert np.isfinite(run.fields["DISP"].values).sum() == run.fields["DISP"].values.size - 1


def test_node_numbers_that_fill_their_columns_are_told_apart(tmp_path):
    """Short records have five columns for a node: 12345 and 12346 stand without a blank between them."""
    numbers = [12341 + i for i in range(8)]
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
    rows = [f" -1{n:5d}" + "".join(f"{x:12.5E}" for x in c) for n, c in zip(numbers, corners, strict=True)]
    values = [f" -1{n:5d}{float(n):12.5E}" for n in numbers]
    text = [
        "    1C", f"    2C{8:30d}{0:38d}", *rows, " -3", f"    3C{1:30d}{0:38d}", f" -1{98765:5d}{1:5d}{0:5d}{1:5d}",
        " -2" + "".join(f"{n:5d}" for n in numbers), " -3", f"    1PSTEP{1:26d}{1:12d}{1:12d}",
        f"  100CL  101 1.00000E+00{8:12d}{'':20}{0:2d}{1:5d}{'':10}{0:2d}", " -4  NDTEMP      1    1",
        " -5  T           1    1    0    0", *values, " -3", " 9999", "",
    ]  # fmt: skip
    (tmp_path / "short.frd").write_text("\n".join(text))
    run = reader_named("frd").read(tmp_path / "short.frd")
    assert run.mesh.cells["hexahedron"].tolist() == [list(range(8))]
    assert run.mesh.points.tolist() == [list(corner) for corner in corners]
    assert run.fields["NDTEMP"].values[0, :, 0] == pytest.approx(numbers, rel=1e-5)


@pytest.mark.parametrize("spoil", ["lost", "cut", "word"])
def test_wide_records_that_are_damaged_are_refused(sample, tmp_path, spoil):
    path = rewritten(sample("ccx_solids") / "text.frd", tmp_path / "wide.frd", every_second, "\n")
    text = path.read_text()
    at = text.index("\n -1", text.index(" -4  DISP")) + 1
    if spoil == "cut":
        path.write_text(text[: at + 200])
    elif spoil == "lost":
        path.write_text(text[:at] + text[text.index("\n", at) + 1 :])
    else:
        path.write_text(text[: at + 20] + "x" + text[at + 21 :])
    with pytest.raises(ReadError) as error:
        reader_named("frd").read(path)
    assert isinstance(error.value, TruncatedError) == (spoil == "cut")
