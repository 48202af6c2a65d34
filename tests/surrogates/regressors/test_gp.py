from __future__ import annotations

import gpytorch
import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.gaussian_process.batched import BatchedModel
from fieldwright.surrogates.gaussian_process.kernel import FAMILIES, Hyperparameters, Structure
from fieldwright.surrogates.gaussian_process.likelihood import Objective, Sample
from fieldwright.surrogates.gaussian_process.optimum import hyperparameters_of, optimum_of
from fieldwright.surrogates.gaussian_process.packed import Pairs
from fieldwright.surrogates.gaussian_process.posterior import Posterior
from fieldwright.surrogates.regressors import kind_config, regressor_for

STRUCTURES = [
    Structure(family, linear, loads)
    for family in FAMILIES
    for linear in (False, True)
    for loads in ((), (1,))
]


def gp(**settings):
    return regressor_for(kind_config({"kind": "gp", **settings}))


def hyperparameters(r: int, p: int, structure: Structure) -> Hyperparameters:
    rng = np.random.default_rng(1)
    lengthscale, bilinear = rng.uniform(0.5, 2.0, (r, p)), np.zeros((r, p))
    for j in structure.linear_in:
        lengthscale[:, j], bilinear[:, j] = np.inf, rng.uniform(0.5, 2.0, r)
    return Hyperparameters(
        lengthscale=torch.from_numpy(lengthscale),
        outputscale=torch.from_numpy(rng.uniform(0.5, 2.0, r)),
        linear=torch.from_numpy(rng.uniform(0.1, 0.5, (r, p)) * structure.linear),
        bilinear=torch.from_numpy(bilinear),
        noise=torch.from_numpy(rng.uniform(1e-4, 1e-2, r)),
        constant=torch.from_numpy(rng.normal(size=r)),
        family=torch.full((r,), FAMILIES.index(structure.family)),
    )


