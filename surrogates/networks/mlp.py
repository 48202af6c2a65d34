"""The kind `mlp`: an ensemble of networks, trained in the way that its settings name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from fieldwright.surrogates.networks.evidence_ensemble import EvidenceEnsemble
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regressors.mlp import MLPConfig


class MLP:
    """An `EvidenceEnsemble`, or an `EarlyStoppedEnsemble`, for which alone torch is imported."""

    def __init__(self, config: MLPConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r)."""
        self.ensemble_ = _ensemble_class(self.config.by_evidence)(self.config).fit(x, z, seed)
        return self

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the ensemble at x (q, p)."""
        return self.ensemble_.predict(x)

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), of the ensemble at x (p,)."""
        return self.ensemble_.graph(x)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p)."""
        return self.ensemble_.jacobian(x)

    def to(self, device: str) -> None:
        """Moves weights in torch to one of its devices; those in NumPy stay."""
        if not isinstance(self.ensemble_, EvidenceEnsemble):
            self.ensemble_.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return self.ensemble_.state()

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted ensemble again."""
        model = cls(config)
        # Artifacts of an earlier version say "auto" and were stopped early.
        by_evidence = "factor" in state
        model.ensemble_ = _ensemble_class(by_evidence).restore(config, state)
        return model


def _ensemble_class(by_evidence: bool) -> Any:
    if by_evidence:
        return EvidenceEnsemble
    from fieldwright.surrogates.networks.early_stopped import EarlyStoppedEnsemble

    return EarlyStoppedEnsemble
