"""The answer of POST /sensitivities: which parameters the quantities depend on, over the ranges of the runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.serving.cost import Cost
from fieldwright.serving.fields.query import Query, SensitivitiesQuery
from fieldwright.serving.fields.served import Served
from fieldwright.serving.forms.reply import Reply

SEED = 0
"""The same question has the same answer."""


SHARES = ("first", "first_std", "total", "total_std")


def sensitivities_cost(served: Served, query: SensitivitiesQuery) -> Cost:
    """Of all the queries to the surrogate that the estimates take."""
    p = len(served.surrogate.description.parameters)
    rows = Query(np.empty((query.samples * (p + 2), p)), (), query.quantities, 0)
    return Cost(served.cost(rows).operations)


def sensitivities_reply(served: Served, query: SensitivitiesQuery) -> Reply:
    """Sobol indices of each quantity and parameter, by time where the field has times.

    Raises QueryError where one request may not take so many operations.
    """
    sensitivities_cost(served, query).check(
        f"{query.samples} samples of {len(query.quantities)} quantities",
        "Ask for fewer quantities at a time, or take fewer 'samples'",
    )
    # It brings matplotlib along, which no other answer needs.
    from fieldwright.surrogates.understanding.sensitivity import sensitivity

    with np.errstate(all="ignore"):
        indices = (
            sensitivity(served.surrogate, query.quantities, n=query.samples, seed=SEED)
            if query.quantities
            else {}
        )
    header: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "samples": query.samples,
        "quantities": {},
    }
    arrays: dict[tuple[str, ...], np.ndarray] = {}
    for quantity in query.quantities:
        times = served.field(quantity.field).times
        entry: dict[str, Any] = {"times": times, "parameters": {}}
        header["quantities"][quantity.label] = entry
        for j, info in enumerate(served.surrogate.description.parameters):
            entry["parameters"][info.name] = {}
            for share in SHARES:
                values = getattr(indices[quantity.label], share)[:, j]
                arrays["quantities", quantity.label, "parameters", info.name, share] = values
    return Reply(header, arrays)
