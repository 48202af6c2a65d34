"""The variance of a process, corrected by its errors at left-out runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fieldwright.surrogates.gaussian_process.kernel import FAMILIES, Hyperparameters
from fieldwright.surrogates.gaussian_process.likelihood import Sample
from fieldwright.surrogates.gaussian_process.posterior import Posterior
from fieldwright.surrogates.gaussian_process.variance import standardised_errors, variance_ratios
from fieldwright.surrogates.regressors import kind_config, regressor_for

FUNCTIONS, RUNS, NEW, PARAMETERS = 30, 20, 20, 3
NORMAL = 1.6448536269514722
"""Half width of the central 90 % of a normal distribution, in stds."""


def prior(p: int, lengthscale: float, noise: float = 1e-6, family: str = "rbf") -> Hyperparameters:
    """Of one output of unit variance."""
    one, none = torch.ones(1, dtype=torch.float64), torch.zeros(1, p, dtype=torch.float64)
    lengthscales = torch.full((1, p), lengthscale, dtype=torch.float64)
    of_family = torch.tensor([FAMILIES.index(family)])
    return Hyperparameters(lengthscales, one, none, none.clone(), noise * one, 0.3 * one, of_family)


def draw(hyper: Hyperparameters, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Values (n,) of a function with this prior at x (n, p)."""
    places = torch.from_numpy(x)
    covariance = hyper.covariance(places, places)[0].numpy() + 1e-6 * np.eye(len(x))
    return np.linalg.cholesky(covariance) @ rng.standard_normal(len(x))


@pytest.mark.parametrize("family", FAMILIES)
def test_errors_at_left_out_runs_are_those_of_a_second_posterior(family):
    rng = np.random.default_rng(0)
    hyper, x = prior(2, 1.2, 1e-2, family), rng.uniform(-1.7, 1.7, (15, 2))
    z, counts = draw(hyper, x, rng), rng.integers(1, 4, 15)
    sample = Sample(z, 1.0 / counts, np.zeros(15), np.zeros(15))
    found = standardised_errors(x, sample, hyper)
    noise = hyper.noise[:, None] / torch.from_numpy(counts)
    for i in range(len(x)):
        rest = np.delete(np.arange(len(x)), i)
        posterior = Posterior.condition(
            torch.from_numpy(x[rest]), torch.from_numpy(z[rest, None]), hyper, noise[:, rest]
        )
        mean, std = posterior.predict(torch.from_numpy(x[i : i + 1]))
        # The posterior predicts one observation, the place has the mean of several.
        variance = std.item() ** 2 - hyper.noise.item() * (1.0 - 1.0 / counts[i])
        assert found[i] == pytest.approx((z[i] - mean.item()) / np.sqrt(variance), rel=1e-6)


def test_a_process_of_a_known_prior_needs_no_correction():
    """With the hyperparameters by which functions were drawn the mean square of the errors is one, but for chance."""
    rng, hyper = np.random.default_rng(1), prior(2, 1.0, 1e-6)
    x = rng.uniform(-1.7, 1.7, (40, 2))
    squares = [
        np.mean(standardised_errors(x, Sample.once(draw(hyper, x, rng) + 0.3), hyper) ** 2)
        for _ in range(200)
    ]
    assert np.mean(squares) == pytest.approx(1.0, abs=4.0 * np.std(squares) / np.sqrt(200))


def test_a_variance_that_is_too_small_is_corrected():
    rng, hyper = np.random.default_rng(2), prior(2, 1.0, 1e-6)
    x = rng.uniform(-1.7, 1.7, (60, 2))
    samples = [Sample.once(2.0 * draw(hyper, x, rng) + 0.3) for _ in range(8)]
    several = hyper.outputs(torch.zeros(8, dtype=torch.int64))
    ratios = variance_ratios(x, samples, several, np.ones(8, dtype=bool), 0, searched=False)
    assert ratios.mean().item() == pytest.approx(4.0, rel=0.4)
    some = variance_ratios(x, samples, several, np.arange(8) < 2, 0, searched=False)
    assert (some[2:] == some[:2].mean()).all()


def test_bands_of_functions_drawn_from_a_prior_cover_as_many_as_they_say():
    """Of few runs of three parameters the likelihood finds kernels that are too sure of themselves."""
    rng, covered = np.random.default_rng(3), []
    for _ in range(FUNCTIONS):
        hyper = prior(PARAMETERS, float(rng.uniform(1.0, 3.0)))
        x = rng.uniform(-1.7, 1.7, (RUNS + NEW, PARAMETERS))
        y = draw(hyper, x, rng)
        mean, std = y[:RUNS].mean(), y[:RUNS].std()
        process = regressor_for(kind_config({"kind": "gp"})).fit(x[:RUNS], (y[:RUNS, None] - mean) / std, 0)
        answer, spread = process.predict(x[RUNS:])
        away = np.abs(answer[:, 0] - (y[RUNS:] - mean) / std)
        covered.append(np.mean(away <= NORMAL * spread[:, 0]))
    # Answers for one function miss together, so that the functions are counted, not the answers.
    deviation = np.std(covered) / np.sqrt(FUNCTIONS)
    assert 0.9 - 3.0 * deviation < np.mean(covered) < 0.9 + 3.0 * deviation
