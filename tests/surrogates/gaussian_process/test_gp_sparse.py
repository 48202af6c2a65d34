"""Thousands of runs: the variational posterior on inducing points."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.gaussian_process.kernel import Structure
from fieldwright.surrogates.gaussian_process.posterior import Posterior
from fieldwright.surrogates.gaussian_process.process import structure_of
from fieldwright.surrogates.gaussian_process.sparse import inducing_points, sparse_posterior
from fieldwright.surrogates.regressors import kind_config, regressor_for


def gp(**settings):
    return regressor_for(kind_config({"kind": "gp", **settings}))


def draw(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.7, 1.7, (n, 3))
    smooth = np.stack([np.sin(2.0 * x[:, 0]) * x[:, 1], np.cos(x[:, 1] + x[:, 2])], axis=1)
    return x, smooth + 0.05 * rng.normal(size=smooth.shape)


@pytest.fixture(scope="module")
def exact() -> tuple[Posterior, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The exact posterior of 150 runs, its targets and their noise variance, and queries."""
    x, z = draw(150, 0)
    posterior = gp(kernel="matern52").fit(x, z, seed=0).posterior_
    queries = torch.from_numpy(draw(30, 1)[0])
    return posterior, torch.from_numpy(z), posterior.hyper.noise_at(posterior.x), queries


def test_with_every_run_an_inducing_point_it_is_the_exact_posterior(exact):
    posterior, z, noise, queries = exact
    sparse = sparse_posterior(posterior.x, z, posterior.hyper, noise, posterior.x)
    for one, other in zip(sparse.predict(queries), posterior.predict(queries), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_it_is_the_posterior_under_the_nystroem_covariance(exact):
    """Titsias' mean is that of a process with the covariance K_xu K_uu^-1 K_ux."""
    posterior, z, noise, queries = exact
    hyper, inducing = posterior.hyper, posterior.x[:40]
    sparse = sparse_posterior(posterior.x, z, hyper, noise, inducing)
    own = hyper.covariance(inducing, inducing)
    runs = hyper.covariance(posterior.x, inducing)
    new = hyper.covariance(queries, inducing)
    low_rank = runs @ torch.linalg.solve(own, runs.mT) + torch.diag_embed(noise)
    residual = (z.T - hyper.mean(posterior.x))[..., None]
    mean = new @ torch.linalg.solve(own, runs.mT @ torch.linalg.solve(low_rank, residual))
    reference = hyper.mean(queries) + mean[..., 0]
    np.testing.assert_allclose(sparse.predict(queries)[0], reference.T, atol=1e-5)


def test_more_inducing_points_come_closer_to_the_exact_posterior(exact):
    posterior, z, noise, queries = exact
    away = []
    for number in (10, 30, 90):
        inducing = inducing_points(posterior.x, posterior.hyper, number, seed=0)
        found = sparse_posterior(posterior.x, z, posterior.hyper, noise, inducing).predict(queries)
        pairs = zip(found, posterior.predict(queries), strict=True)
        away.append([float((one - other).abs().mean()) for one, other in pairs])
    assert (np.diff(away, axis=0) < 0.0).all()
    assert max(away[-1]) < 0.01


def test_inducing_points_are_runs_and_leave_less_variance_than_drawn_ones(exact):
    posterior, _, _, _ = exact
    chosen = inducing_points(posterior.x, posterior.hyper, 20, seed=0)
    assert len(torch.unique(chosen, dim=0)) == 20
    assert (chosen[:, None] == posterior.x).all(dim=2).any(dim=1).all()

    def left(inducing: torch.Tensor) -> float:
        cross = posterior.hyper.covariance(posterior.x, inducing)
        known = torch.linalg.solve(posterior.hyper.covariance(inducing, inducing), cross.mT)
        return float((posterior.hyper.variance(posterior.x) - (cross * known.mT).sum(dim=-1)).sum())

    assert left(chosen) < 0.9 * left(posterior.x[:20])


@pytest.mark.slow
def test_five_thousand_runs_are_learned_to_their_noise():
    x, z = draw(5000, 2)
    fitted = gp(inducing=256).fit(x, z, seed=0)
    assert len(fitted.posterior_.x) <= 256
    new, observed = draw(2000, 3)
    mean, std = fitted.predict(new)
    assert np.sqrt(np.mean((mean - observed) ** 2)) < 1.05 * 0.05
    assert abs(np.mean(np.abs(observed - mean) < 1.645 * std) - 0.9) < 0.02
    again = type(fitted).restore(fitted.config, fitted.state())
    np.testing.assert_array_equal(again.predict(new[:5]), fitted.predict(new[:5]))


def test_the_config_tells_from_which_size_on():
    x, z = draw(60, 4)
    exact, sparse = (gp(max_exact=most, inducing=20).fit(x, z, seed=0) for most in (60, 59))
    assert len(exact.posterior_.x) == 60
    assert len(sparse.posterior_.x) == 20
    assert sparse.state()["inverse_factor"].shape == (2, 20, 20)


def test_a_variational_process_refuses_single_runs():
    x, z = draw(60, 4)
    fitted = gp(max_exact=50, inducing=50).fit(x, z, seed=0)
    with pytest.raises(ModelError, match=r"below 50 \('max_exact'\) of them. Got 50"):
        fitted.updated(x[:1], z[:1])


def test_a_structured_kernel_may_be_sparse():
    x, z = draw(80, 5)
    fitted = gp(kernel="rbf", linear_in=(1,), max_exact=50, inducing=40).fit(x, z, seed=0)
    along = np.array([[0.3, load, 0.1] for load in (-3.0, 0.0, 3.0)])
    np.testing.assert_allclose(np.diff(fitted.predict(along)[0], n=2, axis=0), 0.0, atol=1e-8)
    assert Structure("rbf", False, (1,)) == structure_of(fitted.config)
