"""The answer of GET /histories: examples of the measured first times that a model continues."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.served import Served
from fieldwright.serving.forms.reply import Reply


def histories_reply(served: Served) -> Reply:
    """The first times of some training runs; of a model without, the one that it reckons to be typical.

    Raises QueryError for a model that answers from its parameters alone.
    """
    surrogate = served.surrogate
    typical = surrogate.typical_history()
    if typical is None:
        raise QueryError(
            "Histories must be asked of a model that forecasts from one",
            f"'{served.model}', which answers from its parameters alone",
            "Ask GET /runs for its training runs",
        )
    runs = surrogate.runs
    stored = None if runs is None else runs.histories
    rows = [] if stored is None else stored.runs.tolist()
    fields = stored.fields if stored is not None and rows else typical.fields
    header: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "runs": rows,
        "times": typical.times.tolist(),
        "parameters": {info.name: {"unit": info.unit} for info in surrogate.description.parameters if rows},
        "fields": {
            info.name: {"unit": info.unit, "components": info.components, "on": info.on}
            for info in surrogate.description.fields
        },
    }
    arrays: dict[tuple[str, ...], np.ndarray] = {
        ("fields", name, "values"): values for name, values in fields.items()
    }
    if runs is not None and rows:
        for j, name in enumerate(header["parameters"]):
            arrays["parameters", name, "values"] = runs.x[rows, j]
    return Reply(header, arrays)
