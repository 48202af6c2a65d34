"""What a trained surrogate says of itself: its parameters, its fields, its making and its errors."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class ParameterInfo(_Frozen):
    """One parameter; minimum and maximum are those of the training runs, NaN until a surrogate is trained."""

    name: str
    unit: str = ""
    minimum: float = math.nan
    maximum: float = math.nan


class FieldInfo(_Frozen):
    """One field: its unit, component names (("",) for a scalar), place, times (None if steady) and size.

    n_points: number of nodes (on="point") or cells (on="cell") that carry it.
    measure: what each of these stands for in means, integrals, errors and the reduction: its share of the length,
    area or volume of the part, or a weight given by hand; None where all count alike, as without a mesh.
    """

    name: str
    unit: str = ""
    components: tuple[str, ...] = ("",)
    on: Literal["point", "cell"] = "point"
    times: tuple[float, ...] | None = None
    n_points: int
    measure: Literal["length", "area", "volume", "weight"] | None = None


class AchievableCoverage(_Frozen):
    """What the bands of a study of this size cover of new runs, whatever their nominal coverage.

    places: runs they were calibrated by, those of one place counted once. expected: on average over studies of this
    size. low, high: in nine of ten of them.
    """

    places: int
    expected: float
    low: float
    high: float


class Description(_Frozen):
    """All that a user of a surrogate should know before asking it.

    coverage: nominal probability that a calibrated band covers the truth of a new run.
    errors: field to metric to value, from cross-validation ("relative_l2.median", ...).
    settings: the settings of the kind and of each field's reduction, as in the study file.
    history: how many measured first times a query must bring, 0 where the model answers from parameters alone.
    notes: what the user must be told, such as too few runs for the asked coverage.
    achievable: the coverage that so few runs allow; None in models of an earlier version.
    """

    name: str
    parameters: tuple[ParameterInfo, ...]
    fields: tuple[FieldInfo, ...]
    kind: str
    n_runs: int
    coverage: float
    errors: dict[str, dict[str, float]]
    seed: int
    history: int = 0
    settings: dict[str, Any]
    notes: tuple[str, ...] = ()
    achievable: AchievableCoverage | None = None

    def field(self, name: str) -> FieldInfo:
        """The field of that name; raises KeyError."""
        return {info.name: info for info in self.fields}[name]
