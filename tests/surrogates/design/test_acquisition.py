"""Suggested runs: what they promise is what a Gaussian process keeps once they are done."""

import numpy as np
import pytest
import torch

from fieldwright.data.errors import ModelError
from fieldwright.data.expressions import Constraint
from fieldwright.surrogates.design.acquisition import next_runs
from fieldwright.surrogates.design.local_error import LocalError
from fieldwright.surrogates.design.space import ParameterSpace
from fieldwright.surrogates.design.spread import spreads
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.gaussian_process.posterior import Posterior
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config

SPACE = ParameterSpace(("a", "b"), np.zeros(2), np.ones(2))
S = np.linspace(0.0, 1.0, 12)


def fields(x):
    wave = np.sin(3.0 * x[:, :1] + 2.0 * S) + x[:, 1:] ** 2 * S
    return {"u": wave[..., None], "v": 1e6 * (x[:, :1] * np.cos(2.0 * x[:, 1:] * S))[..., None]}


def fitted(x, targets=fields, **settings):
    values = targets(x)
    reductions = dict.fromkeys(values, reduction_config({"kind": "svd", "energy": 0.9999}))
    return Emulator.fit(kind_config({"kind": "gp"} | settings), reductions, x, values, seed=0)


@pytest.fixture(scope="module")
def emulator():
    return fitted(SPACE.sample(12, seed=3))


def test_the_first_run_lowers_the_integrated_variance_most(emulator):
    """By the reduction that conditioning on each of 40 runs gives, one by one, over the same points."""
    (first,) = next_runs(emulator, SPACE, 1, by="variance", seed=2)
    over = SPACE.sample(1024, 2)[512:]

    def left(run):
        return sum(
            float((spread.weight @ spread.variance(spread.at(over))).mean())
            for spread in spreads(emulator)
            if spread.add(run) is None
        )

    assert left(first) < min(left(run) for run in np.random.default_rng(0).random((40, 2)))


def test_a_planned_run_leaves_what_a_process_with_it_leaves(emulator):
    """Conditioning run by run against the posterior of all runs at once, with the same hyperparameters."""
    planned, x = np.array([[0.9, 0.1], [0.2, 0.95]]), np.random.default_rng(1).random((7, 2))
    for spread in spreads(emulator):
        for run in planned:
            spread.add(run)
        old = spread.posterior
        u = torch.from_numpy(spread.branch.scaler.scaled(spread.branch.transform(planned)))
        every = torch.cat([old.x, u])
        whole = Posterior.condition(
            every, torch.zeros(len(every), len(spread.coordinates)).double(), spread.hyper
        )
        queries = torch.from_numpy(spread.branch.scaler.scaled(spread.branch.transform(x)))
        expected = whole.predict(queries)[1].T ** 2
        got = spread.variance(spread.at(x)) + spread.noise
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("by", ["variance", "error"])
def test_suggestions_are_new_inside_and_the_same_for_the_same_seed(emulator, by):
    runs = SPACE.sample(12, seed=3)
    x = next_runs(emulator, SPACE, 5, by=by, seed=1)
    assert x.shape == (5, 2)
    assert SPACE.holds(x).all()
    every = np.vstack([runs, x])
    apart = np.linalg.norm(every[:, None] - every[None], axis=-1) + np.eye(len(every))
    assert apart.min() > 0.02, "no run is done twice"
    np.testing.assert_array_equal(x, next_runs(emulator, SPACE, 5, by=by, seed=1))


def test_constraints_are_respected(emulator):
    names = ("a", "b")
    narrow = ParameterSpace(names, np.zeros(2), np.ones(2), (Constraint.parse("a + b <= 0.5", names),))
    assert narrow.holds(next_runs(emulator, narrow, 6, by="error", seed=0)).all()


def test_a_hole_among_the_runs_is_filled_first():
    x = SPACE.sample(60, seed=0)
    x = x[(x[:, 0] < 0.5) | (x[:, 1] < 0.5)]
    for by in ("variance", "error"):
        first = next_runs(fitted(x, kernel="matern32"), SPACE, 1, by=by, seed=0)[0]
        assert (first > 0.5).all(), by


def front(x):
    bump = np.exp(-((x[:, 0] - 0.8) ** 2 + (x[:, 1] - 0.2) ** 2) / 0.02)[:, None]
    return {"u": (x[:, :1] * np.sin(np.pi * S) + bump * np.cos(3.0 * np.pi * S))[..., None]}


@pytest.mark.slow
def test_more_runs_go_to_a_front_where_the_error_counts_than_where_the_variance_does():
    emulator = fitted(SPACE.sample(40, seed=5), targets=front)
    near = {}
    for by in ("error", "variance"):
        apart = next_runs(emulator, SPACE, 12, by=by, seed=0) - [0.8, 0.2]
        near[by] = int((np.linalg.norm(apart, axis=1) < 0.25).sum())
    assert near["error"] >= 2 * max(near["variance"], 1), near


def test_errors_that_left_out_runs_show_are_gone_after():
    """A front in one corner: its runs are the ones that the others predict worse than foreseen."""
    emulator = fitted(SPACE.sample(60, seed=5), targets=front)
    for spread in spreads(emulator):
        factor = LocalError.of(spread)
        near, far = (spread.at(np.array([place])).u for place in ([0.8, 0.2], [0.15, 0.85]))
        assert float(factor(near)) > 2.0 * float(factor(far))


def test_progress_is_told_and_other_kinds_are_refused(emulator):
    calls = []
    next_runs(emulator, SPACE, 2, seed=0, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(0, 2), (1, 2), (2, 2)]
    with pytest.raises(ModelError, match=r"that of a Gaussian process\. Got RBF"):
        next_runs(fitted(SPACE.sample(12, seed=3), kind="rbf"), SPACE, 2, seed=0)
