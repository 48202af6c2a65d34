"""The tables of a study file, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from fieldwright.data.ingest.cycles.one_period import MEAN, PERIOD, RMS, STROUHAL
from fieldwright.data.ingest.rules import Rules
from fieldwright.data.ingest.scalars.scalar_values import Taken
from fieldwright.data.ingest.timebase import CYCLES
from fieldwright.flows.study.promotion_section import PromotionLimits
from fieldwright.flows.study.section import Section
from fieldwright.surrogates.families import FieldMetric
from fieldwright.surrogates.fields.physics_hints import FieldHint
from fieldwright.surrogates.reductions import load_reductions
from fieldwright.surrogates.regressors import load_kinds
from fieldwright.surrogates.shapes.settings import UNetConfig


def _one_of(configs: Mapping[str, type[BaseModel]]) -> Any:
    """The settings of any registered kind, distinguished by their `kind`."""
    options = list(configs.values())
    return Annotated[reduce(or_, options), Field(discriminator="kind")] if options[1:] else options[0]


# What is registered is known only at run time; to the type checker these are any type.
if TYPE_CHECKING:
    Candidate = Reduction = Any
else:
    Candidate = _one_of(load_kinds().configs | {"unet": UNetConfig})
    Reduction = _one_of(load_reductions().configs)


class RunsSection(Section):
    """Where the finished runs are and how to read them."""

    folder: Path = Field(description="Folder with one entry per run, relative to the study file.")
    pattern: str = Field("*", description="Which entries of the folder are runs, as a glob: `run_*`.")
    file: str | None = Field(
        None,
        description="The result file within each run folder, as a glob; leave out when the entry itself is it.",
    )
    reader: str | None = Field(None, description="Name of the reader; recognised from the files if left out.")
    bound: float = Field(
        1e30, gt=0, description="A run with an absolute value beyond this is rejected as diverged."
    )
    minimum: int = Field(8, ge=1, description="Fewer accepted runs than this end the pipeline with an error.")
    step: float | None = Field(
        None, gt=0, description="Seconds between the files of a series that do not state their time."
    )
    log: str | None = Field(
        None, description="Pattern of the solver's log in a run's folder, to be searched for a failure."
    )
    log_failed: str = Field(
        Rules.__dataclass_fields__["log_failed"].default,
        description="Regular expression that a log of a failed run matches.",
    )
    workers: int = Field(
        2,
        ge=0,
        description="Processes of this machine that read runs in parallel, from 200 runs on, where `[compute]` names "
        "no other place; 0 reads one by one.",
    )


class OutputSpec(Section):
    """One output of the surrogate, a field or a scalar."""

    unit: str | None = Field(None, description="Unit, where the result file does not state it.")
    reference: float | str = Field(
        0.0,
        description="A number, or the name of a parameter, that the models subtract from it: the ambient "
        "temperature.",
    )
    scale_by: dict[str, float] | None = Field(
        None,
        description="Powers of parameters that the models divide it by: `{ heat_flux = 1, conductivity = "
        "-1 }`. Left-out runs decide if left out; `{}` is none.",
    )
    minimum: float | None = Field(
        None, description="Bound that no value can fall below: predictions and bands end on it."
    )
    maximum: float | None = Field(None, description="Bound that no value can pass.")

    @property
    def hint(self) -> FieldHint:
        """The hint for the models."""
        return FieldHint(self.reference, self.scale_by, self.minimum, self.maximum)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.minimum is not None and self.maximum is not None and not self.minimum < self.maximum:
            raise ValueError(f"'minimum' must be below 'maximum': {self.minimum:g} and {self.maximum:g}")
        return self


class FieldSpec(OutputSpec):
    """One output field of the surrogate."""

    on: Literal["point", "cell"] | None = Field(
        None, description="Convert the field to nodes or cells; it stays where the file has it if left out."
    )
    reduction: Reduction | None = Field(
        None, description="A reduction for this field alone, with the keys of `[reduction]`."
    )
    conserved: bool = Field(
        False,
        description="Whether its integral over the mesh is conserved: the models' error of it and its drift in time "
        "become metrics.",
    )


class ScalarSpec(OutputSpec):
    """One number of each run beside its fields: a force, a coefficient, a value of a table."""

    file: str | None = Field(
        None,
        description="Where it stands in the run's folder, as FILE: ENTRY with FILE a pattern, in which `{run}` is "
        "the run's name: `postProcessing/forceCoeffs1/*/coefficient.dat: Cd` (OpenFOAM, restarts are joined), "
        "`plate.dat: total force NFIX.fx` (CalculiX), `results.csv: mass`, `result.json: mass.total`.",
    )
    table: Path | None = Field(
        None, description="A table of all runs that has it, with the run column of `[parameters]`."
    )
    column: str | None = Field(None, description="Its column there; the scalar's name if left out.")
    take: Taken = Field(
        "last",
        description="What is taken of values against the time: `last`, or over the time `mean`, `max`, `min` or the "
        "standard deviation `std`.",
    )
    start: float | None = Field(None, description="Time from which on values count; all if left out.")

    @model_validator(mode="after")
    def _stands_in_one_place(self) -> ScalarSpec:
        if (self.file is None) == (self.table is None):
            raise ValueError("a scalar needs either a 'file' of the run or a 'table' of all runs")
        if self.file is not None and ":" not in self.file:
            raise ValueError(
                f"'file' of a scalar must be FILE: ENTRY, such as 'forces.csv: Cd': '{self.file}'"
            )
        return self


class Time(Section):
    """How transient runs of unequal times come together."""

    rule: Literal["exact", "overlap", "last", "periodic", "mean"] = Field(
        "exact",
        description="`exact`: the times of the first run; `overlap`: linear interpolation to the coarsest run's "
        "times within the interval that all cover; `last`: the last time alone, as a steady run; `periodic`: one "
        "period of a flow that repeats, all runs in common phase; `mean`: the mean over time and the fluctuation.",
    )
    tolerance: float = Field(
        1e-3, ge=0, description="With `exact`: allowed difference, in shares of the smallest step."
    )
    least: float = Field(
        0.9,
        gt=0,
        le=1,
        description="With `overlap`: share of the first run's interval that a run must cover.",
    )
    start: float | None = Field(
        None,
        description="With `periodic` and `mean`: time from which on a run counts; `periodic` finds the end of the "
        "start-up by itself.",
    )
    phases: int = Field(32, ge=8, description="With `periodic`: even phases at which a period is learned.")
    largest_change: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="With `periodic`: share of the fluctuation by which a period may differ from the one before; a "
        "run beyond it is rejected.",
    )
    length: float | str | None = Field(
        None,
        description="With `periodic`: the length of the Strouhal number, length / (speed * period), or the parameter "
        "that gives it.",
    )
    speed: float | str | None = Field(None, description="Its speed, or the parameter that gives it.")
    history: int = Field(
        0,
        ge=0,
        description="Number of first times that a query brings as measured, for the kinds that roll out to go on "
        "from; candidates are then evaluated by the times after them.",
    )
    horizon: int | None = Field(
        None,
        ge=1,
        description="Times to forecast after the history: runs are cut into windows of both, so that even a single "
        "long run can be learned from; whole runs if left out.",
    )

    @model_validator(mode="after")
    def _horizon_follows_a_history(self) -> Time:
        if self.horizon is not None and self.history == 0:
            raise ValueError("'horizon' needs a 'history' to go on from")
        return self

    @model_validator(mode="after")
    def _periods_have_their_own_keys(self) -> Time:
        if (self.length is None) != (self.speed is None):
            raise ValueError("a Strouhal number needs both 'length' and 'speed'")
        if self.length is not None and self.rule != "periodic":
            raise ValueError("'length' and 'speed' are for the rule 'periodic'")
        if self.start is not None and self.rule not in CYCLES:
            raise ValueError("'start' is for the rules 'periodic' and 'mean'")
        if self.history and self.rule in CYCLES:
            raise ValueError(
                f"a study with a 'history' forecasts, which the rule '{self.rule}' leaves no times for"
            )
        return self

    def added(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What is added to the name of each field to name those made of it, and the names of the scalars added."""
        if self.rule == "mean":
            return (RMS,), ()
        if self.rule == "periodic":
            return (MEAN, RMS), (PERIOD, *((STROUHAL,) if self.length is not None else ()))
        return (), ()


