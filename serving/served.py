"""A surrogate that is ready to be served: loaded, tried out, and its description prepared for clients."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import ModelError
from serving.query import Query, QueryReader
from serving.shelf import Shelved
from surrogates.description import FieldInfo
from surrogates.surrogate import Surrogate

SECONDS_PER_FIELD_VALUE = 1e-7
"""Of writing the four statistics as JSON; it only has to tell quick answers from slow ones."""


@dataclass(frozen=True, eq=False)
class Served:
    """One version of one model on one device; immutable, so that a swap is one assignment.

    seconds_per_query: time of one query for the default quantities, measured when it was tried out.
    """

    surrogate: Surrogate
    model: str
    version: str
    device: str
    reader: QueryReader
    seconds_per_query: float

    def seconds(self, query: Query) -> float:
        """A rough bound on the time to answer; infinite where a place has to be found on the mesh."""
        if any(quantity.at is not None for quantity in query.quantities):
            return math.inf
        share = max(1.0, len(query.quantities) / len(self.reader.default_quantities))
        return self.seconds_per_query * share * len(query.x) + SECONDS_PER_FIELD_VALUE * query.field_values

    def field(self, name: str) -> FieldInfo:
        """The description of a field of the surrogate."""
        return self.surrogate.description.field(name)

    def about(self) -> dict[str, Any]:
        """What a client should know: parameters with ranges and units, fields, errors, version, device."""
        description = self.surrogate.description.model_dump(mode="json")
        return {"model": self.model, "version": self.version, "device": self.device, **description}


def load_served(shelved: Shelved, folder: Path) -> Served:
    """Loads the surrogate, on the GPU where there is one, and asks it for the middle of its domain.

    Raises ModelError where it cannot be loaded or does not answer with finite numbers.
    """
    # BentoML's master process imports the service too, and never needs torch.
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    surrogate = Surrogate.load(folder, device=device)
    parameters = surrogate.description.parameters
    reader = QueryReader(surrogate.description)
    middle = {info.name: (info.minimum + info.maximum) / 2 for info in parameters}
    query = reader.read({"parameters": middle})
    seconds = []
    # The first answer pays for what is made on first use; the quickest of three is the usual one.
    for _ in range(3):
        start = time.perf_counter()
        prediction = surrogate.predict(query.x, (), query.quantities)
        seconds.append(time.perf_counter() - start)
    for label, band in prediction.quantities.items():
        if not (np.isfinite(band.lower).all() and np.isfinite(band.upper).all()):
            raise ModelError(
                "A surrogate must answer with finite numbers in the middle of its domain",
                f"a {label} that is not finite",
                "Train it anew",
            )
    return Served(surrogate, shelved.model, shelved.version, device, reader, min(seconds))
