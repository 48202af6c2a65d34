"""A measured history from a table: read in any order, and refused in one sentence where something lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import QueryError, StudyError
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.trajectory.history_table import read_history

TIMES = (0.0, 0.5, 1.0)
DESCRIPTION = Description(
    name="flow",
    parameters=(),
    fields=(
        FieldInfo(name="U", unit="m/s", components=("x", "y"), times=TIMES, n_points=2),
        FieldInfo(name="drag", unit="N", times=TIMES, n_points=1),
    ),
    kind="dmd",
    n_runs=4,
    coverage=0.9,
    errors={},
    seed=0,
    history=2,
    settings={},
)
TABLE = """time,point,U.x [m/s],U.y,drag
3.5,1,7,8,
3.0,0,1,2,9
3.5,0,5,6,10
3.0,1,3,4,
"""


def test_rows_are_brought_into_the_order_of_times_and_points(tmp_path: Path):
    path = tmp_path / "history.csv"
    path.write_text(TABLE)
    history = read_history(path, DESCRIPTION)
    assert history.times.tolist() == [3.0, 3.5]
    assert history.fields["U"].tolist() == [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]]
    np.testing.assert_array_equal(history.fields["drag"], [[[[9]], [[10]]]])


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("U.y", "V", "must have the column 'U.y'. Got time, point, U.x, V, drag"),
        ("m/s", "km/h", "'U.x' must be given in 'm/s', its unit in the study. Got 'km/h'"),
        (
            "3.0,1,3,4,\n",
            "",
            "must have a row for every time and each of 2 values of 'U'. Got none for time 3",
        ),
        (
            "3.0,1,3,4,",
            "3.0,0,3,4,",
            "must have one row for each time and point. Got 2 for time 3 and point 0",
        ),
        ("3.0,1,", "3.0,2,", "'point' must be a whole number from 0 to 1. Got 2 in row 5"),
        ("7,8", "seven,8", "All values of 'U.x' must be finite numbers. Got 'seven' in row 2"),
    ],
)
def test_what_lacks_is_said_in_one_sentence(tmp_path: Path, old: str, new: str, sentence: str):
    path = tmp_path / "history.csv"
    path.write_text(TABLE.replace(old, new))
    with pytest.raises(QueryError) as raised:
        read_history(path, DESCRIPTION)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "The table of the history must exist. Got '{path}'. Correct the path"),
        ("time,U.x,U.y,drag\n", "'history.csv' must hold one row per time. Got no row"),
    ],
)
def test_a_table_that_is_not_there_or_empty_is_named_as_what_it_is(
    tmp_path: Path, text: str | None, sentence: str
):
    path = tmp_path / "history.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(StudyError) as raised:
        read_history(path, DESCRIPTION)
    assert sentence.format(path=path) in str(raised.value)