def as_gpytorch(x, z, hyper: Hyperparameters, structure: Structure) -> BatchedModel:
    likelihood = gpytorch.likelihoods.GaussianLikelihood(batch_shape=torch.Size([z.shape[1]]))
    model = BatchedModel(x, z, likelihood, structure).double()
    model.stationary.lengthscale = hyper.lengthscale[:, None, model.curved]
    model.smooth.outputscale = hyper.outputscale
    model.mean_module.constant.data = hyper.constant
    likelihood.noise = hyper.noise[:, None]
    if structure.linear:
        model.straight.variance = hyper.linear[:, None]
    if structure.linear_in:
        model.bilinear.variance = hyper.bilinear[:, None, model.loads]
    return model


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_the_posterior_equals_gpytorchs(structure):
    rng = np.random.default_rng(0)
    x, z = torch.from_numpy(rng.normal(size=(25, 2))), torch.from_numpy(rng.normal(size=(25, 3)))
    queries, hyper = torch.from_numpy(rng.normal(size=(8, 2))), hyperparameters(3, 2, structure)
    mean, std = Posterior.condition(x, z, hyper).predict(queries)
    model = as_gpytorch(x, z, hyper, structure).eval()
    model.gaussian.eval()
    with torch.no_grad():
        reference = model.gaussian(model(queries.expand(3, 8, 2)))
    np.testing.assert_allclose(mean, reference.mean.T, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(std, reference.variance.sqrt().T, rtol=1e-7)


def test_outputs_of_different_families_stand_side_by_side():
    rng = np.random.default_rng(0)
    x, z = torch.from_numpy(rng.normal(size=(25, 2))), torch.from_numpy(rng.normal(size=(25, 3)))
    queries = torch.from_numpy(rng.normal(size=(8, 2)))
    alone = [hyperparameters(3, 2, Structure(family)) for family in FAMILIES]
    mixed = Hyperparameters(**(vars(alone[0]) | {"family": torch.tensor([0, 1, 2])}))
    mean, std = Posterior.condition(x, z, mixed).predict(queries)
    for k, hyper in enumerate(alone):
        one_mean, one_std = Posterior.condition(x, z, hyper).predict(queries)
        np.testing.assert_allclose(mean[:, k], one_mean[:, k], rtol=1e-12)
        np.testing.assert_allclose(std[:, k], one_std[:, k], rtol=1e-12)


def test_packed_algebra_equals_that_of_full_matrices():
    rng = np.random.default_rng(7)
    for n in (2, 5, 8):
        pairs, root = Pairs.of(n), rng.normal(size=(n, n))
        full = root @ root.T + np.eye(n)
        packed = full[pairs.first, pairs.second]
        factor = pairs.factor(packed)
        right = rng.normal(size=(n, 2))
        np.testing.assert_allclose(pairs.solve(factor, right), np.linalg.solve(full, right), atol=1e-10)
        logs = 2.0 * np.log(factor[pairs.diagonal]).sum()
        assert logs == pytest.approx(np.linalg.slogdet(full)[1])
        inverse = np.linalg.inv(full)[pairs.first, pairs.second]
        np.testing.assert_allclose(pairs.inverse(factor), inverse, atol=1e-10)
    assert pairs.factor(-packed) is None


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_the_objectives_gradient_is_its_derivative(structure):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20, 3))
    sample = Sample(np.sin(x[:, 0]) + x[:, 1], rng.uniform(0.5, 2.0, 20), np.full(20, 0.5), np.full(20, 0.02))
    objective = Objective(x, structure)
    theta = objective.start() + 0.3 * rng.normal(size=len(objective.start()))
    numerical = approx_fprime(theta, lambda t: objective(t, sample)[0], 1e-6)
    np.testing.assert_allclose(objective(theta, sample)[1], numerical, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("family", "kernel"),
    [
        ("matern32", Matern([0.7, 1.9], nu=1.5)),
        ("matern52", Matern([0.7, 1.9], nu=2.5)),
        ("rbf", RBF([0.7, 1.9])),
    ],
)
def test_the_likelihood_equals_scikit_learns(family, kernel):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20, 2))
    z = np.sin(x[:, 0])
    objective, sample = Objective(x, Structure(family)), Sample.once(z)
    theta = np.log([0.7, 1.9, 1e-3])
    prior = np.sum((theta[:2] - objective.centre) ** 2) / 6.0
    scale, constant = objective.scale_and_mean(theta, sample)
    # Outputscale and mean are profiled out here and must be put in by hand there.
    whole = ConstantKernel(scale) * kernel + WhiteKernel(scale * 1e-3)
    reference = GaussianProcessRegressor(whole, optimizer=None, alpha=0.0).fit(x, z - constant)
    value = objective(theta, sample)[0] - prior
    assert value == pytest.approx(-reference.log_marginal_likelihood_value_, rel=1e-9)
    for other in (0.9, 1.1):
        whole = ConstantKernel(other * scale) * kernel + WhiteKernel(other * scale * 1e-3)
        worse = GaussianProcessRegressor(whole, optimizer=None, alpha=0.0).fit(x, z - constant)
        assert -worse.log_marginal_likelihood_value_ > value


def losses(fitted, x: np.ndarray, z: np.ndarray) -> list[float]:
    """The objective of every output at what was found."""
    optima = [optimum_of(fitted.hyperparameters, k) for k in range(z.shape[1])]
    return [
        Objective(x, each.structure)(each.theta, Sample.once(column))[0]
        for each, column in zip(optima, z.T, strict=True)
    ]


def two_outputs(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.uniform(-1.7, 1.7, (n, 2))
    smooth = np.stack([np.sin(2.0 * x[:, 0]), x[:, 0] * x[:, 1]], axis=1)
    return x, smooth + [0.01, 0.1] * rng.normal(size=(n, 2))


def test_both_engines_find_optima_of_like_likelihood():
    x, z = two_outputs(40)
    ours, theirs = (
        gp(engine=engine, kernel="matern52").fit(x, z, seed=0) for engine in ("exact", "gpytorch")
    )
    np.testing.assert_allclose(losses(ours, x, z), losses(theirs, x, z), atol=1.0)


def test_auto_is_no_less_likely_than_any_family():
    x, z = two_outputs(60)
    auto = sum(losses(gp().fit(x, z, seed=0), x, z))
    for family in FAMILIES:
        assert auto < sum(losses(gp(kernel=family).fit(x, z, seed=0), x, z)) + 0.01


def test_recovers_the_noise_and_goes_back_to_the_prior_far_away():
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.7, 1.7, (150, 1))
    z = np.sin(2.0 * x) + 0.2 * rng.normal(size=x.shape)
    fitted = gp(kernel="matern52").fit(x, z, seed=0)
    assert fitted.hyperparameters.noise.item() == pytest.approx(0.04, rel=0.35)
    far = fitted.predict(np.array([[1e4]]))[1].item()
    hyper = fitted.hyperparameters
    assert far == pytest.approx((hyper.outputscale + hyper.noise).sqrt().item())


