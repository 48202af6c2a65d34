"""Bayesian regression on polynomials of the parameters, the degree chosen by the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field

from data.errors import ModelError
from surrogates.kinds import KindConfig, register
from surrogates.polynomials import Legendre, number_of_terms
from surrogates.states import part, prefixed

VAGUE = 1e-12
"""Rate of the Gamma priors of both precisions: noise down to 1e-6 of the spread can be learned."""


LEARNED = ("centre", "weights", "intercept", "alpha", "lambda", "degree", "decay", "noise")
DECAYS = (1.0, 0.5, 0.25)


class BayesConfig(KindConfig):
    """Settings of Bayesian polynomial regression.

    degree: largest total degree, or "auto": for each latent coordinate the degree of highest evidence.
    max_degree: largest degree that "auto" tries. max_terms: largest number of terms of the polynomial.
    decay: ratio of the prior stds of the weights of one total degree and of the one below, or "auto": 1,
        1/2 or 1/4, by evidence. Smooth functions have weights that fall off with the degree.
    """

    kind: Literal["bayes"] = "bayes"
    degree: int | Literal["auto"] = "auto"
    max_degree: int = Field(default=8, ge=1, le=20)
    max_terms: int = Field(default=400, ge=1)
    decay: Annotated[float, Field(gt=0.0, le=1.0)] | Literal["auto"] = "auto"


class Bayes:
    """z = w0 + w^T phi(x) + noise, w ~ N(0, 1/lambda), noise ~ N(0, 1/alpha), for each latent coordinate.

    phi are decay^degree times products of Legendre polynomials, without the constant. lambda and alpha
    maximise the evidence, found by scikit-learn's BayesianRidge. With S the covariance of the weights,
    S^-1 = lambda + alpha Phi^T Phi for centred Phi, the predictive variance is
    (1 + 1/n)/alpha + (phi - mean phi)^T S (phi - mean phi). Source: Bishop, Pattern Recognition and Machine
    Learning, 3.3 to 3.5; MacKay, Neural Computation 4, 1992.
    """

    def __init__(self, config: BayesConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r); nothing here is random. Raises ModelError."""
        # Its import takes seconds, which an endpoint that only predicts should not wait for.
        from sklearn.linear_model import BayesianRidge

        degrees = self._degrees(x.shape[1])
        decays = DECAYS if self.config.decay == "auto" else (self.config.decay,)
        self.basis_ = Legendre.fit(x, degrees[-1])
        phi, total = self.basis_.terms(x), self.basis_.total_degree
        self.centre_ = phi.mean(axis=0)
        outputs = z.shape[1]
        self.weights_ = np.zeros((phi.shape[1], outputs))
        self.intercept_, self.alpha_, self.lambda_ = np.zeros(outputs), np.ones(outputs), np.ones(outputs)
        self.degree_, self.decay_ = np.zeros(outputs, dtype=np.int64), np.ones(outputs)
        best = np.full(outputs, -np.inf)
        for decay in decays:
            scaled = phi * decay**total
            for r in range(outputs):
                losses, highest = 0, -np.inf
                for degree in degrees:
                    used = total <= degree
                    ridge = BayesianRidge(alpha_2=VAGUE, lambda_2=VAGUE, compute_score=True)
                    ridge.fit(scaled[:, used], z[:, r])
                    if ridge.scores_[-1] > best[r]:
                        best[r], self.degree_[r], self.decay_[r] = ridge.scores_[-1], degree, decay
                        self.weights_[:, r] = 0.0
                        self.weights_[used, r] = ridge.coef_ * decay ** total[used]
                        self.intercept_[r] = ridge.intercept_
                        self.alpha_[r], self.lambda_[r] = ridge.alpha_, ridge.lambda_
                    # Even and odd functions gain with every other degree only; two losses in a row end it.
                    losses = 0 if ridge.scores_[-1] > highest else losses + 1
                    highest = max(highest, ridge.scores_[-1])
                    if losses == 2:
                        break
        self.noise_ = (1.0 + 1.0 / len(x)) / self.alpha_
        self._factor(phi)
        return self

    def _factor(self, phi: np.ndarray) -> None:
        """Eigenvectors V, rows scaled by decay^degree, and eigenvalues of each Phi^T Phi in use."""
        self.vectors_: dict[str, np.ndarray] = {}
        self.gram_: dict[str, np.ndarray] = {}
        for degree, decay in sorted(set(zip(self.degree_.tolist(), self.decay_.tolist(), strict=True))):
            used = self.basis_.total_degree <= degree
            prior = decay ** self.basis_.total_degree[used]
            centred = (phi[:, used] - self.centre_[used]) * prior
            gram, vectors = np.linalg.eigh(centred.T @ centred)
            self.vectors_[f"{degree},{decay!r}"] = vectors * prior[:, None]
            self.gram_[f"{degree},{decay!r}"] = gram.clip(0.0)

    def _degrees(self, parameters: int) -> list[int]:
        if isinstance(self.config.degree, int):
            terms = number_of_terms(parameters, self.config.degree)
            if self.config.degree < 1 or terms > self.config.max_terms:
                raise ModelError(
                    f"The polynomial of 'bayes' must have 1 to {self.config.max_terms} terms ('max_terms')",
                    f"{terms} terms of degree {self.config.degree} in {parameters} parameters",
                    "Change 'degree', raise 'max_terms', or set degree = \"auto\"",
                )
            return [self.config.degree]
        tried = range(1, self.config.max_degree + 1)
        return [d for d in tried if d == 1 or number_of_terms(parameters, d) <= self.config.max_terms]

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the predictive distribution at x (q, p)."""
        phi = self.basis_.terms(x)
        variance = np.tile(self.noise_, (len(x), 1))
        for key, vectors in self.vectors_.items():
            degree, decay = (float(part) for part in key.split(","))
            used = self.basis_.total_degree <= degree
            mine = (self.degree_ == degree) & (self.decay_ == decay)
            projected = (phi[:, used] - self.centre_[used]) @ vectors
            precision = self.lambda_[mine] + self.alpha_[mine] * self.gram_[key][:, None]
            variance[:, mine] += projected**2 @ (1.0 / precision)
        return self.intercept_ + phi @ self.weights_, np.sqrt(variance)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """d mean_r / d x_j (q, r, p) at x (q, p)."""
        return np.einsum("qkj,kr->qrj", self.basis_.gradients(x), self.weights_)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = prefixed("basis.", self.basis_.state())
        arrays |= prefixed("vectors.", self.vectors_) | prefixed("gram.", self.gram_)
        return arrays | {name: getattr(self, f"{name}_") for name in LEARNED}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted regression again."""
        bayes = cls(config)
        bayes.basis_ = Legendre.restore(part(state, "basis."))
        bayes.vectors_, bayes.gram_ = part(state, "vectors."), part(state, "gram.")
        for name in LEARNED:
            setattr(bayes, f"{name}_", state[name])
        return bayes


register(BayesConfig, Bayes)
