"""What a client asks the solution of an equation: points, parameters and derivatives, or one sentence why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field, create_model

from fieldwright.data.errors import QueryError
from fieldwright.serving.equations.interface import solve_operation
from fieldwright.serving.schemas.number_lists import NumberLists, nested_schema, number_array
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.serving.schemas.outside import REFUSE, Outside
from fieldwright.serving.schemas.parameters import ParameterSchema
from fieldwright.serving.schemas.reading import RequestObject, RequestReader, Says, Text
from fieldwright.surrogates.equations.derivative_name import DerivativeName
from fieldwright.surrogates.equations.description import SolutionDescription
from fieldwright.surrogates.fields.description import ParameterInfo

MOST_POINTS = 50_000
MOST_DERIVATIVES = 16


@dataclass(frozen=True, eq=False)
class SolutionQuery:
    """points: (n, d). parameters: name to (n,). refuse_outside: whether points outside are an error."""

    points: np.ndarray
    parameters: dict[str, np.ndarray]
    derivatives: tuple[DerivativeName, ...]
    refuse_outside: bool


class SolutionQueryReader:
    """Reads the requests to one solution."""

    def __init__(self, description: SolutionDescription) -> None:
        self._coordinates = description.coordinates
        self._inputs = description.inputs
        self._outputs = [info.name for info in description.outputs]
        self._slope = f"{self._outputs[0]}_{self._coordinates[0].name}"
        self._parameters = ParameterSchema(description.parameters)
        self._reader: RequestReader[Any] = RequestReader(self._request())

    def interface(self) -> list[Operation]:
        """What the endpoint answers by the solution."""
        middle = [(info.minimum + info.maximum) / 2 for info in self._coordinates]
        example: dict[str, Any] = {"points": [middle], "derivatives": [self._slope]}
        if self._parameters.names:
            example["parameters"] = self._parameters.example
        return [solve_operation(self._reader.annotation, example)]

    def read(self, document: Any) -> SolutionQuery:
        """The query in a decoded JSON document; raises QueryError."""
        request = self._reader.read(document)
        points = request.points
        rows = self._parameters.array(request.parameters)
        if len(rows) not in (1, len(points)):
            raise QueryError(
                "'parameters' must be one object for all points, or one for each",
                f"{len(rows)} for {len(points)} points",
                "Send as many as points",
            )
        columns = np.broadcast_to(rows, (len(points), rows.shape[1]))
        names = dict.fromkeys(request.derivatives)
        return SolutionQuery(
            points,
            dict(zip(self._parameters.names, columns.T, strict=True)),
            tuple(DerivativeName.parse(name, self._outputs, self._inputs) for name in names),
            request.outside == REFUSE,
        )

    def _request(self) -> Any:
        """The annotated type of the body of POST /solve."""
        d = len(self._coordinates)
        names = ", ".join(info.name for info in self._coordinates)
        must = f"'points' must be a list of points, each of {d} numbers ({names})"
        advice = f'Send {{"points": [[{names}], ...]}} in numbers'
        coordinates = {
            "type": "array",
            "prefixItems": [_coordinate(info) for info in self._coordinates],
            "items": {"type": "number"},
            "minItems": d,
            "maxItems": d,
        }
        points = nested_schema([(1, MOST_POINTS)], coordinates)
        derivatives = Annotated[
            list[Text],
            Says(
                "'derivatives' must be a list of names",
                f"Send such as '{self._slope}'",
                most=f"One request may ask for at most {MOST_DERIVATIVES} derivatives",
            ),
            Field(
                max_length=MOST_DERIVATIVES,
                description=f"Such as '{self._slope}': an output by coordinates and parameters, to order 4.",
                examples=[[self._slope]],
            ),
        ]
        model = create_model(
            "SolveRequest",
            __base__=RequestObject,
            points=(
                Annotated[
                    Any,
                    Says(must, advice),
                    NumberLists(points, lambda lists: self._points(lists, must, advice)),
                ],
                ...,
            ),
            parameters=(self._parameters.parameters, ... if self._parameters.names else {}),
            units=(self._parameters.units, {}),
            derivatives=(derivatives, []),
            outside=(Outside, REFUSE),
        )
        return Annotated[model, Says("The body must be a JSON object", advice, keys="The body's keys")]

    def _points(self, lists: Any, must: str, advice: str) -> np.ndarray:
        points = number_array(lists, must)
        d = len(self._coordinates)
        if points.ndim != 2 or points.shape[1] != d or not len(points):
            got = f"points of {points.shape[1]}" if points.ndim == 2 and len(points) else "no list of points"
            raise QueryError(must, got, advice)
        if len(points) > MOST_POINTS:
            raise QueryError(
                f"One request may hold at most {MOST_POINTS} points",
                str(len(points)),
                "Send them in several requests",
            )
        if not np.isfinite(points).all():
            raise QueryError(must, f"{points[~np.isfinite(points)][0]}", "Send finite numbers")
        return points


def _coordinate(info: ParameterInfo) -> dict[str, Any]:
    return {
        "type": "number",
        "title": info.name,
        "description": f"{info.unit or 'no unit'}, solved from {info.minimum:g} to {info.maximum:g}",
        "examples": [(info.minimum + info.maximum) / 2],
        "x-unit": info.unit,
        "x-range": [info.minimum, info.maximum],
    }
