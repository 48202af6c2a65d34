"""An ensemble of networks whose hidden layers are learned by the evidence of the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.networks.evidence_training import EvidenceNetwork
from fieldwright.surrogates.networks.held_out import held_out
from fieldwright.surrogates.networks.hidden_layers import HiddenLayers
from fieldwright.surrogates.networks.last_layer import LastLayer
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regressors.mlp import MLPConfig

FIRST_SIZES = (0.3, 0.5, 1.0, 2.0)
"""Of the sums into the first layer, tried in turn by the members: from almost linear to saturated."""
SCALE_ITERATIONS = 30
SCALE_RUNS = 500
"""Runs at most by which scales are learned, before all runs teach the weights."""
PRIOR_RESIDUALS = 4.0
"""Residuals of the size foretold that are added to those seen, where these are few."""
LEAST_STD = 1e-6


class EvidenceEnsemble:
    """mean = average of the members, variance = factor^2 (average of their variances + their spread).

    A member is z = w^T phi(x) + noise, phi the last hidden layer beside x and 1, w Gaussian: with the posterior of w
    it is exact in the last layer, and its hidden weights maximise the evidence of that. They have a prior around
    drawn weights; how far inputs are stretched is learned first, by the member whose evidence is highest, for all.
    Members differ by their draws and by the runs that they hold out from the learning of the hidden layers; the last
    layer learns from all runs. The held-out runs, left out of the last layer too, give the factor.
    Sources: MacKay, Neural Computation 4, 1992, 448; Snoek et al., Scalable Bayesian Optimization Using Deep Neural
    Networks, ICML 2015; Golub & Pereyra, SIAM J. Numer. Anal. 10, 1973, 413; Lakshminarayanan, Pritzel & Blundell,
    NeurIPS 2017.
    """

    def __init__(self, config: MLPConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r)."""
        size, rng = self.config.size(len(x)), np.random.default_rng(seed)
        self.layers_ = HiddenLayers((x.shape[1], *size.hidden), self.config.activation)
        few = rng.permutation(len(x))[:SCALE_RUNS]
        firsts = [
            EvidenceNetwork.first(self.layers_, z.shape[1], FIRST_SIZES[member % len(FIRST_SIZES)], rng)
            for member in range(size.members)
        ]
        attempts = [network.learn(x[few], z[few], SCALE_ITERATIONS) for network in firsts]
        best = min(attempts, key=lambda pair: pair[1])[0]
        members = []
        held_out_runs = held_out(places(x, decades=False), size.members, self.config.validation, rng)
        for first, out in zip(firsts, held_out_runs, strict=True):
            start = replace(best, draws=first.draws)
            network, _ = start.learn(x[~out], z[~out], size.iterations, self.config.freedom)
            phi = network.features(x)
            members.append(_Member(network, phi, LastLayer.of(phi, z, np.exp(network.noise))))
        self.weights_ = [
            np.stack(layer) for layer in zip(*(m.network.weights() for m in members), strict=True)
        ]
        self.trend_ = np.exp([member.network.trend for member in members])
        self.last_ = LastLayer(
            *(
                np.stack([getattr(member.last, name) for member in members])
                for name in ("mean", "vectors", "inverse", "variance")
            )
        )
        self.factor_ = _factor(members, z, held_out_runs)
        return self

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), at x (q, p)."""
        phi = self.layers_(self.weights_, self.trend_, x)
        members = phi @ self.last_.mean
        leverage = (phi @ self.last_.vectors) ** 2 @ self.last_.inverse
        variance = (self.last_.variance[:, None] * (1.0 + leverage)).mean(axis=0) + members.var(
            axis=0, ddof=1
        )
        return members.mean(axis=0), np.sqrt(self.factor_**2 * variance + LEAST_STD**2)

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), at x (p,)."""
        means, variances = [], []
        for member in range(len(self.trend_)):
            weights = [layer[member] for layer in self.weights_]
            phi = self.layers_.graph(weights, self.trend_[member], x)
            means.append(self.last_.mean[member].T @ phi)
            leverage = self.last_.inverse[member].T @ graph.square(self.last_.vectors[member].T @ phi)
            variances.append((leverage + 1.0) * self.last_.variance[member])
        number = len(means)
        mean = _total(means) * (1.0 / number)
        spread = _total([graph.square(one - mean) for one in means]) * (1.0 / (number - 1))
        variance = _total(variances) * (1.0 / number) + spread
        return mean, graph.sqrt(variance * self.factor_**2 + LEAST_STD**2)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p)."""
        by_features = self.layers_.jacobian(self.weights_, self.trend_, x)
        return (by_features @ self.last_.mean[:, None]).mean(axis=0).swapaxes(1, 2)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {f"hidden.{k}": weight for k, weight in enumerate(self.weights_)}
        arrays |= {
            f"last.{name}": getattr(self.last_, name) for name in ("mean", "vectors", "inverse", "variance")
        }
        return arrays | {"trend": self.trend_, "factor": self.factor_}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted ensemble again."""
        ensemble = cls(config)
        weights = []
        while (name := f"hidden.{len(weights)}") in state:
            weights.append(np.array(state[name]))
        widths = (weights[0].shape[1] - 1, *(weight.shape[2] for weight in weights))
        ensemble.layers_ = HiddenLayers(widths, config.activation)
        ensemble.weights_, ensemble.trend_ = weights, np.array(state["trend"])
        ensemble.last_ = LastLayer(
            *(np.array(state[f"last.{name}"]) for name in ("mean", "vectors", "inverse", "variance"))
        )
        ensemble.factor_ = np.array(state["factor"])
        return ensemble


@dataclass(frozen=True, eq=False)
class _Member:
    """A network that has learned, its features (n, k) of all runs, and its last layer."""

    network: EvidenceNetwork
    phi: np.ndarray
    last: LastLayer


def _factor(members: list[_Member], z: np.ndarray, held_out_runs: np.ndarray) -> np.ndarray:
    """The factor (r,) of the stds by which the held-out residuals have the size foretold."""
    left_out = [member.last.left_out(member.phi, z) for member in members]
    spread = np.var([mean for mean, _ in left_out], axis=0, ddof=1)
    squares = np.vstack(
        [
            ((z - mean) ** 2 / (variance + spread + LEAST_STD**2))[out]
            for (mean, variance), out in zip(left_out, held_out_runs, strict=True)
        ]
    )
    return np.sqrt((squares.sum(axis=0) + PRIOR_RESIDUALS) / (len(squares) + PRIOR_RESIDUALS))


def _total(parts: list[Node]) -> Node:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
