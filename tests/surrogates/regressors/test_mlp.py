"""The networks whose hidden layers the evidence teaches: its slopes, the last layer, errors and stds on few runs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize_scalar
from scipy.stats import multivariate_normal, qmc

from fieldwright.surrogates.networks.activations import ACTIVATIONS
from fieldwright.surrogates.networks.early_stopped import EarlyStoppedEnsemble
from fieldwright.surrogates.networks.evidence_training import EvidenceNetwork
from fieldwright.surrogates.networks.hidden_layers import HiddenLayers
from fieldwright.surrogates.networks.last_layer import LastLayer, evidence
from fieldwright.surrogates.networks.mlp import MLP
from fieldwright.surrogates.regressors import kind_config, regressor_for

NOISE = np.array([1e-2, 0.5])


def features(n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    phi = rng.normal(size=(n, k))
    return phi, phi @ rng.normal(size=(k, 2)) + np.sqrt(NOISE) * rng.normal(size=(n, 2))


def density_at_best(phi: np.ndarray, z: np.ndarray, noise: float) -> float:
    """-log p(z) at its best amplitude, by scipy's density and a search."""
    covariance = phi @ phi.T + noise * np.eye(len(z))

    def misfit(log_amplitude: float) -> float:
        return -float(multivariate_normal(cov=np.exp(log_amplitude) * covariance).logpdf(z))

    return float(minimize_scalar(misfit, bounds=(-5.0, 5.0), method="bounded", options={"xatol": 1e-9}).fun)


@pytest.mark.parametrize("k", [3, 12], ids=["fewer features than runs", "more"])
def test_the_evidence_is_the_density_of_the_outputs_at_its_best_amplitude(k):
    phi, z = features(7, k)
    other = np.full(2, 0.1)
    densities = [sum(density_at_best(phi, z[:, r], noise[r]) for r in range(2)) for noise in (NOISE, other)]
    found = [evidence(phi, z, noise).value for noise in (NOISE, other)]
    # Up to a constant, which the difference does not have.
    assert found[1] - found[0] == pytest.approx(densities[1] - densities[0], rel=1e-6)


@pytest.mark.parametrize("k", [3, 12])
def test_the_slopes_of_the_evidence_are_differences_of_it(k):
    phi, z = features(7, k)
    found = evidence(phi, z, NOISE)
    by_features = approx_fprime(phi.ravel(), lambda v: evidence(v.reshape(phi.shape), z, NOISE).value, 1e-7)
    np.testing.assert_allclose(found.by_features.ravel(), by_features, rtol=1e-4, atol=1e-4)
    by_noise = approx_fprime(np.log(NOISE), lambda v: evidence(phi, z, np.exp(v)).value, 1e-6)
    np.testing.assert_allclose(found.by_noise, by_noise, rtol=1e-4)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_by_weights_and_inputs_are_differences_for_every_activation(name):
    rng = np.random.default_rng(1)
    layers = HiddenLayers((2, 5, 3), name)
    weights, trend = [rng.normal(size=shape) for shape in layers.shapes()], np.array([0.7, 1.3])
    x, slope = rng.normal(size=(6, 2)), rng.normal(size=(6, 6))
    _, backward = layers.slopes(weights, trend, x)
    by_weights, by_trend = backward(slope)
    ends = np.cumsum([weight.size for weight in weights])

    def total(vector: np.ndarray) -> float:
        parts = np.split(vector, ends)
        shaped = [part.reshape(weight.shape) for part, weight in zip(parts, weights, strict=False)]
        return float((slope * layers(shaped, parts[-1], x)).sum())

    start = np.concatenate([*(weight.ravel() for weight in weights), trend])
    found = np.concatenate([*(one.ravel() for one in by_weights), by_trend])
    np.testing.assert_allclose(found, approx_fprime(start, total, 1e-6), rtol=1e-4, atol=1e-4)
    jacobian = layers.jacobian([weight[None] for weight in weights], trend[None], x[:1])[0, 0]
    by_inputs = [
        approx_fprime(x[0], lambda u, k=k: layers(weights, trend, u[None])[0, k], 1e-7) for k in range(6)
    ]
    np.testing.assert_allclose(jacobian.T, by_inputs, atol=1e-5)


