"""Cubic radial basis functions: interpolation without settings, the baseline of reduced-order modelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np

from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regression.radial_basis import CubicRBF
from fieldwright.surrogates.regressors import KindConfig, register

LEAST_STD = 1e-8


class RBFConfig(KindConfig):
    """Cubic interpolation has no settings of its own; it takes all modes, which cost it nothing."""

    kind: Literal["rbf"] = "rbf"
    modes: Literal["predictable", "all"] = "all"

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Always, where there are more runs than parameters: others must beat it."""
        return runs > parameters + 1


class RBF:
    """The cubic RBF interpolant, with the root mean square of its leave-one-out errors as std among the runs.

    An interpolant knows nothing of its error between the runs; what it would have been at each run without
    that run is the honest measure of it (Rippa, Adv. Comput. Math. 11, 1999). Beyond the runs `Limits` widen it.
    """

    def __init__(self, config: RBFConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r)."""
        self.interpolant_, errors = CubicRBF.fit(x, z)
        self.std_ = np.maximum(np.sqrt(np.mean(errors**2, axis=0)), LEAST_STD)
        return self

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), at x (q, p)."""
        return self.interpolant_.predict(x, self.std_)

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), at x (p,)."""
        return self.interpolant_.graph(x, self.std_)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p)."""
        return self.interpolant_.jacobian(x)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return prefixed("interpolant.", self.interpolant_.state()) | {"std": self.std_}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted interpolant again."""
        rbf = cls(config)
        rbf.interpolant_, rbf.std_ = CubicRBF.restore(part(state, "interpolant.")), state["std"]
        return rbf


register(RBFConfig, RBF)
