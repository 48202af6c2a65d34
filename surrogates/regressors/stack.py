"""Several kinds together, weighted for each latent coordinate by what they predict of left-out runs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.regressors import (
    Differentiable,
    KindConfig,
    Movable,
    kind_config,
    register,
    regressor_for,
)

RIDGE = 1e-12
"""Relative to each member's squared error: members with the same errors share their weight."""


class StackConfig(KindConfig):
    """Settings of the stacked ensemble.

    members: the settings of two or more candidates, each a table with its `kind`; scales of parameters and fields are
        those of the stack. folds: of the inner cross-validation that weighs them.
    """

    kind: Literal["stack"] = "stack"
    members: tuple[dict[str, Any], ...] = Field(
        default=({"kind": "gp"}, {"kind": "bayes"}, {"kind": "pce"}), min_length=2
    )
    folds: int = Field(default=5, ge=2)

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """A search stacks its own best trials instead."""
        return False


class Stack:
    """z_r = sum_k w_rk m_rk with w >= 0 and sum_k w_rk = 1, its variance that of the mixture of the members.

    The weights minimise the squared error of the members' predictions of left-out runs, coordinate by
    coordinate. variance = sum_k w_k (s_k^2 + (m_k - z)^2). Source: Breiman, Stacked
    regressions, Machine Learning 24, 1996; van der Laan, Polley & Hubbard, Super learner, 2007.
    """

    def __init__(self, config: StackConfig) -> None:
        self.config = config
        self.sizes: np.ndarray | None = None

    def weigh(self, sizes: np.ndarray) -> None:
        """Take what each coordinate (r,) weighs in the error of the fields, for the members that ask for it."""
        self.sizes = sizes

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns the members and their weights from x (n, p) and z (n, r); raises StudyError, ModelError."""
        configs = _members(self.config)
        place = places(x, decades=False)
        folds = min(self.config.folds, int(place.max()) + 1)
        fold = np.random.default_rng(seed).permutation(int(place.max()) + 1)[place] % folds
        left_out = np.empty((len(configs), *z.shape))
        for index in range(folds):
            training, held_out = fold != index, fold == index
            for k, config in enumerate(configs):
                member = regressor_for(config, self.sizes).fit(x[training], z[training], seed)
                left_out[k, held_out] = member.predict(x[held_out])[0]
        self.weights_ = np.stack(
            [simplex_weights((left_out[:, :, r] - z[:, r]).T) for r in range(z.shape[1])]
        )
        self.members_ = [regressor_for(config, self.sizes).fit(x, z, seed) for config in configs]
        return self

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the mixture at x (q, p)."""
        means, stds = (np.stack(parts) for parts in zip(*(m.predict(x) for m in self.members_), strict=True))
        weights = self.weights_.T[:, None, :]
        mean = np.sum(weights * means, axis=0)
        return mean, np.sqrt(np.sum(weights * (stds**2 + (means - mean) ** 2), axis=0))

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p); raises ModelError where a member does not know its own."""
        slopes = []
        for member in self.members_:
            if not isinstance(member, Differentiable):
                raise ModelError(
                    "Every member of a stack must know its derivatives", type(member).__name__, "Leave it out"
                )
            slopes.append(member.jacobian(x))
        return np.einsum("kqrp,rk->qrp", np.stack(slopes), self.weights_)

    def to(self, device: str) -> None:
        """Moves those members that can use it to a torch device."""
        for member in self.members_:
            if isinstance(member, Movable):
                member.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {"weights": self.weights_}
        for index, member in enumerate(self.members_):
            arrays |= prefixed(f"member.{index}.", member.state())
        return arrays

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted ensemble again."""
        stack = cls(config)
        stack.weights_ = state["weights"]
        stack.members_ = [
            type(regressor_for(member)).restore(member, part(state, f"member.{index}."))
            for index, member in enumerate(_members(config))
        ]
        return stack


def _members(config: StackConfig) -> list[KindConfig]:
    return [kind_config(settings) for settings in config.members]


def simplex_weights(errors: np.ndarray) -> np.ndarray:
    """(k,) non-negative, of sum one, that minimise |errors w| for the errors (n, k) of k members.

    On the members in use w = C^-1 1 / 1^T C^-1 1 with C = errors^T errors; of all subsets the best feasible one. The
    errors, not the values, are multiplied, so that members good to ten digits still differ.
    """
    product = errors.T @ errors
    product += np.diag(RIDGE * np.diag(product) + np.finfo(float).tiny)
    best, least = np.eye(errors.shape[1])[int(np.argmin(np.diag(product)))], float(np.diag(product).min())
    for size in range(2, errors.shape[1] + 1):
        for subset in itertools.combinations(range(errors.shape[1]), size):
            block = np.ix_(subset, subset)
            ones = np.linalg.solve(product[block], np.ones(size))
            if ones.sum() <= 0.0 or (ones < 0.0).any():
                continue
            weights = np.zeros(errors.shape[1])
            weights[list(subset)] = ones / ones.sum()
            value = float(weights @ product @ weights)
            if value < least:
                best, least = weights, value
    return best


register(StackConfig, Stack)
