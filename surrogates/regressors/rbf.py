"""Radial basis functions whose kernel left-out runs choose: no settings, the baseline of reduced-order modelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np

from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regression.radial_basis import NONE, RadialBasis
from fieldwright.surrogates.regression.radial_choice import chosen_kernel
from fieldwright.surrogates.regression.radial_kernels import KERNEL_NAMES, KernelName
from fieldwright.surrogates.regression.radial_smoothing import AMOUNTS, typical_error
from fieldwright.surrogates.regressors import KindConfig, register
from fieldwright.surrogates.search.search_space import Choice, Choices

LEAST_STD = 1e-8
OF_TYPICAL = 1.4793
"""The std of normal errors over their typical size."""


class RBFConfig(KindConfig):
    """Settings of radial basis functions; the errors of left-out runs choose what is "auto".

    kernel: of the distance between runs. smoothing: "auto" smooths as far as that predicts left-out runs better,
        which noise needs, and makes noisy modes that are predicted no better than by their mean their mean; "none"
        goes through all runs. relevance: "auto" lets some parameters count more in the distance than others; "equal"
        does not.
    """

    cost: ClassVar[float] = 0.01
    space: ClassVar[Mapping[str, Choice]] = {
        "kernel": Choices(("auto", "thin_plate", "cubic", "gaussian", "multiquadric", "matern52")),
        "relevance": Choices(("auto", "equal")),
        "modes": Choices(("all", "predictable")),
    }

    kind: Literal["rbf"] = "rbf"
    modes: Literal["predictable", "all", "affordable"] = "all"
    kernel: Literal["auto"] | KernelName = "auto"
    smoothing: Literal["auto", "none"] = "auto"
    relevance: Literal["auto", "equal"] = "auto"

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Always, where there are more runs than parameters: others must beat it."""
        return runs > parameters + 1


class RBF:
    """Radial basis functions, with the typical size of their leave-one-out errors as std among the runs.

    They know nothing of their error between the runs; what it would have been at each run without that run is the
    honest measure of it (Rippa, Adv. Comput. Math. 11, 1999). Their mean square is that of the outermost runs,
    which are extrapolated when left out; beyond the runs `Limits` widen the std instead.
    """

    def __init__(self, config: RBFConfig) -> None:
        self.config = config
        self.sizes: np.ndarray | None = None

    def weigh(self, sizes: np.ndarray) -> None:
        """Take what each mode (r,) weighs in the error of the fields; without it those count that are predictable."""
        self.sizes = sizes

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r)."""
        config = self.config
        names = KERNEL_NAMES if config.kernel == "auto" else (config.kernel,)
        amounts = AMOUNTS if config.smoothing == "auto" else NONE
        weigh = config.relevance == "auto"
        kernel, scales = chosen_kernel(x, z, self.sizes, seed, names, amounts, weigh)
        self.basis_, errors = RadialBasis.fit(x, z, kernel, scales, amounts, self.sizes)
        typical = [typical_error(column[:, None], np.ones(1)) for column in errors.T]
        self.std_ = np.maximum(OF_TYPICAL * np.array(typical), LEAST_STD)
        return self

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), at x (q, p)."""
        return self.basis_.predict(x, self.std_)

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), at x (p,)."""
        return self.basis_.graph(x, self.std_)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p)."""
        return self.basis_.jacobian(x)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return prefixed("basis.", self.basis_.state()) | {"std": self.std_}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted function again."""
        rbf = cls(config)
        # What was saved before kernels were chosen is a cubic interpolant.
        cubic = part(state, "interpolant.")
        basis = RadialBasis.of_cubic(cubic) if cubic else RadialBasis.restore(part(state, "basis."))
        rbf.basis_, rbf.std_ = basis, state["std"]
        return rbf


register(RBFConfig, RBF)
