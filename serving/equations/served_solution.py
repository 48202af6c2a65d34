"""The solution of an equation that is ready to be served: loaded without the equation's code, and tried."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.serving.cost import Cost
from fieldwright.serving.equations.query import SolutionQuery, SolutionQueryReader
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.serving.torch_operations import counted_operations
from fieldwright.surrogates.equations.description import SolutionDescription
from fieldwright.surrogates.families import EQUATIONS, Family

if TYPE_CHECKING:
    from fieldwright.surrogates.equations.solution_surrogate import Answer, SolutionSurrogate

TRIED = 512
"""Points by which a solution is tried."""
DEARER = 3.0
"""What each further order of a derivative costs more."""
VALUE = 400.0
"""Operations for the statistics of one value, and for its text."""


@dataclass(frozen=True, eq=False)
class ServedSolution:
    """One version of one model; immutable, so that a swap is one assignment.

    operations, operations_of_slopes: per point, of values and of one first derivative, counted when it was tried.
    """

    family: ClassVar[Family] = EQUATIONS

    surrogate: SolutionSurrogate
    model: str
    version: str
    device: str
    reader: SolutionQueryReader
    operations: float
    operations_of_slopes: float

    def read(self, document: Any) -> SolutionQuery:
        """The query in a decoded JSON document, if one request may cost so much; raises QueryError."""
        query = self.reader.read(document)
        self.cost(query).check(
            f"{len(query.points)} points with {len(query.derivatives)} derivatives",
            "Send them in several requests, or ask for fewer derivatives",
        )
        return query

    def cost(self, query: SolutionQuery) -> Cost:
        """Of all points of a request together."""
        slopes = [DEARER ** (len(one.along) - 1) * self.operations_of_slopes for one in query.derivatives]
        outputs = len(self.surrogate.description.outputs) + len(slopes)
        values = len(query.points) * outputs
        return Cost((self.operations + sum(slopes)) * len(query.points) + VALUE * values, values)

    def solve(self, query: SolutionQuery) -> Answer:
        """The solution there, all of it finite; raises QueryError, for points outside too unless asked to answer."""
        with np.errstate(all="ignore"):
            answer = self.surrogate.predict(
                query.points, query.parameters, [one.name for one in query.derivatives]
            )
        if query.refuse_outside and not answer.inside.all():
            first = int(np.argmin(answer.inside))
            raise QueryError(
                "Points and parameters must lie where the equation was solved",
                f"point {first}: {answer.why[first]}",
                'Correct them, or send "outside": "answer" to be answered all the same',
            )
        for name, values in (*answer.mean.items(), *answer.derivatives.items()):
            if not np.isfinite(values).all():
                raise QueryError(
                    "Points must lie where the solution can still compute",
                    f"a {name} that is not finite at point {int(np.argmin(np.isfinite(values)))}",
                    "Stay within the ranges that GET /models shows",
                )
        return answer

    @property
    def description(self) -> SolutionDescription:
        """What the solution says of itself: coordinates, parameters, outputs, the verdicts and errors."""
        return self.surrogate.description

    def interface(self) -> list[Operation]:
        """What the endpoint answers by it."""
        return self.reader.interface()


def load_served_solution(shelved: Shelved, folder: Path) -> ServedSolution:
    """Loads the solution and asks it for points of its domain; raises ModelError where they are not finite."""
    # BentoML's master process imports the service too, and never needs torch.
    from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate

    surrogate = SolutionSurrogate.load(folder)
    description, region = surrogate.description, surrogate.region
    rng = np.random.default_rng(0)
    points = region.low + (region.high - region.low) * rng.random((TRIED, len(region.low)))
    points = points[region.inside(points)]
    middle = {info.name: (info.minimum + info.maximum) / 2 for info in description.parameters}
    slope = f"{description.outputs[0].name}_{description.coordinates[0].name}"
    operations = [
        counted_operations(lambda names=names: surrogate.predict(points, middle, names)) / len(points)
        for names in ((), (slope,))
    ]
    answer = surrogate.predict(points, middle)
    for name, values in answer.mean.items():
        if not np.isfinite(values).all():
            raise ModelError(
                "A solution must answer with finite numbers in its domain",
                f"a {name} that is not finite",
                "Train it anew",
            )
    reader = SolutionQueryReader(description)
    return ServedSolution(surrogate, shelved.model, shelved.version, "cpu", reader, *operations)
