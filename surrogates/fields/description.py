"""The description of a trained surrogate: its parameters, its fields, how it was trained and its errors."""

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
    """One field: its unit, component names (("",) for a scalar), location, times (None if steady) and size.

    n_points: number of nodes (on="point") or cells (on="cell") that carry it; 1 of a scalar (on="run"), which is one
    number of a run.
    measure: what weighs each of these in means, integrals, errors and the reduction: its share of the length, area or
    volume of the part, or a weight given by hand; None where all have equal weights, as without a mesh.
    axis: what `times` are: seconds, or the phase of a flow that repeats, from 0 to 1.
    places: whether its values are the places of the points or cells, which each answer then has of its own.
    """

    name: str
    unit: str = ""
    components: tuple[str, ...] = ("",)
    on: Literal["point", "cell", "run"] = "point"
    times: tuple[float, ...] | None = None
    n_points: int
    measure: Literal["length", "area", "volume", "weight"] | None = None
    axis: Literal["time", "phase"] = "time"
    places: bool = False


class AchievableCoverage(_Frozen):
    """The coverage of new runs that the bands of a study of this size have.

    places: runs they were calibrated by, those with equal parameters counted once. expected: mean coverage over
    studies of this size. low, high: range of the coverage in nine of ten of them.
    """

    places: int
    expected: float
    low: float
    high: float


class Description(_Frozen):
    """All that a user of a surrogate should know before querying it.

    coverage: nominal probability that a calibrated band covers the truth of a new run.
    errors: field to metric to value, from cross-validation ("relative_l2.median", ...).
    settings: the settings of the kind and of each field's reduction, as in the study file.
    history: number of measured first times that a query must contain, 0 where the parameters suffice.
    notes: warnings for the user, such as too few runs for the nominal coverage.
    achievable: the coverage that this number of runs allows; None in models of an earlier version.
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
