"""The posterior of a Gaussian process at one query, as a graph of operations."""

from __future__ import annotations

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.gaussian_process.kernel import FAMILIES, Hyperparameters
from fieldwright.surrogates.gaussian_process.posterior import ROUND_OFF, Posterior
from fieldwright.surrogates.gaussian_process.repeats import Heteroscedastic
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node


def posterior_graph(posterior: Posterior, x: Node) -> tuple[Node, Node]:
    """Mean and std, each (r,), at x (p,), as `Posterior.predict` has them; raises ModelError for other priors."""
    prior = posterior.hyper
    base = prior.base if isinstance(prior, Heteroscedastic) else prior
    if not isinstance(base, Hyperparameters):
        raise ModelError(
            "A Gaussian process to be exported must have one level of fidelity",
            "one with several levels",
            "Export a candidate without 'fidelity'",
        )
    mean, cross = _mean(posterior, base, x)
    numbers = base.state()
    r, n = cross.shape
    inverse = posterior.inverse_factor.cpu().numpy()
    whitened = (inverse @ cross.reshape(r, n, 1)).reshape(r, -1)
    squares = graph.square(x)
    before = numbers["outputscale"] * (numbers["bilinear"] @ squares + 1.0) + numbers["linear"] @ squares
    latent = graph.maximum(before - graph.square(whitened).sum(), 0.0) + ROUND_OFF * before
    noise = graph.constant(numbers["noise"])
    if isinstance(prior, Heteroscedastic):
        pattern = prior.pattern
        assert isinstance(pattern.hyper, Hyperparameters)
        noise = noise * graph.exp(_mean(pattern, pattern.hyper, x)[0])
    return mean, graph.sqrt(latent + noise)


def _mean(posterior: Posterior, hyper: Hyperparameters, x: Node) -> tuple[Node, Node]:
    """The mean (r,), and the covariances (r, n) with the runs."""
    cross = _covariance(hyper, posterior.x.cpu().numpy(), x)
    return hyper.state()["constant"] + (cross * posterior.weights.cpu().numpy()).sum(), cross


def _covariance(hyper: Hyperparameters, runs: np.ndarray, x: Node) -> Node:
    """k(x, runs) (r, n) of x (p,) and runs (n, p), without noise."""
    numbers = hyper.state()
    n, p = runs.shape
    column = x.reshape(p, 1)
    squared = (numbers["lengthscale"] ** -2.0) @ graph.square(column - runs.T)
    parts = []
    for index in np.unique(numbers["family"]).tolist():
        rows = np.flatnonzero(numbers["family"] == index)
        # Of several families, each has its rows of the flat array.
        flat = (rows[:, None] * n + np.arange(n)).ravel()
        distances = (
            squared if len(rows) == squared.shape[0] else squared.reshape(-1).take(flat).reshape(-1, n)
        )
        parts.append((flat, _correlation(distances, FAMILIES[index]).reshape(-1)))
    smooth = numbers["outputscale"][:, None] * graph.assembled(parts).reshape(-1, n)
    products = column * runs.T
    if numbers["bilinear"].any():
        smooth = smooth * (1.0 + numbers["bilinear"] @ products)
    return smooth + numbers["linear"] @ products if numbers["linear"].any() else smooth


def _correlation(squared: Node, family: str) -> Node:
    """The correlation at squared scaled distances."""
    if family == "rbf":
        return graph.exp(-0.5 * squared)
    # In the order of `correlation_and_slope`: a variance is a small difference, in which other roundings show.
    root = graph.sqrt((3.0 if family == "matern32" else 5.0) * squared)
    decay = graph.exp(-root)
    smooth = (1.0 + root) * decay
    if family == "matern32":
        return smooth
    return 0.6 * ((5.0 / 3.0) * smooth) + (5.0 / 3.0) * (squared * decay)
