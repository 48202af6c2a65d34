"""What a prediction's readers need of the model that has made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo


class FieldsDescription(Protocol):
    """Parameters and fields of a model."""

    @property
    def parameters(self) -> Sequence[ParameterInfo]:
        """In the order of the columns of queries."""
        ...

    @property
    def fields(self) -> Sequence[FieldInfo]:
        """All of them."""
        ...


class ModelOfFields(Protocol):
    """A model whose answers are fields at places: of runs, or of shapes."""

    @property
    def description(self) -> FieldsDescription:
        """What it says of itself."""
        ...

    @property
    def cells(self) -> Mapping[str, np.ndarray]:
        """Cell type of meshio to (k, nodes) indices into the points of the fields on points."""
        ...

    def info(self, name: str, /) -> FieldInfo:
        """The field of that name; raises QueryError."""
        ...

    def points(self, name: str, /) -> np.ndarray:
        """(points, 3) places of the field's values."""
        ...
