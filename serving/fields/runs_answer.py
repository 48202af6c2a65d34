"""The answer of GET /runs: the training runs, their parameters and what was simulated."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.data.output.columns import Column
from fieldwright.serving.fields.served import Served
from fieldwright.serving.forms.reply import Reply
from fieldwright.surrogates.fields.quantities import parsed_quantity, unit_of


def runs_reply(served: Served) -> Reply:
    """A value for each run, of every parameter and of maximum, minimum and mean of every field.

    A model of an earlier version does not know the quantities, and its runs of equal parameters as one.
    """
    surrogate = served.surrogate
    infos = surrogate.description.fields
    runs = surrogate.runs
    x = surrogate.domain.runs if runs is None else runs.x
    header: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "runs": len(x),
        "parameters": {},
        "quantities": {},
    }
    arrays: dict[tuple[str, ...], np.ndarray] = {}
    columns: list[Column] = []
    scales = surrogate.scales
    for j, info in enumerate(surrogate.description.parameters):
        header["parameters"][info.name] = {"unit": info.unit, "scale": scales[info.name]}
        arrays["parameters", info.name, "values"] = x[:, j]
        columns.append(Column(info.name, x[:, j], info.unit))
    for label, by_time in ({} if runs is None else runs.quantities).items():
        quantity = parsed_quantity(label, infos)
        info = served.field(quantity.field)
        values = by_time if info.times else by_time[:, 0]
        header["quantities"][label] = {"unit": unit_of(quantity, info), "times": info.times}
        arrays["quantities", label, "values"] = values
        axes = ("time",) if info.times else ()
        columns.append(
            Column(label, values, unit_of(quantity, info), axes, info.times, {"statistic": "simulated"})
        )
    return Reply(header, arrays, lambda: columns)
