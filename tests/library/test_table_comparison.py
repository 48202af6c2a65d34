"""A solution beside known values: distances by hand, tables in three forms, and what is wrong with a table."""

import numpy as np
import pandas as pd
import pytest

import fieldwright as fw
from fieldwright.data.errors import QueryError
from fieldwright.library.table_comparison import table_comparison


@pytest.fixture(scope="module")
def solution():
    return fw.solve("second_order_bvp", rounds=1, steps=10, tolerance=1e-2)


def test_distances_are_relative_to_the_known_values_and_the_worst_place_is_named():
    inputs = {"x": np.array([0.0, 1.0, 2.0, 3.0]), "t": np.array([5.0, 5.0, 6.0, 6.0])}
    known = {"u": np.array([3.0, 4.0, np.nan, 0.0]), "v": np.full(4, np.nan)}
    predicted = {"u": np.array([3.0, 4.5, 9.0, 0.0]), "v": np.zeros(4)}
    found = table_comparison(inputs, predicted, known)
    assert (found.points, found.errors, found.largest) == ({"u": 3}, {"u": 0.1}, {"u": 0.5})
    assert found.places == {"u": {"x": 1.0, "t": 5.0}}
    assert str(found) == "u: relative L2 distance 0.1 over 3 points, at most 0.5, at x = 1, t = 5"


def test_a_file_a_frame_and_a_mapping_say_the_same(solution, tmp_path):
    x = np.linspace(0.0, 1.0, 11)
    values = solution.predict(x).mean + 0.01 * (x == 0.5)
    frame = pd.DataFrame({"x": x, "u": values})
    frame.to_csv(tmp_path / "values.csv", index=False)
    found = [solution.compare(one) for one in (tmp_path / "values.csv", frame, {"x": x, "u": values})]
    for one in found:
        assert one.largest["u"] == pytest.approx(0.01)
        assert one.places["u"] == {"x": 0.5}
        assert one.errors["u"] == pytest.approx(0.01 / np.linalg.norm(values))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"y": [0.1], "u": [1.0]}, r"columns x and one of u at least\. Got y, u"),
        ({"x": [0.1]}, r"columns x and one of u at least\. Got x"),
        ({"x": [0.1], "u": ["much"]}, "mapping of names to numbers"),
        ({"x": [0.1], "u": [np.nan]}, r"must hold values\. Got none"),
        ({"x": [0.1, 0.2], "u": [1.0]}, r"one length\. Got x \(2,\), u \(1,\)"),
        ({"x": 0.1, "u": 1.0}, r"one length\. Got x \(\), u \(\)"),
        ("nowhere.csv", r"Got 'nowhere\.csv' \(No such file or directory\)"),
        (3, "mapping of names to numbers"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(solution, table, message):
    with pytest.raises(QueryError, match=message):
        solution.compare(table)
