"""The scales on which a model takes its parameters, and the check of queries that they call for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.fields.transforms.input_transform import LOGARITHM, RECIPROCAL, SCALES


@dataclass(frozen=True, eq=False)
class ParameterScales:
    """p parameters by name, and the scale of each in each field, (fields, p) numbers of `SCALES`."""

    names: Sequence[str]
    by_field: np.ndarray

    @property
    def positive(self) -> dict[int, str]:
        """Parameters of which some field takes the logarithm or the reciprocal, and which of the two."""
        words = {LOGARITHM: "logarithm", RECIPROCAL: "reciprocal"}
        return {
            j: words[scale]
            for scales in self.by_field.tolist()
            for j, scale in enumerate(scales)
            if scale in words
        }

    def by_name(self) -> dict[str, str]:
        """Parameter to its scale in all fields: "raw", "log" or "reciprocal"; "raw" where the fields differ."""
        words = {number: word for word, number in SCALES.items()}
        return {
            name: words[int(column[0])] if (column == column[0]).all() else "raw"
            for name, column in zip(self.names, self.by_field.T, strict=True)
        }

    def checked(self, x: np.ndarray) -> np.ndarray:
        """Queries x (q, p) as float64; raises QueryError where they have another shape, or a value that cannot be."""
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.names):
            raise QueryError(
                f"Queries must be a table (q, {len(self.names)}) of {', '.join(self.names)}",
                f"the shape {x.shape}",
                "Give one row per query and one column per parameter",
            )
        if not np.isfinite(x).all():
            raise QueryError(
                "Every parameter must be a finite number", "NaN or infinity", "Correct the query"
            )
        for j, scale in self.positive.items():
            least = float(x[:, j].min(initial=np.inf))
            if least <= 0.0:
                raise QueryError(
                    f"Parameter '{self.names[j]}' must be greater than 0, since the model takes its {scale}",
                    f"{least:g}",
                    "Correct the query",
                )
        return x
