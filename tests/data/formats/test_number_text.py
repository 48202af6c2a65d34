"""Numbers as programs spell them, against what C, Fortran and Microsoft's manuals say that they mean."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fieldwright.data.formats.parsing.text.number_text import is_missing, number_of, parse_numbers

NANS = [
    "nan", "NaN", "-nan", "+NAN", "nan(ind)", "-nan(ind)", "nan(snan)", "NaN(0x8000000000000)", "nan()", "NaNQ",
    "NaNS", "#IND", "qNaN", "sNaN", "1.#QNAN", "-1.#IND", "1.#SNAN", "-1.#IND00", "1.#QNAN0e+000", "1,#QNAN",
    "-1.#IO", "1.#R", "*", "***", "************", "#NUM!", "#DIV/0!", "#VALUE!", "Indeterminate",
]  # fmt: skip
INFINITE = [
    "inf",
    "Inf",
    "+Infinity",
    "-INFINITY",
    "-inf",
    "1.#INF",
    "-1.#INF00",
    "1.#INFe+000",
    "1.#J",
    "∞",
    "-∞",
]
FINITE = {
    "1": 1, "-1.5": -1.5, "+.5": 0.5, "5.": 5, "1e3": 1e3, "1.0D+02": 100, "2d-3": 2e-3, "0.5-105": 0.5e-105,
    "-1.25+100": -1.25e100,
}  # fmt: skip
NONE = [
    "",
    "nano",
    "nancy",
    "infant",
    "12abc",
    "1_0",
    "0x10",
    "2024-001",
    "1.5.2",
    "e5",
    "--1",
    "1e",
    "nan(",
    "#5",
]


@pytest.mark.parametrize("word", NANS)
def test_a_nan_however_spelt_is_one(word):
    assert math.isnan(number_of(word) or 0.0)
    values = parse_numbers(f"1.5 {word}\n-2 {word}")
    assert np.isnan(values[[1, 3]]).all()
    assert values[[0, 2]].tolist() == [1.5, -2]


@pytest.mark.parametrize("word", INFINITE)
def test_an_infinite_number_keeps_its_sign(word):
    expected = -math.inf if word[0] == "-" else math.inf
    assert number_of(word) == expected
    assert parse_numbers(f"1 {word} 2").tolist() == [1, expected, 2]


@pytest.mark.parametrize("word", FINITE)
def test_fortrans_exponents_are_exponents(word):
    assert number_of(word) == pytest.approx(FINITE[word], rel=1e-15)
    assert parse_numbers(f"3 {word} nan", count=3)[1] == pytest.approx(FINITE[word], rel=1e-15)


@pytest.mark.parametrize("word", NONE)
def test_a_word_that_is_no_number_is_named(word):
    assert number_of(word) is None
    if word:
        with pytest.raises(ValueError, match="^" + word.replace("(", r"\(").replace(".", r"\.")):
            parse_numbers(f"1 {word} 2")


def test_stars_glued_to_their_neighbours_are_one_number():
    assert np.array_equal(
        parse_numbers("1.0*****2.0 ***-3", count=5), [1, np.nan, 2, np.nan, -3], equal_nan=True
    )


def test_blank_text_holds_no_number():
    assert parse_numbers(b" \n\t").size == parse_numbers("").size == 0


def test_whole_numbers_are_written_as_such():
    assert parse_numbers("1 -2", np.int64).tolist() == [1, -2]
    for text in ("1 2.5", "1 nan", "1 ***"):
        with pytest.raises(ValueError, match=text.split()[1].replace("*", r"\*")):
            parse_numbers(text, np.int64)


@pytest.mark.parametrize("word", ["", " ", "n/a", "N/A", "#N/A", "NA", "null", "None", "-", "--", "<NA>"])
def test_a_cell_without_a_value_is_told_from_a_nan(word):
    assert is_missing(word)
    assert number_of(word) is None
    assert not any(map(is_missing, [*NANS, *FINITE, *INFINITE]))
