"""How much larger the errors at left-out runs are than a process says, by which its variance is corrected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from fieldwright.surrogates.gaussian_process.kernel import Hyperparameters
from fieldwright.surrogates.gaussian_process.likelihood import Sample
from fieldwright.surrogates.gaussian_process.optimum import Objectives, hyperparameters_of, optimum_of
from fieldwright.surrogates.gaussian_process.posterior import cholesky

FOLDS = 5
FEWEST_RUNS = 10
"""Below which a fold leaves nothing to learn a kernel from, and the variances are left as they are."""
TOLERANCE = 0.1
"""Gain of the log likelihood in one step that ends the search of a fold."""
MOST_RUNS = 150
"""Runs beyond which the likelihood leaves so little open that its search in every fold says nothing more."""


def variance_ratios(
    x: np.ndarray,
    samples: Sequence[Sample],
    hyper: Hyperparameters,
    outputs: np.ndarray,
    seed: int,
    *,
    searched: bool,
) -> torch.Tensor:
    """(r,) by which the variances of `hyper` are to be multiplied, at least 1.

    They are the mean squares of standardised errors at left-out runs. Of few runs the likelihood prefers kernels that
    fit these better than the function, and what such a kernel says of a run that has chosen it too is nearly right.
    So runs are left out by folds, in each of which the hyperparameters are searched anew from where they are. Source:
    Bachoc, Comput. Stat. Data Anal. 66 (2013) 55, who estimates the variance from left-out runs too.

    x: (n, p). samples: each output. outputs: (r,) bool, those looked at; others have the mean ratio of these.
    searched: whether the hyperparameters are an optimum of the likelihood; others stay as they are in the folds.
    """
    if len(x) < FEWEST_RUNS:
        return torch.ones(len(samples), dtype=torch.float64)
    searched = searched and len(x) <= MOST_RUNS
    fold = np.random.default_rng(seed).permutation(len(x)) % FOLDS
    ratios = np.ones(len(samples))
    for k in np.flatnonzero(outputs).tolist():
        one = hyper.outputs(torch.tensor([k]))
        errors = _by_folds(x, samples[k], one, fold) if searched else standardised_errors(x, samples[k], one)
        ratios[k] = max(float(np.mean(errors**2)), 1.0)
    ratios[~outputs] = ratios[outputs].mean() if outputs.any() else 1.0
    return torch.from_numpy(ratios)


def standardised_errors(x: np.ndarray, sample: Sample, hyper: Hyperparameters) -> np.ndarray:
    """Standardised errors (n,) at each run without it, (K^-1 (z - m))_i / sqrt((K^-1)_ii), at given hyperparameters.

    Source: Rasmussen & Williams, Gaussian Processes for Machine Learning, (5.12).

    x: (n, p). hyper: of one output.
    """
    inverse = torch.cholesky_inverse(_factor(x, sample, hyper)).numpy()
    return inverse @ (sample.z - hyper.constant.item()) / np.sqrt(np.diag(inverse))


def _by_folds(x: np.ndarray, sample: Sample, hyper: Hyperparameters, fold: np.ndarray) -> np.ndarray:
    """Standardised errors (n,) at the runs of each fold, without them and with hyperparameters of the others."""
    first, inverse, errors = optimum_of(hyper, 0), None, np.empty(len(x))
    for index in range(int(fold.max()) + 1):
        training, held_out = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
        search, of_training = Objectives(x[training]), sample.rows(training)
        end = search.followed(first.structure, first.theta, of_training, inverse, TOLERANCE)
        inverse = end.inverse
        scale, constant = search[end.structure].scale_and_mean(end.theta, of_training)
        one = hyperparameters_of([(end, scale, constant)], x.shape[1])
        errors[held_out] = _errors(x, sample, one, training, held_out)
    return errors


def _errors(
    x: np.ndarray, sample: Sample, hyper: Hyperparameters, training: np.ndarray, held_out: np.ndarray
) -> np.ndarray:
    """Standardised errors at the runs held out, from the others."""
    factor = _factor(x[training], sample.rows(training), hyper)
    cross = hyper.covariance(torch.from_numpy(x[training]), torch.from_numpy(x[held_out]))[0]
    whitened = torch.linalg.solve_triangular(factor, cross, upper=False)
    residual = torch.from_numpy(sample.z[training] - hyper.constant.item())
    mean = whitened.T @ torch.linalg.solve_triangular(factor, residual[:, None], upper=False)[:, 0]
    before = hyper.variance(torch.from_numpy(x[held_out]))[0] - whitened.square().sum(dim=0)
    variance = before.clamp(min=0.0).numpy() + hyper.noise.item() * sample.weight[held_out]
    return (sample.z[held_out] - hyper.constant.item() - mean.numpy()) / np.sqrt(variance)


def _factor(x: np.ndarray, sample: Sample, hyper: Hyperparameters) -> torch.Tensor:
    """The Cholesky factor (n, n) of the covariance of the observed runs."""
    places = torch.from_numpy(x)
    noise = hyper.noise * torch.from_numpy(sample.weight)
    return cholesky(hyper.covariance(places, places) + torch.diag_embed(noise[None]))[0]