def test_the_linear_part_extrapolates_a_trend():
    x = np.linspace(-1.7, 1.7, 25)[:, None]
    z = 0.9 * x + 0.05 * np.sin(6.0 * x)
    beyond = np.array([[4.0]])
    error = {
        kernel: abs(gp(kernel=kernel).fit(x, z, seed=0).predict(beyond)[0].item() - 3.6)
        for kernel in ("matern52", "linear+matern52")
    }
    assert error["linear+matern52"] < 0.2 < error["matern52"]


def loaded(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Linear in the loads 0 and 2, curved in parameter 1."""
    x = np.random.default_rng(seed).uniform(-1.7, 1.7, (n, 3))
    z = (1.5 + x[:, 0]) * np.exp(-0.7 * x[:, 1]) + x[:, 2] * np.sin(1.5 * x[:, 1])
    return x, z[:, None] / 2.0


def test_a_kernel_linear_in_the_loads_halves_the_error_and_auto_finds_them():
    x, z = loaded(30, 0)
    queries, true = loaded(300, 1)
    error = {}
    for name, settings in {
        "plain": {"kernel": "matern52"},
        "linear": {"kernel": "matern52", "linear_in": (0, 2)},
        "auto": {},
    }.items():
        fitted = gp(**settings).fit(x, z, seed=0)
        error[name] = np.sqrt(np.mean((fitted.predict(queries)[0] - true) ** 2))
    assert error["linear"] < 0.5 * error["plain"]
    assert error["auto"] < 0.5 * error["plain"]
    assert fitted.hyperparameters.lengthscale[0].isinf().tolist() == [True, False, True]


def test_along_a_load_the_mean_is_a_straight_line():
    x, z = loaded(30, 0)
    fitted = gp(kernel="rbf", linear_in=(0,)).fit(x, z, seed=0)
    along = np.array([[load, 0.3, -0.4] for load in (-5.0, 0.0, 5.0, 10.0)])
    mean = fitted.predict(along)[0][:, 0]
    # The mean is a sum of n terms k_i w_i, far larger than itself: its rounding error is that of their magnitudes.
    posterior = fitted.posterior_
    terms = (
        posterior.hyper.covariance(torch.from_numpy(along), posterior.x).abs() @ posterior.weights.abs().mT
    )
    rounding = len(x) * np.finfo(np.float64).eps * terms.max().item()
    assert rounding < 1e-6 * np.ptp(mean)
    # A second difference weighs four means: 1, -2, 1.
    np.testing.assert_allclose(np.diff(mean, n=2), 0.0, atol=4 * rounding)


def test_refuses_a_load_that_is_not_there():
    with pytest.raises(ModelError, match=r"'linear_in' must name positions of parameters in 0..1. Got 2"):
        gp(linear_in=(2,)).fit(np.zeros((11, 2)), np.zeros((11, 1)), seed=0)


def test_hyperparameters_go_there_and_back():
    x, z = loaded(30, 0)
    fitted = gp(kernel="linear+rbf", linear_in=(2,)).fit(x, z, seed=0)
    optimum = optimum_of(fitted.hyperparameters, 0)
    assert optimum.structure == Structure("rbf", True, (2,))
    scale, constant = Objective(x, optimum.structure).scale_and_mean(optimum.theta, Sample.once(z[:, 0]))
    # Left-out runs may have made all variances larger, by one ratio.
    ratio = fitted.hyperparameters.outputscale / scale
    assert ratio.item() > 1.0 - 1e-6
    again = hyperparameters_of([(optimum, scale, constant)], x.shape[1]).with_variance(ratio)
    for name, array in fitted.hyperparameters.state().items():
        np.testing.assert_allclose(again.state()[name], array, rtol=1e-6, atol=1e-9)
