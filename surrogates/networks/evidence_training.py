"""How the hidden layers of one network are learned: by the evidence of its last layer, and two Gaussian priors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from fieldwright.surrogates.networks.hidden_layers import HiddenLayers, Weights
from fieldwright.surrogates.networks.last_layer import evidence

LEAST_NOISE, FIRST_NOISE, MOST_NOISE = 1e-9, 1e-3, 1e3
"""Ratio of the variances of noise and weights."""
SPREAD_OF_SCALES, SPREAD_OF_TREND = 1.0, 2.0
"""Stds of the priors of their logarithms."""
MEMORY = 20
"""Pairs of steps and slopes that L-BFGS keeps."""


@dataclass(frozen=True, eq=False)
class EvidenceNetwork:
    """One network without its last layer.

    draws: V_k, of weights W_k = scale_k V_k. scales: their logarithms; of the first layer for each input and the
    bias, of later ones for all inputs and the bias. trend: logarithms of the factors of the linear path and of the
    constant. noise: (r,) logarithms of the noise ratios.
    """

    layers: HiddenLayers
    draws: Weights
    scales: Weights
    trend: np.ndarray
    noise: np.ndarray

    @classmethod
    def first(
        cls, layers: HiddenLayers, outputs: int, size: float, rng: np.random.Generator
    ) -> EvidenceNetwork:
        """Of drawn weights, whose sums into the first layer have the variance size^2 each from inputs and bias."""
        draws = [rng.standard_normal(shape) for shape in layers.shapes()]
        inputs = layers.widths[0]
        of_first = np.full(inputs + 1, np.log(size))
        of_first[:-1] -= 0.5 * np.log(inputs)
        scales = [of_first, *(np.zeros(2) for _ in draws[1:])]
        return cls(layers, draws, scales, np.zeros(2), np.full(outputs, np.log(FIRST_NOISE)))

    def weights(self) -> Weights:
        """W_k of every layer."""
        return [scale[:, None] * draw for scale, draw in zip(self._factors(), self.draws, strict=True)]

    def features(self, x: np.ndarray) -> np.ndarray:
        """(n, k) at x (n, p)."""
        return self.layers(self.weights(), np.exp(self.trend), x)

    def _factors(self) -> list[np.ndarray]:
        """Of each input of each layer, and of its bias."""
        factors = [np.exp(self.scales[0])]
        for inputs, scale in zip(self.layers.widths[1:], self.scales[1:], strict=False):
            factors.append(np.exp(np.append(np.full(inputs, scale[0] - 0.5 * np.log(inputs)), scale[1])))
        return factors

    def learn(
        self, x: np.ndarray, z: np.ndarray, iterations: int, freedom: float = 0.0
    ) -> tuple[EvidenceNetwork, float]:
        """The network after L-BFGS from this one, and what it minimises there: -log of evidence and priors.

        Scales, trend and noise are learned; so are the draws, each with a prior N(what it is here, freedom^2), where
        freedom > 0.
        """
        parts = [*self.scales, self.trend, self.noise, *(self.draws if freedom else [])]
        ends = np.cumsum([part.size for part in parts])[:-1]
        layers = len(self.scales)
        start = np.concatenate([part.ravel() for part in parts])
        free = start.size - self.noise.size - sum(draw.size for draw in self.draws) * bool(freedom)

        def at(vector: np.ndarray) -> EvidenceNetwork:
            pieces = np.split(vector, ends)
            draws = [
                piece.reshape(draw.shape)
                for piece, draw in zip(pieces[layers + 2 :], self.draws, strict=False)
            ]
            return EvidenceNetwork(
                self.layers, draws or self.draws, pieces[:layers], pieces[layers], pieces[layers + 1]
            )

        stds = [
            *(np.full(scale.shape, SPREAD_OF_SCALES) for scale in self.scales),
            np.full(2, SPREAD_OF_TREND),
            np.full(self.noise.shape, np.inf),
            *(np.full(draw.size, freedom) for draw in self.draws if freedom),
        ]
        std = np.concatenate(stds)

        def objective(vector: np.ndarray) -> tuple[float, np.ndarray]:
            network = at(vector)
            step = (vector - start) / std
            value, slope = network._misfit(x, z, bool(freedom))
            return value + 0.5 * float(step @ step), slope + step / std

        bounds = [(-12.0, 12.0)] * free
        bounds += [(np.log(LEAST_NOISE), np.log(MOST_NOISE))] * self.noise.size
        bounds += [(None, None)] * (start.size - len(bounds))
        options = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": MEMORY}
        optimum = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        return at(optimum.x), float(optimum.fun)

    def _misfit(self, x: np.ndarray, z: np.ndarray, with_draws: bool) -> tuple[float, np.ndarray]:
        """-log of the evidence, and its slope by scales, trend and noise, and by the draws if wanted."""
        weights, trend = self.weights(), np.exp(self.trend)
        features, backward = self.layers.slopes(weights, trend, x)
        result = evidence(features, z, np.exp(self.noise))
        by_weights, by_trend = backward(result.by_features)
        by_scales = []
        for k, (weight, slope) in enumerate(zip(weights, by_weights, strict=True)):
            of_rows = (weight * slope).sum(axis=1)
            by_scales.append(of_rows if k == 0 else np.array([of_rows[:-1].sum(), of_rows[-1]]))
        by_draws = [
            (scale[:, None] * slope).ravel()
            for scale, slope in zip(self._factors(), by_weights, strict=True)
            if with_draws
        ]
        return result.value, np.concatenate([*by_scales, by_trend * trend, result.by_noise, *by_draws])
