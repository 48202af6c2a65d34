"""A user's mistake is one error of one or two sentences that says what must hold, what was got and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fieldwright as fw

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 2.0, (12, 2))
Y = X[:, :1] * np.linspace(0.0, 1.0, 6)


def spoilt(values: np.ndarray, at: tuple[int, ...], value: float) -> np.ndarray:
    copy = values.copy()
    copy[at] = value
    return copy


def fit(x: Any = X, y: Any = Y, model: Any = "linear", **settings: Any) -> Any:
    return fw.fit(x, y, model, folds=3, **settings)


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "X of one axis": (lambda: fit(X[:, 0]), r"X must have the shape \(n, p\).*\(12,\).*reshape"),
    "fewer rows of X": (lambda: fit(X[:7]), "as many rows.*7 and 12"),
    "NaN in Y": (
        lambda: fit(y=spoilt(Y, (4, 2), np.nan)),
        "'y' must be finite.*1 of 12 runs, first in row 4",
    ),
    "infinity in X": (lambda: fit(spoilt(X, (3, 1), np.inf)), "X must be finite.*first in row 3"),
    "no runs": (lambda: fit(X[:0], Y[:0]), "at least 5 runs.*0 runs"),
    "too few runs": (lambda: fit(X[:3], Y[:3]), "at least 5 runs.*3 runs"),
    "the same run": (lambda: fit(np.ones((12, 2))), "12 runs, of 1 different sets"),
    "no parameters": (lambda: fit(X[:, :0]), "must have parameters"),
    "no points": (lambda: fit(y=Y[:, :0]), "must hold values"),
    "three axes": (lambda: fit(y=Y[:, :, None]), r"'times' for \(n, times, points\), 'components' for"),
    "five axes": (lambda: fit(y=Y[:, :, None, None, None]), r"\(12, 6, 1, 1, 1\)"),
    "words": (lambda: fit([["a", "b"]] * 12), "real numbers.*<U1"),
    "complex": (lambda: fit(y=Y * 1j), "real numbers.*complex128"),
    "ragged": (lambda: fit(y=[[1.0, 2.0], [3.0]]), "rows of different lengths"),
    "no Y": (lambda: fw.fit(X), r"Y must be given.*fit\(X, Y\)"),
    "an unknown model": (lambda: fit(model="gaussian"), "one of bayes, .* Got 'gaussian'. Give one of these"),
    "a misspelt model": (lambda: fit(model="baies"), "Give 'bayes', the nearest name"),
    "an unknown setting": (lambda: fit(model={"kind": "gp", "kernal": 1}), "A setting of.*kernel.*'kernal'"),
    "no kind": (lambda: fit(model={"kernel": "rbf"}), "without a 'kind'"),
    "a model of another type": (lambda: fit(model=3), "a name or a mapping.*int"),
    "an unknown reduction": (lambda: fit(reduction="svg"), "Give 'svd', the nearest name"),
    "coverage in per cent": (lambda: fit(coverage=90), "between 0 and 1"),
    "one fold": (lambda: fw.fit(X, Y, "linear", folds=1), "at least 2"),
    "names too few": (lambda: fit(parameters=["a"]), "each of the 2 columns"),
    "points too few": (lambda: fit(points=np.zeros((5, 2))), r"\(6, 1 to 3\)"),
    "times that fall": (lambda: fit(y=Y[:, :, None], times=[5, 4, 3, 2, 1, 0]), "6 rising numbers"),
    "a missing parameter": (
        lambda: fit(xr.Dataset({"u": (("run", "x"), Y)}, {"a": ("run", X[:, 0])}), None, parameters=["b"]),
        "no 'b' among a",
    ),
    "a Dataset without parameters": (
        lambda: fit(xr.Dataset({"u": (("run", "x"), Y)}), None),
        "must have parameters",
    ),
    "dates for times": (
        lambda: fit(xr.Dataset({"u": (("run", "time"), Y)}, {"time": np.arange(6).astype("M8[D]")}), None),
        "must be rising numbers",
    ),
    "no model there": (lambda: fw.load("/nowhere"), "folder that `save` wrote"),
    "a registered name": (lambda: fw.load("models:/plate"), "'models:/<study>@<alias>'"),
    "no file there": (lambda: fw.read("/nowhere.vtu"), "must exist"),
    "an unknown equation": (lambda: fw.solve("burger"), "Give 'burgers', the nearest name"),
    "an unknown coefficient": (lambda: fw.solve("burgers", coefficients={"mu": 1.0}), "one of nu.*'mu'"),
    "an unknown training": (lambda: fw.solve("burgers", round=3), "Give 'rounds', the nearest name"),
    "a negative setting": (lambda: fw.solve("burgers", rounds=-3), "'rounds' must be valid.*-3"),
    "estimating from nothing": (lambda: fw.solve("burgers", estimated={"nu": (0.0, 1.0)}), "no 'measured'"),
    "rank 0": (lambda: fw.SVD(rank=0).fit(Y), "'rank'"),
    "NaN in an SVD": (lambda: fw.SVD().fit(spoilt(Y, (0, 0), np.nan)), "must be finite"),
    "an SVD not fitted": (lambda: fw.SVD().encode(Y), r"Call fit\(Y\)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told(mistake: str) -> None:
    act, expected = MISTAKES[mistake]
    with pytest.raises(fw.FieldwrightError, match=expected) as caught:
        act()
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def model() -> Any:
    return fit()


QUERIES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "one axis": (lambda model: model.predict([1.0, 2.0]), r"\(q, 2\)"),
    "three columns": (lambda model: model.predict([[1.0, 2.0, 3.0]]), r"\(1, 3\)"),
    "NaN": (lambda model: model.predict([[np.nan, 1.0]]), "finite"),
    "no rows": (lambda model: model.predict(np.zeros((0, 2))), "There must be a query"),
    "words": (lambda model: model.predict("x"), "numbers"),
    "a missing name": (lambda model: model.predict({"x1": 1.0}), "no 'x2'"),
    "unequal columns": (
        lambda model: model.predict({"x1": [1.0, 2.0], "x2": [1.0, 2.0, 3.0]}),
        "one value for each",
    ),
    "times of a steady field": (lambda model: model.predict(X, times=[1.0]), "transient"),
    "an unknown field": (lambda model: model.predict(X)["u"], "one of y"),
    "a figure of many": (lambda model: model.plot(X), "One query"),
    "another truth": (lambda model: model.plot(X[:1], truth=[1.0]), r"\(6,\)"),
}


@pytest.mark.parametrize("mistake", QUERIES)
def test_wrong_queries_are_told(mistake: str, model: Any) -> None:
    ask, expected = QUERIES[mistake]
    with pytest.raises(fw.FieldwrightError, match=expected):
        ask(model)
