from __future__ import annotations

import gpytorch
import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from data.errors import ModelError
from surrogates.gaussian_process.batched import BatchedModel
from surrogates.gaussian_process.exact import Objective
from surrogates.gaussian_process.kernel import Hyperparameters
from surrogates.gaussian_process.posterior import Posterior
from surrogates.kinds import kind_config, regressor_for


def hyperparameters(r: int, p: int, linear: bool) -> Hyperparameters:
    rng = np.random.default_rng(1)
    return Hyperparameters(
        lengthscale=torch.from_numpy(rng.uniform(0.5, 2.0, (r, p))),
        outputscale=torch.from_numpy(rng.uniform(0.5, 2.0, r)),
        linear=torch.from_numpy(rng.uniform(0.1, 0.5, (r, p)) * linear),
        noise=torch.from_numpy(rng.uniform(1e-4, 1e-2, r)),
        constant=torch.from_numpy(rng.normal(size=r)),
    )


def as_gpytorch(x, z, hyper: Hyperparameters, linear: bool) -> BatchedModel:
    likelihood = gpytorch.likelihoods.GaussianLikelihood(batch_shape=torch.Size([z.shape[1]]))
    model = BatchedModel(x, z, likelihood, linear).double()
    model.matern.lengthscale = hyper.lengthscale[:, None]
    model.smooth.outputscale = hyper.outputscale
    model.mean_module.constant.data = hyper.constant
    likelihood.noise = hyper.noise[:, None]
    if linear:
        model.straight.variance = hyper.linear[:, None]
    return model


@pytest.mark.parametrize("linear", [False, True])
def test_the_posterior_equals_gpytorchs(linear):
    rng = np.random.default_rng(0)
    x, z = torch.from_numpy(rng.normal(size=(25, 2))), torch.from_numpy(rng.normal(size=(25, 3)))
    queries, hyper = torch.from_numpy(rng.normal(size=(8, 2))), hyperparameters(3, 2, linear)
    mean, std = Posterior.condition(x, z, hyper).predict(queries)
    model = as_gpytorch(x, z, hyper, linear).eval()
    model.gaussian.eval()
    with torch.no_grad():
        reference = model.gaussian(model(queries.expand(3, 8, 2)))
    np.testing.assert_allclose(mean, reference.mean.T, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(std, reference.variance.sqrt().T, rtol=1e-7)


@pytest.mark.parametrize("linear", [False, True])
def test_the_objectives_gradient_is_its_derivative(linear):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20, 3))
    z = torch.from_numpy(np.sin(x[:, 0]) + x[:, 1])
    objective = Objective(x, linear)
    theta = objective.start() + 0.3 * rng.normal(size=len(objective.start()))
    numerical = approx_fprime(theta, lambda t: objective(t, z)[0], 1e-6)
    np.testing.assert_allclose(objective(theta, z)[1], numerical, rtol=1e-4, atol=1e-4)


def test_the_likelihood_equals_scikit_learns():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20, 2))
    z = np.sin(x[:, 0])
    objective = Objective(x, False)
    theta = np.log([0.7, 1.9, 1.3, 1e-3])
    prior = np.sum((theta[:2] - objective.centre) ** 2) / 6.0
    kernel = ConstantKernel(1.3) * Matern([0.7, 1.9], nu=2.5) + WhiteKernel(1e-3)
    # The mean is profiled out here and must be taken off by hand there.
    covariance = kernel(x)
    ones = np.linalg.solve(covariance, np.ones(20))
    reference = GaussianProcessRegressor(kernel, optimizer=None, alpha=0.0).fit(x, z - ones @ z / ones.sum())
    value = objective(theta, torch.from_numpy(z))[0] - prior
    assert value == pytest.approx(-reference.log_marginal_likelihood_value_, rel=1e-9)


def test_both_engines_find_optima_of_like_likelihood():
    rng = np.random.default_rng(4)
    x = rng.uniform(-1.7, 1.7, (40, 2))
    z = np.stack([np.sin(2.0 * x[:, 0]), x[:, 0] * x[:, 1] + 0.1 * rng.normal(size=40)], axis=1)
    objective = Objective(x, False)
    values = []
    for engine in ("exact", "gpytorch"):
        hyper = (
            regressor_for(kind_config({"kind": "gp", "engine": engine})).fit(x, z, seed=0).posterior_.hyper
        )
        theta = torch.cat([hyper.lengthscale, hyper.outputscale[:, None], hyper.noise[:, None]], dim=1).log()
        values.append(
            [objective(t, column)[0] for t, column in zip(theta.numpy(), torch.from_numpy(z.T), strict=True)]
        )
    np.testing.assert_allclose(values[0], values[1], atol=1.0)


def test_recovers_the_noise_and_goes_back_to_the_prior_far_away():
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.7, 1.7, (150, 1))
    z = np.sin(2.0 * x) + 0.2 * rng.normal(size=x.shape)
    fitted = regressor_for(kind_config({"kind": "gp"})).fit(x, z, seed=0)
    assert fitted.posterior_.hyper.noise.item() == pytest.approx(0.04, rel=0.35)
    far = fitted.predict(np.array([[1e4]]))[1].item()
    hyper = fitted.posterior_.hyper
    assert far == pytest.approx((hyper.outputscale + hyper.noise).sqrt().item())


def test_the_linear_part_extrapolates_a_trend():
    x = np.linspace(-1.7, 1.7, 25)[:, None]
    z = 0.9 * x + 0.05 * np.sin(6.0 * x)
    beyond = np.array([[4.0]])
    error = {
        kernel: abs(
            regressor_for(kind_config({"kind": "gp", "kernel": kernel}))
            .fit(x, z, seed=0)
            .predict(beyond)[0]
            .item()
            - 3.6
        )
        for kernel in ("matern52", "linear+matern52")
    }
    assert error["linear+matern52"] < 0.2 < error["matern52"]


def test_refuses_more_runs_than_fit_into_memory():
    config = kind_config({"kind": "gp", "max_runs": 10})
    with pytest.raises(ModelError, match=r"at most 10 runs \('max_runs'\). Got 11 runs"):
        regressor_for(config).fit(np.zeros((11, 1)), np.zeros((11, 1)), seed=0)
