"""`fit`: answers have the axes and the form of what was given, equal those of the packages below, and cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fieldwright as fw
from fieldwright.library.layout import FieldLayout
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 2.0, (16, 2))
NEW = RNG.uniform(0.7, 1.8, (3, 2))
S, TIMES = np.linspace(0.0, 1.0, 5), np.array([0.0, 1.0, 3.0])
QUICK = {"model": "linear", "folds": 3}


def truth(x: np.ndarray) -> np.ndarray:
    """(n, times, points, components), linear in the parameters: known exactly to a linear model."""
    first = x[:, None, None, :1] * S[:, None] * (1.0 + TIMES[:, None, None])
    return np.concatenate([first, -2.0 * x[:, None, None, 1:] + 0.0 * first], axis=-1)


CASES = {
    "number": (lambda y: y[:, 0, 3, 0], {}),
    "times": (lambda y: y[:, :, 3, 0], {"times": TIMES}),
    "points": (lambda y: y[:, 0, :, 0], {}),
    "times and points": (lambda y: y[..., 0], {"times": TIMES}),
    "points and components": (lambda y: y[:, 1], {"components": ["x", "y"]}),
    "all": (lambda y: y, {}),
    "all, named": (lambda y: y, {"times": TIMES, "components": ["x", "y"], "points": S}),
    "float32": (lambda y: y[:, 0, :, 0].astype(np.float32), {}),
    "lists": (lambda y: y[:, 0, :, 0].tolist(), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_answers_have_the_axes_of_the_field(case: str, tmp_path) -> None:
    part, settings = CASES[case]
    model = fw.fit(X, part(truth(X)), **QUICK, **settings)
    answer = model.predict(NEW)
    expected = np.asarray(part(truth(NEW)))
    for statistic in (answer.mean, answer.std, answer.lower, answer.upper):
        assert statistic.shape == expected.shape
    np.testing.assert_allclose(answer.mean, expected, atol=1e-4 if case == "float32" else 1e-9)
    assert (answer.lower <= answer.mean).all()
    assert (answer.mean <= answer.upper).all()
    assert model.errors["relative_l2.max"] < 1e-4
    assert answer.inside.shape == answer.outside.shape == (3,)
    np.testing.assert_array_equal(answer.out, ~answer.inside)
    model.save(tmp_path / "model")
    again = fw.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(NEW).upper, answer.upper)
    assert again.errors == model.errors
    for figure in (model.plot(), again.plot(NEW[:1], truth=expected[0])):
        assert figure.axes


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 2, 1), (2, 3, 1, 0), (1, 2, 3, 0)])
def test_any_order_of_axes_goes_in_and_out(order: tuple[int, ...]) -> None:
    dims, roles = ("time", "y", "x", "component"), ("time", "space", "space", "component")
    sizes = (2, 3, 4, 5)
    layout = FieldLayout(*(tuple(one[i] for i in order) for one in (dims, roles, sizes)))
    values = RNG.normal(size=(6, *(sizes[i] for i in order)))
    inner = layout.inward(values)
    assert inner.shape == (6, 2, 12, 5)
    np.testing.assert_array_equal(layout.outward(inner), values)
    # A value is found by its indices, whatever the order of the axes.
    at = {0: 1, 1: 2, 2: 3, 3: 4}
    axes = layout.named("space")
    place = at[1] * 4 + at[2] if axes == ("y", "x") else at[2] * 3 + at[1]
    assert inner[0, 1, place, 4] == values[(0, *(at[i] for i in order))]


def test_it_is_what_the_packages_below_make_of_the_same_runs() -> None:
    y = truth(X)[:, 0, :, :1] ** 2
    model = fw.fit(X, y[..., 0], model="rbf", folds=4, seed=3)
    validation = cross_validate(
        kind_config({"kind": "rbf"}), {"y": reduction_config({"kind": "svd"})}, X, {"y": y}, folds=4, seed=3
    )
    assert model.errors == validation.field_summary("y")
    assert model.cross_validation is not None
    np.testing.assert_array_equal(model.cross_validation.mean["y"], validation.mean["y"])


def test_the_bands_cover_new_runs() -> None:
    rng = np.random.default_rng(1)
    x, new = rng.uniform(-1.0, 1.0, (60, 1)), rng.uniform(-1.0, 1.0, (400, 1))
    y, true = (np.sin(3.0 * one) + 0.1 * rng.normal(size=one.shape) for one in (x, new))
    model = fw.fit(x, y[:, 0], model="bayes", coverage=0.8, folds=5)
    answer = model.predict(new)
    covered = np.mean((answer.lower <= true[:, 0]) & (true[:, 0] <= answer.upper))
    # Beta(49, 12) of 60 runs, and 400 draws beside: four standard deviations.
    assert abs(covered - 0.8) < 4.0 * np.sqrt(0.8 * 0.2 * (1 / 62 + 1 / 400))
    assert model.coverage == answer.coverage == 0.8


def test_several_fields_answer_by_name() -> None:
    y = truth(X)
    model = fw.fit(
        pd.DataFrame(X, columns=["a", "b"]),
        {"u": y, "p": y[:, 0, :, 0], "c": y[:, 0, 2, 0]},
        units={"u": "m/s", "a": "N"},
        times=TIMES,
        **QUICK,
    )
    assert model.parameters == ("a", "b")
    answer = model.predict({"b": NEW[:, 1], "a": NEW[:, 0]}, times=[0.5])
    assert {name: part.shape for name, part in answer.mean.items()} == {
        "u": (3, 1, 5, 2),
        "p": (3, 5),
        "c": (3,),
    }
    np.testing.assert_allclose(answer["u"].mean[:, 0, :, 0], 1.5 * NEW[:, :1] * S, atol=1e-9)
    assert set(model.errors) == {"u", "p", "c"}
    table = answer.to_xarray()
    assert table.u.attrs["units"] == "m/s"
    assert table.u.sel(statistic="upper").shape == (3, 1, 5, 2)
    assert table.time.values.tolist() == [0.5]


def grid() -> xr.Dataset:
    """A steady field on a grid y, x with the runs in the middle of its axes, and a series of each run."""
    values = np.einsum("n,y,x->ynx", X[:, 0], S, S**2) + X[:, 1][None, :, None]
    return xr.Dataset(
        {"T": (("y", "run", "x"), values, {"units": "K"}), "q": (("run", "time"), X[:, :1] * TIMES)},
        {
            "x": 2.0 * S,
            "y": S,
            "time": TIMES,
            "a": ("run", X[:, 0], {"units": "N"}),
            "b": ("run", X[:, 1]),
            "run": [f"run {i}" for i in range(len(X))],
            "operator": ("run", ["me"] * len(X)),
        },
    )


def test_a_dataset_answers_as_a_dataset(tmp_path) -> None:
    model = fw.fit(grid(), **QUICK)
    assert model.parameters == ("a", "b")
    query = xr.Dataset(coords={"b": ("run", NEW[:, 1]), "a": ("run", NEW[:, 0]), "run": ["i", "j", "k"]})
    answer = model.predict(query)
    assert answer.mean.T.dims == ("run", "y", "x")
    assert answer.mean.q.dims == ("run", "time")
    at = answer.upper.sel(run="j", x=1.0, y=0.5).T
    assert float(at) == pytest.approx(NEW[1, 0] * 0.5 * 0.25 + NEW[1, 1], abs=1e-6)
    assert answer.mean.T.attrs["units"] == "K"
    assert answer.inside.dims == ("run",)
    assert answer.mean.a.attrs["units"] == "N"
    model.save(tmp_path / "grid")
    xr.testing.assert_identical(fw.load(tmp_path / "grid").predict(query).to_xarray(), answer.to_xarray())
    np.testing.assert_array_equal(model.predict(NEW).mean.T.values, answer.mean.T.values)
    answer.to_xarray().to_netcdf(tmp_path / "answer.nc")
    # The places of the grid are those of its axes.
    assert model.surrogate.points("T")[7].tolist() == [2.0 * S[2], S[1], 0.0]


@pytest.mark.parametrize(
    "form", ["axis of another name", "parameters as variables", "parameters apart", "array"]
)
def test_datasets_of_other_forms(form: str) -> None:
    y = truth(X)[:, 0, :, 0]
    fields = xr.Dataset({"u": (("run", "x"), y)}, {"a": ("run", X[:, 0]), "b": ("run", X[:, 1])})
    if form == "axis of another name":
        model, run = fw.fit(fields.rename(run="sample"), **QUICK), "sample"
    elif form == "parameters as variables":
        model, run = fw.fit(fields.reset_coords(["a", "b"]), parameters=["a", "b"], **QUICK), "run"
    elif form == "parameters apart":
        model, run = fw.fit(fields[["a", "b"]], fields.drop_vars(["a", "b"]), **QUICK), "run"
    else:
        model, run = fw.fit(X, fields.u.drop_vars(["a", "b"]), **QUICK), "run"
    assert len(model.parameters) == 2
    answer = model.predict(NEW).mean
    assert answer.u.dims == (run, "x")
    np.testing.assert_allclose(answer.u.values, truth(NEW)[:, 0, :, 0], atol=1e-9)


def test_a_dataset_asked_of_a_model_of_arrays_gives_a_dataset() -> None:
    model = fw.fit(X, truth(X)[:, 0, :, 0], parameters=["a", "b"], **QUICK)
    answer = model.predict(xr.Dataset(coords={"a": ("run", NEW[:, 0]), "b": ("run", NEW[:, 1])}))
    assert isinstance(answer.mean, xr.Dataset)
    assert answer.mean.y.dims == ("run", "point")
