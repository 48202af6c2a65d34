"""The trained surrogate: parameters in, fields and quantities with calibrated bands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from surrogates.description import Description, FieldInfo, ParameterInfo
from surrogates.kinds import KindConfig
from surrogates.prediction import Prediction
from surrogates.quantities import Quantity
from surrogates.reductions import ReductionConfig
from surrogates.validation import CrossValidation


class Surrogate:
    """Scaler + Reduction per field + one Regressor on all latent coordinates + Calibration."""

    description: Description

    @classmethod
    def train(
        cls,
        config: KindConfig,
        reductions: Mapping[str, ReductionConfig],
        x: np.ndarray,
        targets: Mapping[str, np.ndarray],
        *,
        parameters: Sequence[ParameterInfo],
        fields: Sequence[FieldInfo],
        points: Mapping[str, np.ndarray],
        cells: Mapping[str, np.ndarray] | None = None,
        cross_validation: CrossValidation,
        coverage: float = 0.9,
        seed: int,
        name: str,
    ) -> Self:
        """Learns from all runs and calibrates by the out-of-fold predictions of the same candidate.

        x: (n, p). targets: field to (n, [t,] points, components).
        parameters: p names and units in the order of x's columns (their ranges are taken from x).
        fields: one for each target. points: field to (n_points, 3) coordinates of nodes or cell centres.
        cells: meshio cell type to (k, nodes) indices into the points of the fields on points.
        """
        raise NotImplementedError

    def predict(
        self, x: np.ndarray, fields: Sequence[str] | None = None, quantities: Sequence[Quantity] = ()
    ) -> Prediction:
        """Answers q queries x (q, p); all fields if None, no full field if (); raises QueryError."""
        raise NotImplementedError

    def points(self, field: str) -> np.ndarray:
        """(n_points, 3) coordinates of the nodes or cell centres that carry the field."""
        raise NotImplementedError

    @property
    def cells(self) -> Mapping[str, np.ndarray]:
        """meshio cell type to (k, nodes) indices, empty where no mesh was given."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Writes the artifact: JSON and safetensors, with checksums; raises ModelError."""
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """Restores what `save` wrote, bit for bit; raises ModelError on damage or an unknown version."""
        raise NotImplementedError
