"""What a client asks the solution of an equation: points, parameters and derivatives, or one sentence why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.parameters import ParameterReader
from fieldwright.serving.number_lists import numbers_in
from fieldwright.serving.phrases import listed, nearest, quoted, refuse_unknown
from fieldwright.surrogates.equations.derivative_name import DerivativeName
from fieldwright.surrogates.equations.description import SolutionDescription

KEYS = ("points", "parameters", "units", "derivatives", "outside")
MOST_POINTS = 50_000
MOST_DERIVATIVES = 16
REFUSE, ANSWER = "refuse", "answer"
"""What becomes of points outside the domain, and of parameters beyond their ranges."""


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
        self._coordinates = [info.name for info in description.coordinates]
        self._inputs = description.inputs
        self._outputs = [info.name for info in description.outputs]
        self._parameters = ParameterReader(description.parameters)

    def read(self, document: Any) -> SolutionQuery:
        """The query in a decoded JSON document; raises QueryError."""
        if not isinstance(document, dict):
            raise QueryError("The body must be a JSON object", quoted(document), f"Send {self._example()}")
        refuse_unknown(document, KEYS, "The body's keys")
        points = self._points(document)
        rows = self._parameters.read(document.get("parameters", {}), document.get("units", {}))
        if len(rows) not in (1, len(points)):
            raise QueryError(
                "'parameters' must be one object for all points, or one for each",
                f"{len(rows)} for {len(points)} points",
                "Send as many as points",
            )
        columns = np.broadcast_to(rows, (len(points), rows.shape[1]))
        outside = document.get("outside", REFUSE)
        if outside not in (REFUSE, ANSWER):
            raise QueryError(
                f"'outside' must be among {listed((REFUSE, ANSWER))}",
                quoted(outside),
                nearest(outside, (REFUSE, ANSWER)),
            )
        return SolutionQuery(
            points,
            dict(zip(self._parameters.names, columns.T, strict=True)),
            self._derivatives(document.get("derivatives", [])),
            outside == REFUSE,
        )

    def _points(self, document: dict[str, Any]) -> np.ndarray:
        d = len(self._coordinates)
        must = f"'points' must be a list of points, each of {d} numbers ({', '.join(self._coordinates)})"
        if "points" not in document:
            raise QueryError(must, "nothing", f"Send {self._example()}")
        points = numbers_in(document["points"], must)
        if points.ndim != 2 or points.shape[1] != d or not len(points):
            got = f"points of {points.shape[1]}" if points.ndim == 2 and len(points) else "no list of points"
            raise QueryError(must, got, f"Send {self._example()}")
        if len(points) > MOST_POINTS:
            raise QueryError(
                f"One request may hold at most {MOST_POINTS} points",
                str(len(points)),
                "Send them in several requests",
            )
        if not np.isfinite(points).all():
            raise QueryError(must, f"{points[~np.isfinite(points)][0]}", "Send finite numbers")
        return points

    def _derivatives(self, given: Any) -> tuple[DerivativeName, ...]:
        like = f"'{self._outputs[0]}_{self._coordinates[0]}'"
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            raise QueryError("'derivatives' must be a list of names", quoted(given), f"Send such as {like}")
        if len(given) > MOST_DERIVATIVES:
            raise QueryError(
                f"One request may ask for at most {MOST_DERIVATIVES} derivatives",
                str(len(given)),
                "Ask in several requests",
            )
        return tuple(DerivativeName.parse(name, self._outputs, self._inputs) for name in dict.fromkeys(given))

    def _example(self) -> str:
        return f'{{"points": [[{", ".join(self._coordinates)}], ...]}} in numbers'
