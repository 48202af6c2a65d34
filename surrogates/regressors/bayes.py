"""Bayesian regression on polynomials of the parameters, the degree and the prior chosen by the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regression.extrapolation import EXPLODES, Edge, Limits, edge_errors, edges
from fieldwright.surrogates.regression.polynomials import Legendre, number_of_terms
from fieldwright.surrogates.regression.ridge_evidence import CentredTerms
from fieldwright.surrogates.regression.smoother import Smoother
from fieldwright.surrogates.regression.sparse_bayes import SparseRegression, sparse_regressions
from fieldwright.surrogates.regression.weight_posterior import WeightPosterior
from fieldwright.surrogates.regressors import KindConfig, register
from fieldwright.surrogates.search.search_space import Choice, Choices

MOST, MOST_OF_ONE = 8, 20
"""Largest degrees that are tried of many parameters and of a single one."""

LEARNED = ("centre", "weights", "intercept", "alpha", "lambda", "degree", "decay", "noise", "sparse")
DECAYS = (1.0, 0.5, 0.25)


class BayesConfig(KindConfig):
    """Settings of Bayesian polynomial regression.

    degree: largest total degree, or "auto": for each latent coordinate the degree of highest evidence.
    max_degree: largest degree that "auto" tries; 8 if left out, and 20 of a single parameter, where it costs little.
    max_terms: largest number of terms of the polynomial.
    decay: ratio of the prior stds of the weights of one total degree and of the one below, or "auto": 1,
        1/2 or 1/4, by evidence. Smooth functions have weights that fall off with the degree.
    prior: "ridge" gives all terms one precision; "ard" gives each of a few terms its own (automatic relevance
        determination); "auto" takes for each latent coordinate what has the higher evidence.
    """

    cost: ClassVar[float] = 0.04
    space: ClassVar[Mapping[str, Choice]] = {
        "prior": Choices(("auto", "ridge", "ard")),
    }

    kind: Literal["bayes"] = "bayes"
    degree: int | Literal["auto"] = "auto"
    max_degree: Annotated[int, Field(ge=1, le=40)] | None = None
    max_terms: int = Field(default=400, ge=1)
    decay: Annotated[float, Field(gt=0.0, le=1.0)] | Literal["auto"] = "auto"
    prior: Literal["auto", "ridge", "ard"] = "auto"

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Where there are runs enough for a plane."""
        return runs > parameters + 1


