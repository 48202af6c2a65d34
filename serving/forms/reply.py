"""An answer that is not yet written in any form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.data.output.columns import Column
from fieldwright.data.output.vtu_file import MeshData


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
