"""Formulas of a study file: their values, and one sentence for all that is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import StudyError
from fieldwright.data.expressions import Constraint, Expression

finite = st.floats(-100.0, 100.0).filter(lambda value: abs(value) > 1e-3)


@given(a=st.lists(finite, min_size=1, max_size=5), b=finite)
def test_a_formula_has_the_value_of_its_arithmetic(a, b):
    a = np.array(a)
    formula = Expression.parse("-(a + 2.5e1) * b / (a - 3) ** 2 + +b")
    with np.errstate(all="ignore"):
        expected = -(a + 25.0) * b / (a - 3.0) ** 2 + b
    np.testing.assert_array_equal(formula({"a": a, "b": np.full(len(a), b)}), expected)
    assert formula.names == ("a", "b")


def test_a_power_binds_to_the_right_and_tighter_than_a_sign():
    assert Expression.parse("-2 ** 3 ** 2")({}) == -512.0


def test_names_that_are_no_words_stand_in_backquotes():
    formula = Expression.parse("`inlet speed` * `a-b` + c", valid_names=("inlet speed", "a-b", "c"))
    assert formula.names == ("inlet speed", "a-b", "c")
    assert formula({"inlet speed": 2.0, "a-b": 3.0, "c": 1.0}) == 7.0


def test_signs_may_be_nested_as_deep_as_the_text_is_long():
    assert Expression.parse("-" * 399 + "a")({"a": 2.0}) == -2.0


def test_huge_powers_overflow_to_infinity_at_once():
    assert Expression.parse("9 ** 9 ** 9 ** 9")({}) == np.inf


def test_a_constraint_holds_where_all_its_comparisons_do():
    a = np.array([0.0, 1.0, 2.0, 3.0])
    assert Constraint.parse("1 <= a < 3").holds({"a": a}).tolist() == [False, True, True, False]
    assert Constraint.parse("2 > a").holds({"a": a}).tolist() == [True, True, False, False]


def test_a_constraint_without_a_value_does_not_hold():
    columns = {"a": np.array([1.0, 0.0, -1.0])}
    assert Constraint.parse("1 / a > 0").holds(columns).tolist() == [True, True, False]
    assert Constraint.parse("a ** 0.5 >= 0").holds(columns).tolist() == [True, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "a.real",
        "a[0]",
        "[a]",
        "lambda: 1",
        "a if a else 1",
        "'text'",
        "True",
        "a := 3",
        "a b",
        "",
        "1j",
        "a // 2",
        "f(a)",
        "a\0",
        "9" * 399,
    ],
)
def test_anything_but_arithmetic_is_refused(text):
    with pytest.raises(StudyError, match="must be made of numbers, parameter names"):
        Expression.parse(text)


def test_what_is_wrong_is_said_in_one_sentence():
    with pytest.raises(StudyError, match=r"Got 'a \^ 2'. Write a power as \*\*\."):
        Expression.parse("a ^ 2")
    with pytest.raises(StudyError, match=r"Got 'heat_flx'\. Did you mean 'heat_flux'"):
        Constraint.parse("heat_flx <= 3", valid_names=("heat_flux", "convection"))
    for text in ("a + b", "a == b", "a != 1", "not a", "a < 1 and b < 2"):
        with pytest.raises(StudyError, match="must compare two formulas by <, <=, > or >="):
            Constraint.parse(text)
    with pytest.raises(StudyError, match=r"at most 400 characters\. Got 401"):
        Expression.parse("a" * 401)
