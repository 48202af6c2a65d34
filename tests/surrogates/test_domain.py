from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from surrogates.domain import Domain


@pytest.mark.parametrize("p", [1, 2, 3, 5, 8, 11])
@pytest.mark.parametrize("n", [32, 64, 256])
def test_accepts_the_box_that_a_sobol_design_covers(p, n):
    domain = Domain.fit(qmc.Sobol(p, seed=0).random(n))
    queries = np.random.default_rng(1).uniform(0.0, 1.0, (2000, p))
    # With 32 runs in 11 dimensions a side of the true box lies on average 3 % outside the outermost run.
    assert domain.inside(queries).mean() > (0.9 if n < 64 else 0.97)


@pytest.mark.parametrize("p", [1, 2, 3, 8, 11])
def test_refuses_a_query_a_tenth_of_the_range_outside(p):
    x = qmc.Sobol(p, seed=0).random(64)
    domain = Domain.fit(x)
    for j in range(p):
        beyond = np.median(x, axis=0)
        beyond[j] = x[:, j].max() + 0.1
        assert not domain.inside(beyond[None])[0]


def test_refuses_the_empty_corners_of_parameters_varied_together():
    line = np.linspace(0.0, 1.0, 30)
    domain = Domain.fit(np.stack([line, 100.0 * line], axis=1))
    inside = domain.inside(np.array([[0.5, 50.0], [0.52, 51.0], [0.1, 90.0], [0.9, 10.0]]))
    assert inside.tolist() == [True, True, False, False]


@given(st.integers(2, 6), st.integers(2, 12), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_accepts_everything_between_the_levels_of_a_grid(few, many, a, b):
    u, v = np.meshgrid(np.linspace(0.0, 1.0, few), np.linspace(-5.0, 5.0, many))
    domain = Domain.fit(np.stack([u.ravel(), v.ravel()], axis=1))
    assert domain.inside(np.array([[a, 10.0 * b - 5.0]]))[0]


def test_every_run_is_inside_whatever_the_units():
    x = np.random.default_rng(3).lognormal(size=(40, 4)) * np.array([1e-6, 1.0, 1e3, 1e9])
    assert Domain.fit(x).inside(x).all()


def test_repeated_runs_and_a_constant_parameter_do_no_harm():
    x = np.repeat(np.random.default_rng(4).uniform(size=(10, 2)), 3, axis=0)
    x = np.hstack([x, np.full((30, 1), 7.0)])
    domain = Domain.fit(x)
    assert domain.inside(x).all()
    assert not domain.inside(np.array([[0.5, 0.5, 7.5]]))[0]


@given(st.integers(1, 4), st.integers(3, 30), st.integers(0, 99))
def test_the_score_is_at_most_one_inside_and_above_it_outside(p, n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    domain = Domain.fit(x)
    queries = rng.normal(scale=2.0, size=(50, p))
    where = domain.whereabouts(queries, np.zeros(50), [f"p{j}" for j in range(p)])
    np.testing.assert_array_equal(where.inside, domain.inside(queries))
    assert all(
        (why is not None) == (outside > 1.0) for why, outside in zip(where.why, where.outside, strict=True)
    )
    assert (domain.whereabouts(x, np.zeros(n), ["p"] * p).outside <= 1.0).all()


def test_the_score_rises_with_the_way_beyond_the_range():
    domain = Domain.fit(np.linspace(0.0, 10.0, 21)[:, None])
    way = np.array([[10.0], [10.6], [12.0], [20.0], [1e300]])
    where = domain.whereabouts(way, np.zeros(5), ["load"])
    assert (np.diff(where.outside) > 0.0).all()
    # The margin of 21 runs is a twentieth of the range, 0.5.
    assert where.outside[2] == pytest.approx(4.0)
    assert np.isfinite(where.outside).all()
    assert where.why[2] == "'load' = 12 lies beyond its range in the runs, 0 to 10"


def test_says_which_of_the_reasons_it_is():
    line = np.linspace(0.0, 1.0, 30)
    domain = Domain.fit(np.stack([line, line], axis=1))
    queries = np.array([[0.5, 0.5], [0.5, 0.5], [0.1, 0.9], [0.5, -1.0]])
    where = domain.whereabouts(queries, np.array([0.1, 0.8, 0.1, 0.1]), ["a", "b"])
    assert where.inside.tolist() == [True, True, False, False]
    assert where.why[0] is None
    assert where.why[1] == "the model's own std is 80% of the spread of all runs"
    assert where.outside[1] == 0.8
    assert where.why[2] is not None
    assert where.why[2].startswith("the nearest run is ")
    assert where.why[3] == "'b' = -1 lies beyond its range in the runs, 0 to 1"


def test_a_model_that_knows_nothing_puts_no_query_outside():
    domain = Domain.fit(np.linspace(0.0, 1.0, 10)[:, None])
    assert domain.whereabouts(np.array([[0.5]]), np.array([3.0]), ["x"]).inside[0]