class MeshSection(Section):
    """What happens to runs on other meshes."""

    rule: Literal["same", "map", "follow", "morph"] = Field(
        "same",
        description="`same`: they are rejected, but another numbering of the same mesh is recognised and undone; "
        "`map`: fields are interpolated linearly to the study's mesh, the error measured and reported; `follow`: "
        "geometries that differ, meshed with one connectivity: fields are learned node by node, and the field "
        "`coordinates` beside them, so that answers have a mesh of their own; `morph`: likewise for plane meshes of "
        "one topology and any connectivity, which are morphed onto the study's, the loss measured and reported.",
    )
    unit: str | None = Field(None, description="Unit of the coordinates, where these are learned.")
    tolerance: float = Field(
        1e-6, ge=0, description="Nodes closer than this share of the mesh's diagonal are one and the same."
    )
    reference: Path | None = Field(
        None,
        description="A result file whose mesh is the study's; that of the first accepted run if left out.",
    )
    grid: tuple[int, ...] | None = Field(
        None, description="Numbers of points of a regular grid over the reference, to map everything to."
    )
    largest_error: float = Field(
        0.1,
        gt=0,
        description="Error of mapping or morphing, as a share of the field, from which on a run is rejected.",
    )

    @property
    def follows(self) -> bool:
        """Whether the coordinates of each run are learned."""
        return self.rule in ("follow", "morph")

    @model_validator(mode="after")
    def _a_grid_does_not_move(self) -> Self:
        if self.follows and self.grid is not None:
            raise ValueError(f"a 'grid' is for rules that map, not for rule = \"{self.rule}\"")
        return self