class Bayes:
    """z = w0 + w^T phi(x) + noise, w ~ N(0, 1/lambda), noise ~ N(0, 1/alpha), for each latent coordinate.

    phi are decay^degree times products of Legendre polynomials, without the constant. lambda and alpha
    maximise the evidence (`CentredTerms`). With S the covariance of the weights,
    S^-1 = lambda + alpha Phi^T Phi for centred Phi, the predictive variance is
    (1 + 1/n)/alpha + (phi - mean phi)^T S (phi - mean phi). Automatic relevance determination
    (`sparse_regressions`) has a lambda for each of those terms that a matching pursuit leaves; its phi_k are
    scaled by lambda_k^(-1/2), and lambda is 1. Source: Bishop, Pattern Recognition and Machine Learning, 3.3 to
    3.5 and 7.2; MacKay, Neural Computation 4, 1992.
    """

    def __init__(self, config: BayesConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r); nothing here is random. Raises ModelError."""
        degrees = self._degrees(x.shape[1])
        decays = DECAYS if self.config.decay == "auto" else (self.config.decay,)
        self.basis_ = Legendre.fit(x, degrees[-1])
        phi, total = self.basis_.terms(x), self.basis_.total_degree
        self.centre_ = phi.mean(axis=0)
        outputs = z.shape[1]
        self.weights_ = np.zeros((phi.shape[1], outputs))
        self.alpha_, self.lambda_ = np.ones(outputs), np.ones(outputs)
        self.degree_, self.decay_ = np.zeros(outputs, dtype=np.int64), np.ones(outputs)
        self.sparse_ = np.zeros(outputs, dtype=bool)
        self.vectors_: dict[str, np.ndarray] = {}
        self.gram_: dict[str, np.ndarray] = {}
        self.posteriors_: list[WeightPosterior] = []
        best = np.full(outputs, -np.inf)
        ends, spread = edges(x), np.ptp(z, axis=0)
        for decay in decays if self.config.prior != "ard" else ():
            scaled = phi * decay**total
            tried, losses, highest = np.ones(outputs, dtype=bool), np.zeros(outputs, int), best - np.inf
            for degree in degrees:
                used = total <= degree
                columns = np.flatnonzero(tried)
                try:
                    terms = CentredTerms.of(scaled[:, used])
                except np.linalg.LinAlgError:
                    # LAPACK's divide and conquer fails on rare matrices, such as those of grids: another degree or
                    # decay does.
                    continue
                ridge = terms.maximised(z[:, columns])
                for k, r in enumerate(columns):
                    better = ridge.evidence[k] > best[r]
                    if better and degree > degrees[0]:
                        smoother = terms.smoother(ridge.alpha[k], ridge.precision[k])
                        better = edge_errors(ends, smoother.refitted(z[:, [r]]), 1)[0] <= EXPLODES * spread[r]
                    if better:
                        best[r], self.degree_[r], self.decay_[r] = ridge.evidence[k], degree, decay
                        self.weights_[:, r] = 0.0
                        self.weights_[used, r] = ridge.weights[:, k] * decay ** total[used]
                        self.alpha_[r], self.lambda_[r] = ridge.alpha[k], ridge.precision[k]
                # Even and odd functions gain with every other degree only; two losses in a row end it. Waves along a
                # single parameter gain nothing up to their wave number: all its degrees are tried.
                gained = ridge.evidence > highest[columns]
                losses[columns] = np.where(gained, 0, losses[columns] + 1)
                highest[columns] = np.maximum(highest[columns], ridge.evidence)
                tried &= (losses < 2) | (x.shape[1] == 1)
                if not tried.any():
                    break
        self.intercept_ = z.mean(axis=0) - self.centre_ @ self.weights_
        if self.config.prior != "ridge":
            for r, sparse in enumerate(sparse_regressions(phi, z)):
                if sparse is not None:
                    self._try_sparse(sparse, phi, z[:, r], r, best[r], ends)
        self.noise_ = (1.0 + 1.0 / len(x)) / self.alpha_
        for degree, decay in sorted(set(zip(self.degree_.tolist(), self.decay_.tolist(), strict=True))):
            used = np.flatnonzero(total <= degree)
            if not self.sparse_.all():
                self._factor(f"{degree},{decay!r}", phi, used, decay ** total[used])
        self.limits_ = self._limits(x, phi, z)
        return self

    def _limits(self, x: np.ndarray, phi: np.ndarray, z: np.ndarray) -> Limits:
        """How far each output may go beyond the runs x (n, p), by what it says of the outermost without them."""
        limits = []
        for r in range(z.shape[1]):
            key = next(key for key in self.vectors_ if self._owners(key)[r])
            smoother = Smoother.by_eigenvectors(
                (phi - self.centre_) @ self.vectors_[key], self.gram_[key], self.alpha_[r], self.lambda_[r]
            )
            column = z[:, r : r + 1]
            limits.append(Limits.fit(x, column, smoother.refitted(column)))
        return Limits.joined(limits)

    def _try_sparse(
        self, sparse: SparseRegression, phi: np.ndarray, z: np.ndarray, r: int, least: float, ends: list[Edge]
    ) -> None:
        """Takes automatic relevance determination for output r if its evidence exceeds `least`.

        Terms above degree 1 that explode at the outermost runs, once these are left out, are not taken.
        """
        if sparse.evidence <= least and self.config.prior == "auto":
            return
        if self.config.prior == "auto":
            terms = CentredTerms.of(phi[:, sparse.terms] * sparse.precisions**-0.5)
            smoother = terms.smoother(sparse.alpha, 1.0)
            error = edge_errors(ends, smoother.refitted(z[:, None]), 1)[0]
            if error > EXPLODES * np.ptp(z) and self.basis_.total_degree[sparse.terms].max() > 1:
                return
        self.sparse_[r] = True
        self.weights_[:, r] = 0.0
        self.weights_[sparse.terms, r] = sparse.weights
        self.intercept_[r] = z.mean() - self.centre_ @ self.weights_[:, r]
        self.alpha_[r], self.lambda_[r] = sparse.alpha, 1.0
        self._factor(f"sparse {r}", phi, sparse.terms, sparse.precisions**-0.5)

    def _factor(self, key: str, phi: np.ndarray, used: np.ndarray, prior: np.ndarray) -> None:
        """Eigenvectors V of Phi^T Phi over the terms in use (u,), rows scaled by the prior (u,), and eigenvalues."""
        centred = (phi[:, used] - self.centre_[used]) * prior
        gram, vectors = np.linalg.eigh(centred.T @ centred)
        self.vectors_[key] = np.zeros((phi.shape[1], len(used)))
        self.vectors_[key][used] = vectors * prior[:, None]
        self.gram_[key] = gram.clip(0.0)

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
        highest = self.config.max_degree or (MOST_OF_ONE if parameters == 1 else MOST)
        tried = range(1, highest + 1)
        return [d for d in tried if d == 1 or number_of_terms(parameters, d) <= self.config.max_terms]

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the predictive distribution at x (q, p)."""
        phi = self.basis_.terms(x)
        if self.posteriors_:
            pairs = [one.predict(self._centred(phi)) for one in self.posteriors_]
            mean, std = np.stack([pair[0] for pair in pairs], axis=1), np.sqrt([pair[1] for pair in pairs]).T
            return self.limits_.applied(x, mean, std)
        variance = np.tile(self.noise_, (len(x), 1))
        for key, vectors in self.vectors_.items():
            outputs = self._owners(key)
            projected = (phi - self.centre_) @ vectors
            precision = self.lambda_[outputs] + self.alpha_[outputs] * self.gram_[key][:, None]
            variance[:, outputs] += projected**2 @ (1.0 / precision)
        return self.limits_.applied(x, self.intercept_ + phi @ self.weights_, np.sqrt(variance))

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), at x (p,)."""
        phi = self.basis_.graph(x, np.arange(len(self.basis_.exponents)))
        centred = phi - self.centre_
        mean = self.weights_.T @ phi + self.intercept_
        if self.posteriors_:
            design = graph.concat([graph.constant(np.ones(1)), centred])
            mean = np.stack([one.mean for one in self.posteriors_]) @ design
            forms = [(one.covariance @ design * design).sum() + one.noise for one in self.posteriors_]
            variance = graph.concat([form.reshape(1) for form in forms])
            return self.limits_.graph(x, mean, graph.sqrt(variance))
        parts = []
        for key, vectors in self.vectors_.items():
            mine = np.flatnonzero(self._owners(key))
            if not len(mine):
                continue
            used = np.flatnonzero(vectors.any(axis=1))
            projected = vectors[used].T @ centred.take(used)
            precision = self.lambda_[mine, None] + self.alpha_[mine, None] * self.gram_[key]
            parts.append((mine, (1.0 / precision) @ graph.square(projected)))
        variance = self.noise_ + graph.assembled(parts)
        return self.limits_.graph(x, mean, graph.sqrt(variance))

    def update(self, x: np.ndarray, z: np.ndarray) -> Self:
        """The regression after one more run, x (p,) and z (r,); basis and precisions stay as they are.

        Equal to the posterior of all runs at these precisions, at the cost of a rank-one update.
        """
        after = copy(self)
        after.limits_ = self.limits_.including(x, z)
        phi = self._centred(self.basis_.terms(x[None]))[0]
        before = self.posteriors_ or [self._posterior(r) for r in range(len(self.alpha_))]
        after.posteriors_ = [one.update(phi, float(each)) for one, each in zip(before, z, strict=True)]
        after.weights_ = np.stack([one.mean[1:] for one in after.posteriors_], axis=1)
        constants = np.array([one.mean[0] for one in after.posteriors_])
        after.intercept_ = constants - self.centre_ @ after.weights_
        return after

    def _posterior(self, r: int) -> WeightPosterior:
        """Of the constant and the weights of output r, both about the mean of the terms."""
        key = next(key for key in self.vectors_ if self._owners(key)[r])
        vectors, alpha = self.vectors_[key], self.alpha_[r]
        inner = (vectors / (self.lambda_[r] + alpha * self.gram_[key])) @ vectors.T
        constant = self.intercept_[r] + self.centre_ @ self.weights_[:, r]
        covariance = np.zeros((len(inner) + 1, len(inner) + 1))
        # noise_ is the variance of an observation and of the constant, which has a flat prior: (1 + 1/n)/alpha.
        covariance[0, 0], covariance[1:, 1:] = self.noise_[r] - 1.0 / alpha, inner
        return WeightPosterior(np.append(constant, self.weights_[:, r]), covariance, 1.0 / alpha)

    def _centred(self, phi: np.ndarray) -> np.ndarray:
        return np.hstack([np.ones((len(phi), 1)), phi - self.centre_])

    def _owners(self, key: str) -> np.ndarray:
        """(r,) bool: the outputs that an eigendecomposition belongs to."""
        if key.startswith("sparse"):
            return np.arange(len(self.alpha_)) == int(key.split()[1])
        degree, decay = (float(part) for part in key.split(","))
        return (self.degree_ == degree) & (self.decay_ == decay) & ~self.sparse_

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p)."""
        slopes = np.einsum("qkj,kr->qrj", self.basis_.gradients(x), self.weights_)
        return self.limits_.jacobian(x, self.intercept_ + self.basis_.terms(x) @ self.weights_, slopes)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = prefixed("basis.", self.basis_.state()) | prefixed("limits.", self.limits_.state())
        arrays |= prefixed("vectors.", self.vectors_) | prefixed("gram.", self.gram_)
        for r, one in enumerate(self.posteriors_):
            arrays |= {f"posterior.{r}.mean": one.mean, f"posterior.{r}.covariance": one.covariance}
        return arrays | {name: getattr(self, f"{name}_") for name in LEARNED}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted regression again."""
        bayes = cls(config)
        bayes.basis_ = Legendre.restore(part(state, "basis."))
        bayes.limits_ = Limits.restore(part(state, "limits."))
        bayes.vectors_, bayes.gram_ = part(state, "vectors."), part(state, "gram.")
        for name in LEARNED:
            setattr(bayes, f"{name}_", state[name])
        bayes.posteriors_ = [
            WeightPosterior(one["mean"], one["covariance"], 1.0 / float(alpha))
            for r, alpha in enumerate(bayes.alpha_)
            if (one := part(state, f"posterior.{r}."))
        ]
        return bayes


register(BayesConfig, Bayes)