def test_the_posterior_is_that_of_a_gaussian_process_and_leaves_runs_out_exactly():
    """Its kernel is phi phi^T; runs left out are compared with a posterior that never saw them."""
    phi, z = features(9, 4)
    last = LastLayer.of(phi, z, NOISE)
    new = np.random.default_rng(2).normal(size=4)
    means, variances = last.left_out(phi, z)
    for r, noise in enumerate(NOISE):
        inverse = np.linalg.inv(phi @ phi.T + noise * np.eye(9))
        amplitude = z[:, r] @ inverse @ z[:, r] / 9
        assert new @ last.mean[:, r] == pytest.approx(new @ phi.T @ inverse @ z[:, r])
        variance = new @ new + noise - new @ phi.T @ inverse @ phi @ new
        leverage = (new @ last.vectors) ** 2 @ last.inverse[:, r]
        assert last.variance[r] * (1.0 + leverage) == pytest.approx(amplitude * variance)
        rest, run = np.delete(np.arange(9), 4), phi[4]
        inverse = np.linalg.inv(phi[rest] @ phi[rest].T + noise * np.eye(8))
        assert means[4, r] == pytest.approx(run @ phi[rest].T @ inverse @ z[rest, r])
        variance = run @ run + noise - run @ phi[rest].T @ inverse @ phi[rest] @ run
        assert variances[4, r] == pytest.approx(amplitude * variance)


def test_learning_raises_the_evidence_and_without_freedom_leaves_the_draws():
    x = np.random.default_rng(3).uniform(-1.7, 1.7, (30, 2))
    z = np.sin(2.0 * x[:, :1]) * x[:, 1:]
    first = EvidenceNetwork.first(HiddenLayers((2, 40), "tanh"), 1, 1.0, np.random.default_rng(0))
    begun = evidence(first.features(x), z, np.exp(first.noise)).value
    scaled, _ = first.learn(x, z, 30)
    free, _ = scaled.learn(x, z, 30, freedom=1.0)
    later = [evidence(one.features(x), z, np.exp(one.noise)).value for one in (scaled, free)]
    assert later[1] < later[0] - 1.0 < begun - 2.0
    np.testing.assert_array_equal(scaled.draws[0], first.draws[0])
    assert np.abs(free.draws[0] - first.draws[0]).max() > 0.01


def friedman(u: np.ndarray) -> np.ndarray:
    return (
        10.0 * np.sin(np.pi * u[:, 0] * u[:, 1])
        + 20.0 * (u[:, 2] - 0.5) ** 2
        + 10.0 * u[:, 3]
        + 5.0 * u[:, 4]
    )


def test_sixty_runs_of_five_parameters_are_enough_and_the_own_bands_hold():
    """Friedman's function. A quadratic polynomial, 21 terms, leaves 9 % of its spread; the normal band is of 90 %."""
    new = qmc.LatinHypercube(5, rng=9).random(400)
    true, covered = friedman(new), []
    for seed in range(3):
        u = qmc.LatinHypercube(5, rng=seed).random(60)
        z = friedman(u)
        model = regressor_for(kind_config({"kind": "mlp"}))
        model.fit((u - 0.5) * 12.0**0.5, ((z - z.mean()) / z.std())[:, None], seed)
        mean, std = (part[:, 0] * z.std() for part in model.predict((new - 0.5) * 12.0**0.5))
        error = np.abs(mean + z.mean() - true)
        assert np.sqrt(np.mean(error**2)) < 0.04 * true.std()
        covered.append(np.mean(error < 1.645 * std))
    assert 0.8 < np.mean(covered) < 0.98


def test_it_needs_no_torch():
    code = (
        "import sys, numpy as np\n"
        "from fieldwright.surrogates.regressors import kind_config, regressor_for\n"
        "x = np.random.default_rng(0).normal(size=(20, 2))\n"
        "model = regressor_for(kind_config({'kind': 'mlp'})).fit(x, x[:, :1] * x[:, 1:], 0)\n"
        "again = type(model).restore(model.config, model.state())\n"
        "assert np.array_equal(again.predict(x), model.predict(x))\n"
        "print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_an_ensemble_of_an_earlier_version_answers_as_it_did():
    """Its settings say "auto", its arrays that it was stopped early."""
    x = np.linspace(-1.5, 1.5, 12)[:, None]
    size = {"kind": "mlp", "hidden": [8], "members": 2, "iterations": 20}
    stopped = regressor_for(kind_config({**size, "optimiser": "lbfgs"})).fit(x, np.sin(x), 0)
    again = MLP.restore(kind_config({**size, "optimiser": "auto"}), stopped.state())
    assert isinstance(again.ensemble_, EarlyStoppedEnsemble)
    np.testing.assert_array_equal(again.predict(x), stopped.predict(x))
