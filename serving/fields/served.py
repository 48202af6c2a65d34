"""A surrogate that is ready to be served: loaded, tried out, and its description prepared for clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.serving.cost import Cost
from fieldwright.serving.fields.batching import Batcher
from fieldwright.serving.fields.cost import SurrogateCost
from fieldwright.serving.fields.query import Query, QueryReader
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.surrogates.families import FIELDS, Family
from fieldwright.surrogates.fields.answers.blocks import predict_in_blocks
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.fields.prediction import Prediction
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.trajectory.history import History


@dataclass(frozen=True, eq=False)
class Served:
    """One version of one model on one device; immutable, so that a swap is one assignment.

    cost: of a query, counted. extents: of each field the largest minus the smallest value of the training runs.
    """

    family: ClassVar[Family] = FIELDS

    surrogate: Surrogate
    model: str
    version: str
    device: str
    reader: QueryReader
    cost: Callable[[Query], Cost]
    extents: Mapping[str, float]

    @cached_property
    def batcher(self) -> Batcher:
        """Answers small queries that have arrived together."""
        return Batcher()

    def read(self, document: Any) -> Query:
        """The query in a decoded JSON document, if one request may cost so much; raises QueryError."""
        return self._affordable(self.reader.read(document))

    def read_gradients(self, document: Any) -> Query:
        """As `read`, in a request for gradients."""
        return self._affordable(self.reader.read_gradients(document))

    def _affordable(self, query: Query) -> Query:
        outputs = f"{len(query.quantities)} quantities and {len(query.fields)} fields"
        self.cost(query).check(
            f"{len(query.x)} queries for {outputs}",
            "Send them in several requests, or ask for less at a time",
        )
        return query

    def predict(self, query: Query) -> Prediction:
        """What the surrogate answers; raises QueryError."""
        prediction = answer_of(self.surrogate, query)
        if query.refuse_outside:
            prediction.require_inside()
        return prediction

    def field(self, name: str) -> FieldInfo:
        """The description of a field of the surrogate."""
        return self.surrogate.description.field(name)

    def extent(self, field: str) -> float:
        """Largest minus smallest value of the field in the training runs."""
        return self.extents[field]

    @property
    def description(self) -> Description:
        """What the surrogate says of itself."""
        return self.surrogate.description

    def interface(self) -> list[Operation]:
        """What the endpoint answers by it."""
        return self.reader.interface()


def answer_of(surrogate: Surrogate, query: Query) -> Prediction:
    """What the surrogate answers, block by block; raises QueryError."""
    return predict_in_blocks(
        surrogate,
        query.x,
        query.fields,
        query.quantities,
        times=query.times,
        history=query.history,
        simultaneous=query.simultaneous,
    )


def load_served(shelved: Shelved, folder: Path) -> Served:
    """Loads the surrogate, on the GPU where there is one, and asks it for the middle of its domain.

    Raises ModelError where it cannot be loaded or does not answer with finite numbers.
    """
    # BentoML's master process imports the service too, and never needs torch.
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    surrogate = Surrogate.load(folder, device=device)
    reader = QueryReader(surrogate.description, surrogate.positive_parameters)
    history = surrogate.typical_history()
    middle = {info.name: (info.minimum + info.maximum) / 2 for info in surrogate.description.parameters}
    # The first answer also makes what no query changes, so that no client waits for it.
    _check_finite(answer_of(surrogate, reader.read({"parameters": middle} | _as_request(history))))
    extents = {
        name: float(np.max(one.high) - np.min(one.low)) for name, one in surrogate.calibration.fields.items()
    }
    cost = SurrogateCost(surrogate)
    return Served(surrogate, shelved.model, shelved.version, device, reader, cost, extents)


def _as_request(history: History | None) -> dict[str, Any]:
    """What a request for one query says of the history."""
    if history is None:
        return {}
    fields = {name: values.tolist() for name, values in history.fields.items()}
    return {"history": {"times": history.times.tolist(), "fields": fields}}


def _check_finite(prediction: Prediction) -> None:
    """Raises ModelError where a quantity has a band that is not finite."""
    for label, band in prediction.quantities.items():
        if not (np.isfinite(band.lower).all() and np.isfinite(band.upper).all()):
            raise ModelError(
                "A surrogate must answer with finite numbers in the middle of its domain",
                f"a {label} that is not finite",
                "Train it anew",
            )
