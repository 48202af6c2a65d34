from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gamma
from scipy.stats import qmc

from fieldwright.surrogates.domain.domain import Domain


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


def score(x: np.ndarray, queries: np.ndarray) -> np.ndarray:
    return Domain.fit(x).whereabouts(queries, np.zeros(len(queries)), ["p"] * x.shape[1]).outside


def auroc(above: np.ndarray, below: np.ndarray) -> float:
    """The probability that a score of the first lies above one of the second, ties counting half."""
    return float(np.mean((above[:, None] > below) + 0.5 * (above[:, None] == below)))


@pytest.mark.parametrize("form", ["ball", "cube"])
@pytest.mark.parametrize(("p", "n"), [(2, 40), (2, 100), (3, 60), (3, 150), (4, 120), (5, 200)])
def test_tells_a_hole_of_a_fifth_of_the_box_from_what_lies_among_the_runs(p, n, form):
    """Places anywhere in the hole, its rim included, against places anywhere else in the box."""
    radius = (0.2 * gamma(p / 2 + 1) / np.pi ** (p / 2)) ** (1 / p)

    def hole(u: np.ndarray) -> np.ndarray:
        if form == "ball":
            return np.linalg.norm(u - 0.5, axis=1) < radius
        return np.abs(u - 0.5).max(axis=1) < 0.5 * 0.2 ** (1 / p)

    areas, refused = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.random((3 * n, p)) if seed % 2 else qmc.LatinHypercube(p, rng=rng).random(3 * n)
        x, queries = x[~hole(x)][:n], rng.random((1500, p))
        within, beside = score(x, queries[hole(queries)]), score(x, queries[~hole(queries)])
        areas.append(auroc(within, beside))
        refused.append(np.mean(beside > 1.0))
    assert np.mean(areas) > 0.95
    # Of those beside the hole some lie so near to it that no run stands between.
    assert np.mean(refused) < 0.1


@pytest.mark.parametrize("p", [2, 3, 5])
def test_of_a_box_without_holes_hardly_anything_is_refused(p):
    shares = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.random((80, p)) if seed % 2 else qmc.LatinHypercube(p, rng=rng).random(80)
        shares.append(np.mean(score(x, rng.random((1000, p))) > 1.0))
    assert np.mean(shares) < 0.05


@pytest.mark.parametrize("p", [1, 2, 3, 5])
@pytest.mark.parametrize("far", [1, 2])
def test_a_run_far_from_all_others_does_not_widen_the_domain(p, far):
    rng = np.random.default_rng(p)
    x = rng.random((60, p))
    outliers = 10.0 + 3.0 * np.arange(far)[:, None] * np.ones(p)
    domain = Domain.fit(np.vstack([x, outliers]))
    assert not domain.inside(rng.uniform(3.0, 7.0, (200, p))).any()
    assert domain.inside(rng.uniform(0.05, 0.95, (500, p))).mean() > 0.93
    assert domain.inside(outliers).all()


@pytest.mark.parametrize("p", [1, 2, 3])
def test_each_of_two_clusters_has_its_own_spacing_and_what_lies_between_is_outside(p):
    rng = np.random.default_rng(p)
    dense, sparse = 0.1 * rng.random((60, p)), 1.0 + 2.0 * rng.random((40, p))
    domain = Domain.fit(np.vstack([dense, sparse]))
    assert domain.inside(0.005 + 0.09 * rng.random((300, p))).mean() > 0.9
    assert domain.inside(1.1 + 1.8 * rng.random((300, p))).mean() > 0.9
    assert not domain.inside(np.full((1, p), 0.55)).any()


def test_runs_over_decades_are_spaced_by_their_logarithm():
    exponents = qmc.LatinHypercube(2, rng=np.random.default_rng(0)).random(60)
    x = np.stack([10.0 ** (6.0 * exponents[:, 0] - 3.0), exponents[:, 1]], axis=1)
    among = np.random.default_rng(1).random((500, 2))
    queries = np.stack([10.0 ** (6.0 * among[:, 0] - 3.0), among[:, 1]], axis=1)
    assert np.mean(score(x, queries) > 1.0) < 0.05
    kept = np.abs(exponents[:, 0] - 0.5) > 0.2
    hole = np.stack([10.0 ** np.linspace(-0.3, 0.3, 9), np.linspace(0.2, 0.8, 9)], axis=1)
    assert (score(x[kept], hole) > 1.0).all()


def test_a_block_that_is_missing_from_a_grid_is_outside():
    u, v = (part.ravel() for part in np.meshgrid(np.arange(10.0), np.arange(10.0)))
    kept = (np.abs(u - 4.5) > 2.0) | (np.abs(v - 4.5) > 2.0)
    domain = Domain.fit(np.stack([u, v], axis=1)[kept])
    assert not domain.inside(np.array([[4.5, 4.5], [4.0, 5.0]])).any()
    assert domain.inside(np.array([[1.5, 1.5], [8.5, 0.5], [4.5, 1.5]])).all()


def test_a_hole_is_found_beside_a_parameter_of_two_levels():
    rng = np.random.default_rng(5)
    free = rng.random((200, 2))
    free = free[np.linalg.norm(free - 0.5, axis=1) > 0.25][:90]
    x = np.column_stack([free, np.arange(90) % 2])
    assert not Domain.fit(x).inside(np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 1.0]])).any()
    assert Domain.fit(x).inside(x).all()


@pytest.mark.parametrize("levels", [0.0, 7.0])
def test_runs_on_a_surface_in_the_space_of_parameters(levels):
    u = qmc.LatinHypercube(2, rng=np.random.default_rng(6)).random(100)

    def surface(u: np.ndarray) -> np.ndarray:
        return np.column_stack([u, u[:, 0] ** 2 + u[:, 1], np.full(len(u), levels)])

    domain = Domain.fit(surface(u))
    on = surface(np.random.default_rng(7).uniform(0.05, 0.95, (300, 2)))
    assert domain.inside(on).mean() > 0.95
    off = on.copy()
    off[:, 2] += np.where(off[:, 2] > 1.0, -0.7, 0.7)
    assert domain.inside(off).mean() < 0.05


def test_a_domain_that_an_earlier_version_saved_is_learned_anew_from_its_runs():
    x = np.random.default_rng(8).random((30, 2))
    saved = {
        "minimum": x.min(axis=0),
        "maximum": x.max(axis=0),
        "gap": np.ones(2),
        "runs": np.unique(x, axis=0),
        "reach": np.array(0.3),
    }
    queries = np.random.default_rng(9).uniform(-0.2, 1.2, (100, 2))
    fresh = Domain.fit(x)
    for state in (saved, fresh.state()):
        again = Domain.restore(state).whereabouts(queries, np.zeros(100), ["a", "b"])
        np.testing.assert_array_equal(
            again.outside, fresh.whereabouts(queries, np.zeros(100), ["a", "b"]).outside
        )


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
