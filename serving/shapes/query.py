"""What a client asks a model of varying shapes: distances or outlines in, fields out, or one sentence why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.outputs import OutputReader
from fieldwright.serving.fields.parameters import ParameterReader
from fieldwright.serving.fields.query import BANDS, is_simultaneous
from fieldwright.serving.limits import MAX_FIELD_VALUES
from fieldwright.serving.number_lists import numbers_in
from fieldwright.serving.phrases import quoted, refuse_unknown
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.shapes.description import ShapeDescription
from fieldwright.surrogates.shapes.distance import checked_distance, distance_of_outline
from fieldwright.surrogates.shapes.grid import Grid

KEYS = ("distance", "outline", "parameters", "units", "fields", "band")
MOST_SHAPES = 64
MOST_VERTICES = 2000


@dataclass(frozen=True, eq=False)
class ShapeQuery:
    """distance: (q, ny, nx) signed. x: (q, p) parameters. fields: those to answer in full.

    Quantities and times are there for the answer's form alone: fields around shapes are steady, and read off whole.
    """

    distance: np.ndarray
    x: np.ndarray
    fields: tuple[str, ...]
    simultaneous: bool
    quantities: tuple[Quantity, ...] = ()
    times: None = None


class ShapeQueryReader:
    """Reads the requests to one model of varying shapes."""

    def __init__(self, description: ShapeDescription, grid: Grid) -> None:
        self._grid = grid
        self._names = [info.name for info in description.fields]
        self._parameters = ParameterReader(description.parameters)
        self._outputs = OutputReader(description)

    def read(self, document: Any) -> ShapeQuery:
        """The query in a decoded JSON document; raises QueryError."""
        how = 'Send {"outline": [[x, y], [x, y], [x, y], ...]} or {"distance": [[...], ...]}'
        if not isinstance(document, dict):
            raise QueryError("The body must be a JSON object", quoted(document), how)
        refuse_unknown(document, KEYS, "The body's keys")
        given = [key for key in ("distance", "outline") if key in document]
        if len(given) != 1:
            raise QueryError(
                "The shape must come either as 'distance' or as 'outline'",
                " and ".join(given) or "neither",
                how,
            )
        read = self._distances if given == ["distance"] else self._outlines
        distance = read(document[given[0]])
        fields = self._outputs.fields(document.get("fields", self._names))
        values = len(distance) * self._outputs.values(fields)
        if len(distance) > MOST_SHAPES or values > MAX_FIELD_VALUES:
            raise QueryError(
                f"One request may hold at most {MOST_SHAPES} shapes and {MAX_FIELD_VALUES} field values",
                f"{len(distance)} shapes and {values} values",
                "Send them in several requests",
            )
        x = self._parameters.read(document.get("parameters"), document.get("units", {}))
        if len(x) == 1:
            x = np.repeat(x, len(distance), axis=0)
        if len(x) != len(distance):
            raise QueryError(
                "'parameters' must be one object for all shapes, or one for each",
                f"{len(x)} for {len(distance)} shapes",
                "Send as many as shapes",
            )
        return ShapeQuery(distance, x, fields, is_simultaneous(document.get("band", BANDS[0])))

    def _distances(self, given: Any) -> np.ndarray:
        rows, columns = self._grid.shape
        numbers = numbers_in(given, f"'distance' must be {rows} rows of {columns} numbers, or a list of such")
        images = numbers[None] if numbers.ndim == 2 else numbers
        if images.ndim != 3 or not len(images):
            images = numbers[None]  # whose size the sentence on one distance then tells
        return np.stack([checked_distance(image, self._grid) for image in images])

    def _outlines(self, given: Any) -> np.ndarray:
        must = "'outline' must be a list of points [x, y], or a list of such lists"
        single = isinstance(given, list) and bool(given) and _is_point(given[0])
        outlines = [given] if single else given
        if not isinstance(outlines, list) or not outlines or len(outlines) > MOST_SHAPES:
            raise QueryError(must, quoted(given), f"Send 1 to {MOST_SHAPES} outlines")
        found = []
        for outline in outlines:
            vertices = numbers_in(outline, must)
            if len(vertices) > MOST_VERTICES:
                raise QueryError(
                    f"An outline may have at most {MOST_VERTICES} points",
                    str(len(vertices)),
                    "Leave some out",
                )
            found.append(distance_of_outline(vertices, self._grid))
        return np.stack(found)


def _is_point(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and not isinstance(given[0], list)
