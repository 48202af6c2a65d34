"""Beyond their runs polynomials and splines stay bounded and say that they do not know."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.surrogates.regression.extrapolation import Limits, block_errors, edges
from fieldwright.surrogates.regression.radial_basis import NONE, RadialBasis
from fieldwright.surrogates.regression.radial_kernels import CUBIC
from fieldwright.surrogates.regression.radial_smoothing import Smoothed
from fieldwright.surrogates.regression.radial_system import RadialSystem
from fieldwright.surrogates.regression.ridge_evidence import CentredTerms
from fieldwright.surrogates.regressors import kind_config, regressor_for

KINDS = ({"kind": "bayes", "max_degree": 6}, {"kind": "pce"}, {"kind": "rbf"}, {"kind": "linear"})
STACK = {"kind": "stack", "members": KINDS[1:3]}
"""Kinds whose answers could grow without bound: by powers of the parameters, or along a straight line."""


def fitted(kind: str | dict[str, object], x: np.ndarray, z: np.ndarray):
    return regressor_for(kind_config({"kind": kind} if isinstance(kind, str) else kind)).fit(x, z, seed=0)


def waves(x: np.ndarray) -> np.ndarray:
    return np.stack([np.sin(9.0 * x[:, 0]), np.exp(2.0 * x[:, 0]), np.tanh(8.0 * x[:, 0])], axis=1)


@pytest.mark.parametrize("settings", [*KINDS, STACK], ids=lambda settings: str(settings["kind"]))
def test_answers_far_outside_are_bounded_by_the_way_and_honest_about_it(settings: dict[str, object]) -> None:
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (24, 1))
    raw = waves(x)
    z = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    model, half = fitted(settings, x, z), 0.5 * np.ptp(x)
    for way in (0.5, 1.0, 3.0, 30.0):
        queries = np.array([[x.max() + way], [x.min() - way]])
        mean, std = model.predict(queries)
        room = (1.0 + 1.5 * way / half) * np.ptp(z, axis=0)
        assert (
            np.abs(mean - 0.5 * (z.max(axis=0) + z.min(axis=0))) <= 0.5 * np.ptp(z, axis=0) + room + 1e-9
        ).all()
        assert (std > 0.0).all()
        if way == 1.0 and settings["kind"] != "linear":
            # A wave cannot be known half the range outside: the error is a few std at most.
            true = (waves(queries) - raw.mean(axis=0)) / raw.std(axis=0)
            assert (np.abs(mean - true)[:, 0] <= 4.0 * std[:, 0]).all()


def test_a_gp_grows_along_straight_lines_at_most() -> None:
    """As far as its lengthscale reaches by the bilinear function that it has learned, and never faster."""
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (24, 2))
    z = (2.0 + x[:, :1]) * (1.0 + x[:, 1:])
    model = fitted({"kind": "gp", "kernel": "linear+matern52", "linear_in": [1]}, x, z)

    def size(way: float) -> float:
        return float(np.abs(model.predict(np.full((1, 2), way))[0]).max())

    for way in (1.0, 3.0, 10.0, 30.0, 100.0, 300.0):
        assert size(way) <= 1.001 * (2.0 + way) * (1.0 + way)
    near, *ways = 1e3, 1e4, 1e5, 1e6
    for far in ways:
        assert size(far) <= 11.0 * size(near)
        near = far
    # At a thousand half widths nothing is left of the product: a line, no steeper than the range for a half width.
    assert size(1e3) <= np.ptp(z) * 1e3


@pytest.mark.parametrize("kind", ["bayes", "pce"])
@pytest.mark.parametrize("function", ["step", "wave", "noise", "decay"])
def test_the_end_of_a_time_axis_that_was_held_out_does_not_explode(kind: str, function: str) -> None:
    # Eight runs at forty times each, the last quarter of them held out: parameter and time are the inputs.
    load, time = (axis.ravel() for axis in np.meshgrid(np.linspace(1.0, 2.0, 8), np.linspace(0.0, 1.0, 40)))
    values = {
        "step": load * np.tanh(40.0 * (time - 0.3)),
        "wave": load * np.sin(14.0 * time * load),
        "noise": np.random.default_rng(1).normal(size=len(load)),
        "decay": load * np.exp(-30.0 * time),
    }[function]
    x = np.column_stack([load, time])
    kept = time < 0.75
    x = (x - x[kept].mean(axis=0)) / x[kept].std(axis=0)
    z = ((values - values[kept].mean()) / values[kept].std())[:, None]
    mean, _ = fitted(kind, x[kept], z[kept]).predict(x[~kept])
    # A quarter of the axis outside, two thirds of a half width: no farther beyond the range than twice the range.
    assert np.abs(mean).max() < 2.5 * np.ptp(z[kept]) + np.abs(z[kept]).max()


@pytest.mark.parametrize("kind", ["bayes", "pce"])
def test_polynomials_that_are_exact_stay_exact_just_outside(kind: str) -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(-1.0, 1.0, (30, 2))
    z = (x[:, :1] ** 2 + x[:, :1] * x[:, 1:]) - 0.3
    outside = rng.uniform(-1.1, 1.1, (50, 2))
    mean, _ = fitted(kind, x, z).predict(outside)
    np.testing.assert_allclose(mean, outside[:, :1] ** 2 + outside[:, :1] * outside[:, 1:] - 0.3, atol=1e-5)


def test_runs_left_out_together_are_missed_as_by_a_second_fit() -> None:
    rng = np.random.default_rng(3)
    x, z = rng.uniform(-1.0, 1.0, (15, 2)), rng.normal(size=(15, 2))
    rows = np.array([2, 7, 11])
    kept = np.setdiff1d(np.arange(15), rows)
    found = Smoothed.of(RadialSystem.of(x, CUBIC), z, NONE)
    errors, _ = found.refitted(np.ones(2))(rows)
    # The interpolant itself, without its limits.
    np.testing.assert_allclose(
        errors, z[rows] - RadialBasis.fit(x[kept], z[kept])[0]._values(x[rows]), rtol=1e-6
    )
    phi = np.column_stack([x, x**2, x[:, :1] * x[:, 1:]])
    alpha, precision = 5.0, 2.0
    found, expected = CentredTerms.of(phi).smoother(alpha, precision).refitted(z)(rows)
    design = np.column_stack([np.ones(15), phi])
    # A constant without prior, weights with precision / alpha.
    penalty = np.diag([0.0] + [precision / alpha] * phi.shape[1])
    some = design[kept]
    weights = np.linalg.solve(some.T @ some + penalty, some.T @ z[kept])
    np.testing.assert_allclose(found, z[rows] - design[rows] @ weights, rtol=1e-8)
    covariance = np.eye(3) + design[rows] @ np.linalg.solve(some.T @ some + penalty, design[rows].T)
    np.testing.assert_allclose(expected, np.trace(covariance) / alpha, rtol=1e-8)
    alone, _ = block_errors(np.eye(1), np.ones((1, 2)), np.ones(2))
    assert np.isinf(alone).all(), "a run that decides a weight alone says nothing without it"


def test_edges_are_the_outermost_values_of_each_parameter() -> None:
    x = np.column_stack([np.repeat([0.0, 1.0, 2.0, 4.0], 3), np.tile([0.0, 1.0, 2.0], 4)])
    found = edges(x)
    # Three values of the second parameter are too few to leave one out.
    assert [end.rows.tolist() for end in found] == [[9, 10, 11], [0, 1, 2]]
    np.testing.assert_allclose(found[0].distance, [2.0] * 3)
    np.testing.assert_allclose(found[1].distance, [1.0 / 1.5] * 3)


@pytest.mark.parametrize("kind", ["bayes", "pce", "rbf"])
def test_slopes_are_those_of_the_bounded_mean(kind: str) -> None:
    x = np.random.default_rng(4).uniform(-1.0, 1.0, (25, 2))
    model = fitted(kind, x, np.sin(4.0 * x[:, :1]) * np.exp(x[:, 1:]))
    queries = np.random.default_rng(5).uniform(-6.0, 6.0, (40, 2))
    step = 1e-6
    differences = np.stack(
        [
            (model.predict(queries + move)[0] - model.predict(queries - move)[0]) / (2 * step)
            for move in step * np.eye(2)
        ],
        axis=-1,
    )
    found = model.jacobian(queries)
    close = np.isclose(found, differences, rtol=1e-4, atol=1e-4)
    assert close.mean() > 0.97, "but where a difference straddles a bound"
    assert (model.limits_ if kind != "rbf" else model.basis_.limits).low.shape == (1,)


def test_growth_is_that_of_the_errors_beyond_what_the_model_expects() -> None:
    x = np.linspace(-1.0, 1.0, 21)[:, None]
    silent = Limits.fit(x, x, lambda rows: (np.zeros((len(rows), 1)), np.zeros(1)))
    _, std = silent.applied(np.array([[0.0], [1.2]]), np.zeros((2, 1)), np.full((2, 1), 0.1))
    np.testing.assert_allclose(std, 0.1)
    # Errors of 0.3 at a way of 0.1 / 0.95 half widths: 0.3 per such way.
    wrong = Limits.fit(x, x, lambda rows: (np.full((len(rows), 1), 0.3), np.zeros(1)))
    np.testing.assert_allclose(wrong.growth, min(0.3 * 0.95 / 0.1, 2.0))
    expected = Limits.fit(x, x, lambda rows: (np.full((len(rows), 1), 0.3), np.full(1, 0.09)))
    np.testing.assert_allclose(expected.growth, 0.0)


def test_an_output_that_is_small_in_its_field_may_leave_its_range_by_more() -> None:
    """By a tenth of the range of the largest output; restored limits of an earlier version have no such width."""
    x = np.linspace(-1.0, 1.0, 21)[:, None]
    z, sizes = np.hstack([x, x, x]), np.array([1.0, 0.5, 1e-3])
    nothing = (np.zeros((1, 3)), np.zeros(3))
    limits = Limits.fit(x, z, lambda rows: nothing, sizes=sizes)
    np.testing.assert_allclose(limits.width, [2.0, 2.0, 200.0])
    far = np.full((1, 3), 1e6)
    mean, _ = limits.applied(np.zeros((1, 1)), far, np.zeros((1, 3)))
    np.testing.assert_allclose(mean, [[3.0, 3.0, 201.0]])
    state = limits.state()
    del state["width"]
    np.testing.assert_allclose(Limits.restore(state).width, 2.0)
    np.testing.assert_allclose(Limits.fit(x, z, lambda rows: nothing).width, 2.0)
