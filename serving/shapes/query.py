"""What a client asks a model of varying shapes: distances or outlines in, fields out, or one sentence why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Discriminator, Field, Tag, create_model

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.field_form import FORM_KEYS, WHOLE, FieldForm, field_form
from fieldwright.serving.fields.interface import mesh_operations, predict_operation
from fieldwright.serving.fields.requests import POINTWISE, SIMULTANEOUS, Band, field_list
from fieldwright.serving.limits import MAX_FIELD_VALUES
from fieldwright.serving.phrases import quoted
from fieldwright.serving.schemas.number_lists import NumberLists, nested_schema, number_array
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.serving.schemas.outside import ANSWER, REFUSE, Outside
from fieldwright.serving.schemas.parameters import ParameterSchema
from fieldwright.serving.schemas.reading import RequestObject, RequestReader, Says
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.shapes.description import ShapeDescription
from fieldwright.surrogates.shapes.distance import checked_distance, distance_of_outline
from fieldwright.surrogates.shapes.grid import Grid

MOST_SHAPES = 64
MOST_VERTICES = 2000
OUTLINE, DISTANCE = "outline", "distance"
"""The ways of giving a shape."""
EITHER = "The body must be a JSON object in which the shape comes either as 'distance' or as 'outline'"
ADVICE = 'Send {"outline": [[x, y], [x, y], [x, y], ...]} or {"distance": [[...], ...]}'


@dataclass(frozen=True, eq=False)
class ShapeQuery:
    """distance: (q, ny, nx) signed. x: (q, p) parameters. fields: those to answer in full.
    refuse_outside: whether a shape outside the domain is an error. form: of whole fields.

    Quantities and times are there for the answer's form alone: fields around shapes are steady, and read off in full.
    """

    distance: np.ndarray
    x: np.ndarray
    fields: tuple[str, ...]
    simultaneous: bool
    refuse_outside: bool
    quantities: tuple[Quantity, ...] = ()
    times: None = None
    form: FieldForm = WHOLE


class ShapeQueryReader:
    """Reads the requests to one model of varying shapes."""

    def __init__(self, description: ShapeDescription, grid: Grid) -> None:
        self._grid = grid
        self._description = description
        self._values = {info.name: info.n_points * len(info.components) for info in description.fields}
        self._parameters = ParameterSchema(description.parameters)
        self._reader: RequestReader[Any] = RequestReader(self._request())

    def interface(self) -> list[Operation]:
        """What the endpoint answers by the model."""
        return [
            predict_operation(self._reader.annotation, self._example()),
            *mesh_operations(self._description.fields),
        ]

    def read(self, document: Any) -> ShapeQuery:
        """The query in a decoded JSON document; raises QueryError."""
        request = self._reader.read(document)
        distance = request.shape
        fields = tuple(dict.fromkeys(request.fields))
        values = len(distance) * sum(self._values[name] for name in fields)
        if len(distance) > MOST_SHAPES or values > MAX_FIELD_VALUES:
            raise QueryError(
                f"One request may hold at most {MOST_SHAPES} shapes and {MAX_FIELD_VALUES} field values",
                f"{len(distance)} shapes and {values} values",
                "Send them in several requests",
            )
        x = self._parameters.array(request.parameters)
        if len(x) == 1:
            x = np.repeat(x, len(distance), axis=0)
        if len(x) != len(distance):
            raise QueryError(
                "'parameters' must be one object for all shapes, or one for each",
                f"{len(x)} for {len(distance)} shapes",
                "Send as many as shapes",
            )
        refuse = request.outside == REFUSE
        return ShapeQuery(distance, x, fields, request.band == SIMULTANEOUS, refuse, form=field_form(request))

    def _request(self) -> Any:
        """The annotated type of the body of POST /predict."""
        info = self._description.geometry
        rows, columns = info.shape
        unit = f" in {info.unit}" if info.unit else ""
        x_range, y_range = self._ranges()[::-1]
        corner = {
            "type": "array",
            "prefixItems": [{"type": "number"} | _bounds(x_range), {"type": "number"} | _bounds(y_range)],
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 2,
        }
        outline = nested_schema([(3, MOST_VERTICES)], corner)
        outlines = {
            "oneOf": [outline, nested_schema([(1, MOST_SHAPES)], outline)],
            "description": f"Corners of the shape in order{unit}, within the grid, or a list of such outlines.",
            "examples": [self._example()["outline"]],
        }
        image = nested_schema((rows, columns))
        distances = {
            "oneOf": [image, nested_schema([(1, MOST_SHAPES)], image)],
            "description": f"Signed distance{unit} at {rows} x {columns} points, negative inside, or a list of such; "
            "in place of an outline.",
        }
        names = [field.name for field in self._description.fields]
        common: dict[str, Any] = {
            "parameters": (self._parameters.parameters, ... if self._parameters.names else {}),
            "units": (self._parameters.units, {}),
            "fields": (field_list(self._description.fields), names),
            "band": (Band, POINTWISE),
            "outside": (Outside, ANSWER),
            **FORM_KEYS,
        }
        words = Says(EITHER, ADVICE, keys="The body's keys")
        by_outline = create_model(
            "OutlineRequest",
            __base__=RequestObject,
            shape=(
                Annotated[Any, Says(EITHER, ADVICE), NumberLists(outlines, self._outlines)],
                Field(alias=OUTLINE),
            ),
            **common,
        )
        by_distance = create_model(
            "DistanceRequest",
            __base__=RequestObject,
            shape=(
                Annotated[Any, Says(EITHER, ADVICE), NumberLists(distances, self._distances)],
                Field(alias=DISTANCE),
            ),
            **common,
        )
        return Annotated[
            Annotated[by_outline, words, Tag(OUTLINE)] | Annotated[by_distance, words, Tag(DISTANCE)],
            Discriminator(_way_of_giving),
        ]

    def _ranges(self) -> list[tuple[float, float]]:
        """First and last coordinate along the axes of the grid's rows."""
        info = self._description.geometry
        return [
            (start, start + step * (count - 1))
            for start, step, count in zip(info.origin, info.spacing, info.shape, strict=True)
        ]

    def _example(self) -> dict[str, Any]:
        """A request for the flow past a square in the middle of the grid."""
        ranges = self._ranges()
        half = 0.15 * min(end - start for start, end in ranges)
        y, x = ((start + end) / 2 for start, end in ranges)
        corners = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
        example: dict[str, Any] = {
            "outline": [[round(x + half * right, 6), round(y + half * up, 6)] for right, up in corners]
        }
        return example | ({"parameters": self._parameters.example} if self._parameters.names else {})

    def _distances(self, lists: Any) -> np.ndarray:
        rows, columns = self._grid.shape
        must = f"'distance' must be {rows} rows of {columns} numbers, or a list of such"
        numbers = number_array(lists, must)
        images = numbers[None] if numbers.ndim == 2 else numbers
        if images.ndim != 3 or not len(images):
            images = numbers[None]  # whose size the sentence on one distance then tells
        return np.stack([checked_distance(image, self._grid) for image in images])

    def _outlines(self, lists: Any) -> np.ndarray:
        must = "'outline' must be a list of points [x, y], or a list of such lists"
        single = isinstance(lists, list) and bool(lists) and _is_point(lists[0])
        outlines = [lists] if single else lists
        if not isinstance(outlines, list) or not outlines or len(outlines) > MOST_SHAPES:
            raise QueryError(must, quoted(lists), f"Send 1 to {MOST_SHAPES} outlines")
        distances = []
        for outline in outlines:
            vertices = number_array(outline, must)
            if len(vertices) > MOST_VERTICES:
                raise QueryError(
                    f"An outline may have at most {MOST_VERTICES} points",
                    str(len(vertices)),
                    "Leave some out",
                )
            distances.append(distance_of_outline(vertices, self._grid))
        return np.stack(distances)


def _bounds(limits: tuple[float, float]) -> dict[str, float]:
    return {"minimum": limits[0], "maximum": limits[1]}


def _way_of_giving(body: Any) -> str:
    """The request that the body is; raises QueryError for both at once."""
    ways = [way for way in (DISTANCE, OUTLINE) if isinstance(body, dict) and way in body]
    if len(ways) == 2:
        raise QueryError(EITHER, " and ".join(ways), ADVICE)
    return ways[0] if ways else OUTLINE


def _is_point(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and not isinstance(value[0], list)