class Geometry(Section):
    """Runs whose shape varies: the fields on a regular grid from the signed distance to the body."""

    field: str = Field(
        description="Name of the signed distance in the files: from every point of a regular grid to the body's "
        "outline, negative inside, in the unit of the grid."
    )
    periodic: tuple[Literal["x", "y", "z"], ...] = Field(
        (),
        description="Axes along which the flow repeats itself; a body that moves along them takes its flow along.",
    )
    mirror: tuple[Literal["x", "y", "z"], ...] = Field(
        (),
        description="Axes along which the equations allow a mirror: the flow past the mirrored body is the mirrored "
        "flow. Shapes are then learned both ways round.",
    )


class Validation(Section):
    """How candidates are evaluated and bands calibrated."""

    folds: int = Field(
        8,
        ge=2,
        description="Folds of the cross-validation, grouped by run. Models of folds learn from fewer runs, so bands "
        "are rather wide where every run counts; 16 folds bring them nearer to nominal in twice the time.",
    )
    coverage: float = Field(0.9, gt=0, lt=1, description="Share of true values that the bands must cover.")
    metric: FieldMetric = Field(
        "fluctuation_l2",
        description="What candidates are compared by, averaged over runs and fields: `relative_l2` is the error's "
        "norm over the field's; `fluctuation_l2` is it over the norm of the field's deviation from the mean of "
        "the training runs, which a constant offset (293 K) does not flatter.",
    )
    test_size: float = Field(
        0,
        ge=0,
        description="Size of the test set, the runs kept from all training and selection, drawn by the seed before "
        "anything else: a number of runs (16), or a share below 1 (0.2). The report says what the trained model's "
        "bands cover there, how wide they are, and the errors.",
    )
    per_field: bool = Field(
        True,
        description="Whether a further candidate, `per field`, is made of the best one for each field, where another "
        "than the best of all predicts a field better by more than the spread over runs. Not in forecasts.",
    )


class Promotion(PromotionLimits):
    """When the best candidate becomes the served champion."""

    max_error: dict[str, float] = Field(
        default_factory=dict,
        description="Largest error of held-out runs allowed: of a field, `stress`, the mean relative L2 error; of a "
        "quantity, `max(stress)` or `mean(U.x)`, the root mean square error over that of its true values.",
    )
    min_coverage: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Least share of held-out values that the bands of each field must cover. So few runs leave a "
        "range: the gate fails where all of it (90 %) lies below. The test set counts, where the study has one.",
    )
    min_domain_share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Least share of the present runs, the test set among them, that must lie inside the domain.",
    )
    allow_no_better: bool = Field(
        False,
        description="Promote even a model that predicts a field of held-out runs no better than the mean "
        "of the runs does.",
    )
    min_improvement: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share by which the error must be below the present champion's on the same runs: 0.05 is 5 %.",
    )
