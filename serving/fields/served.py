"""A surrogate that is ready to be served: loaded, tried out, and its description prepared for clients."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.serving.fields.blocks import predict_in_blocks
from fieldwright.serving.fields.openapi import specification
from fieldwright.serving.fields.query import Query, QueryReader
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.limits import INLINE_SECONDS, MAX_SECONDS, SMALL_SECONDS
from fieldwright.surrogates.families import FIELDS, Family
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.prediction import Prediction
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.trajectory.history import History

SECONDS_PER_FIELD_VALUE = 1e-6
"""Of writing the four statistics as JSON; it only has to tell quick answers from slow ones."""


TRIED = 16
"""Queries of the larger of the two questions by which a surrogate is tried out."""


@dataclass(frozen=True, eq=False)
class Served:
    """One version of one model on one device; immutable, so that a swap is one assignment.

    seconds_once, seconds_per_query: processor time of a question for the default quantities, whatever its size, and
        what each further query adds, measured when the surrogate was tried out. Processor time, since what else the
        machine does at that moment must not decide what is refused later.
    """

    family: ClassVar[Family] = FIELDS

    surrogate: Surrogate
    model: str
    version: str
    device: str
    reader: QueryReader
    seconds_once: float
    seconds_per_query: float

    def read(self, document: Any) -> Query:
        """The query in a decoded JSON document, if it can be answered in reasonable time; raises QueryError."""
        query = self.reader.read(document)
        seconds = self._seconds(query)
        if seconds > MAX_SECONDS:
            raise QueryError(
                f"One request may take some {MAX_SECONDS:g} s of computing",
                f"{len(query.x)} queries for an estimated {seconds:.0f} s",
                "Send them in several requests, or ask for fewer quantities",
            )
        return query

    def predict(self, query: Query) -> Prediction:
        """What the surrogate answers; raises QueryError."""
        return predict_in_blocks(self.surrogate, query)

    def quick(self, query: Query) -> bool:
        """Whether it is answered before others could notice; finding a place on the mesh can take long."""
        places = any(quantity.at is not None for quantity in query.quantities)
        return not places and self._seconds(query) <= INLINE_SECONDS

    def small(self, query: Query) -> bool:
        """Whether it may wait in one line with other small ones."""
        return self._seconds(query) <= SMALL_SECONDS

    def _seconds(self, query: Query) -> float:
        share = max(1.0, len(query.quantities) / len(self.reader.default_quantities))
        quantities = share * (self.seconds_once + self.seconds_per_query * len(query.x))
        return quantities + SECONDS_PER_FIELD_VALUE * query.field_values

    def field(self, name: str) -> FieldInfo:
        """The description of a field of the surrogate."""
        return self.surrogate.description.field(name)

    def about(self) -> dict[str, Any]:
        """What a client should know: parameters with ranges and units, fields, errors, version, device."""
        description = self.surrogate.description.model_dump(mode="json")
        return {"model": self.model, "version": self.version, "device": self.device, **description}

    def specification(self) -> dict[str, Any]:
        """The OpenAPI document with its parameters and fields."""
        return specification(self.surrogate.description)


def load_served(shelved: Shelved, folder: Path) -> Served:
    """Loads the surrogate, on the GPU where there is one, and asks it for the middle of its domain.

    Raises ModelError where it cannot be loaded or does not answer with finite numbers.
    """
    # BentoML's master process imports the service too, and never needs torch.
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    surrogate = Surrogate.load(folder, device=device)
    reader = QueryReader(surrogate.description)
    history = surrogate.typical_history()
    middle = {info.name: (info.minimum + info.maximum) / 2 for info in surrogate.description.parameters}
    one = _time(surrogate, reader.read({"parameters": middle} | _repeated(history, 1)))
    many = _time(surrogate, reader.read({"parameters": [middle] * TRIED} | _repeated(history, TRIED)))
    per_query = max(0.0, (many - one) / (TRIED - 1))
    return Served(surrogate, shelved.model, shelved.version, device, reader, one, per_query)


def _repeated(history: History | None, queries: int) -> dict[str, Any]:
    """What a request for so many queries says of the history."""
    if history is None:
        return {}
    fields = {name: np.repeat(values, queries, axis=0).tolist() for name, values in history.fields.items()}
    return {"history": {"times": history.times.tolist(), "fields": fields}}


def _time(surrogate: Surrogate, query: Query) -> float:
    """Processor seconds to answer the query, which must come out finite; raises ModelError."""
    seconds = []
    # The first answer pays for what is made on first use; the quickest of three is the usual one.
    for _ in range(3):
        start = time.thread_time()
        prediction = predict_in_blocks(surrogate, query)
        seconds.append(time.thread_time() - start)
        for label, band in prediction.quantities.items():
            if not (np.isfinite(band.lower).all() and np.isfinite(band.upper).all()):
                raise ModelError(
                    "A surrogate must answer with finite numbers in the middle of its domain",
                    f"a {label} that is not finite",
                    "Train it anew",
                )
    return min(seconds)
