"""The columns of a table of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table, one entry a row: numbers (n,), numbers with further axes (n, ...), or texts or None.

    axes: names of the further axes. times: along an axis "time". about: what else is known of the values.
    """

    name: str
    values: np.ndarray | Sequence[str | None]
    unit: str = ""
    axes: tuple[str, ...] = ()
    times: Sequence[float] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


def statistic_columns(name: str, statistics: Mapping[str, Any], **common: Any) -> list[Column]:
    """The columns of one thing: its mean under its own name, then the others, "<name> lower" and so on.

    statistics: by name, None where one is not known. common: keys of all these columns.
    """
    about = common.pop("about", {})
    return [
        Column(
            name if statistic == "mean" else f"{name} {statistic}",
            values,
            about={**about, "statistic": statistic},
            **common,
        )
        for statistic in ("mean", "lower", "upper", "std", "error")
        if (values := statistics.get(statistic)) is not None
    ]


def where_columns(inside: np.ndarray, why: Sequence[str | None]) -> list[Column]:
    """The columns of whether rows may be trusted."""
    return [Column("inside", inside), Column("why", why)]
