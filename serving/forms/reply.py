"""An answer that is not yet written in any form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


@dataclass(frozen=True, eq=False)
class MeshData:
    """Fields of one query at one time on their mesh.

    points: (n, 3). cells: meshio's type to (k, nodes); empty where only places are known. point_data, cell_data: name
    to (n, components). numbers: by name, beside the mesh. query: its position in the request. time: None where the
    fields have none.
    """

    points: np.ndarray
    cells: Mapping[str, np.ndarray]
    point_data: Mapping[str, np.ndarray] = field(default_factory=dict)
    cell_data: Mapping[str, np.ndarray] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    query: int = 0
    time: float | None = None


@dataclass(frozen=True, eq=False)
class Reply:
    """One answer.

    header: all that is no array, as plain JSON types. arrays: each by the keys that lead to it, all but the last of
    which are objects of the header. columns: the answer as a table. meshes: the answer as fields on meshes. Those two
    are made only for the forms that need them, and raise QueryError where the answer has no such form.
    """

    header: dict[str, Any]
    arrays: Mapping[tuple[str, ...], np.ndarray]
    columns: Callable[[], Sequence[Column]] = tuple
    meshes: Callable[[], Sequence[MeshData]] = tuple


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
