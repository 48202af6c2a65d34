"""A model of varying shapes that is ready to be served: loaded, and tried on a disc in the middle of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.physics.solvers.shapes import ellipse, placed
from fieldwright.serving.cost import Cost
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.serving.shapes.query import ShapeQuery, ShapeQueryReader
from fieldwright.serving.torch_operations import counted_operations
from fieldwright.surrogates.families import SHAPES, Family
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.prediction import Prediction
from fieldwright.surrogates.shapes.description import ShapeDescription
from fieldwright.surrogates.shapes.distance import distance_of_outline

if TYPE_CHECKING:
    from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate

TRIED_SIZE = 0.3
"""Diameter of the disc, in shares of the shorter side of the grid."""
VALUE = 400.0
"""Operations for the bands of one value and the text of its four statistics."""


@dataclass(frozen=True, eq=False)
class ServedShapes:
    """One version of one model; immutable, so that a swap is one assignment.

    operations: of the networks for one shape, counted when the model was tried out.
    """

    family: ClassVar[Family] = SHAPES

    surrogate: ShapeSurrogate
    model: str
    version: str
    device: str
    reader: ShapeQueryReader
    operations: float

    def read(self, document: Any) -> ShapeQuery:
        """The query in a decoded JSON document, if one request may cost so much; raises QueryError."""
        query = self.reader.read(document)
        self.cost(query).check(f"{len(query.distance)} shapes", "Send them in several requests")
        return query

    def cost(self, query: ShapeQuery) -> Cost:
        """Of all shapes of a request together."""
        infos = [self.field(name) for name in query.fields]
        values = len(query.distance) * sum(info.n_points * len(info.components) for info in infos)
        return Cost(self.operations * len(query.distance) + VALUE * values, values)

    def predict(self, query: ShapeQuery) -> Prediction:
        """The fields that are asked for; raises QueryError."""
        prediction = self.surrogate.predict(
            query.distance, query.x, query.fields, simultaneous=query.simultaneous
        )
        if query.refuse_outside:
            prediction.require_inside()
        return prediction

    def field(self, name: str) -> FieldInfo:
        """The description of a field of the surrogate; raises QueryError."""
        return self.surrogate.info(name)

    def extent(self, field: str) -> float:
        """Not known of shapes, whose answers hold no quantities."""
        return 0.0

    @property
    def description(self) -> ShapeDescription:
        """What the model says of itself: the grid, the shapes that it was trained on, fields and errors."""
        return self.surrogate.description

    def interface(self) -> list[Operation]:
        """What the endpoint answers by it."""
        return self.reader.interface()


def load_served_shapes(shelved: Shelved, folder: Path) -> ServedShapes:
    """Loads the model and tries it; raises ModelError where it does not answer with finite numbers."""
    # BentoML's master process imports the service too, and never needs torch.
    from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate

    surrogate = ShapeSurrogate.load(folder)
    grid, description = surrogate.grid, surrogate.description
    extent = grid.spacing * (np.array(grid.shape) - 1)
    middle = (grid.origin + 0.5 * extent)[::-1]
    diameter = TRIED_SIZE * float(extent.min())
    distance = distance_of_outline(placed(ellipse(diameter, diameter), (middle[0], middle[1])), grid)[None]
    x = np.array([[(info.minimum + info.maximum) / 2 for info in description.parameters]])
    operations = counted_operations(lambda: surrogate.predict(distance, x))
    answer = surrogate.predict(distance, x)
    for name, band in answer.fields.items():
        if not (np.isfinite(band.lower).all() and np.isfinite(band.upper).all()):
            raise ModelError(
                "A model must answer with finite numbers for a disc in the middle of its grid",
                f"a {name} that is not finite",
                "Train it anew",
            )
    reader = ShapeQueryReader(description, grid)
    return ServedShapes(surrogate, shelved.model, shelved.version, "cpu", reader, operations)
