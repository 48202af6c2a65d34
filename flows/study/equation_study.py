"""A study file that solves an equation instead of learning from runs alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from fieldwright.data.environment import home
from fieldwright.data.errors import StudyError
from fieldwright.flows.study.equation_sections import (
    MeasuredTable,
    ProblemPromotion,
    Range,
    ReferenceTable,
    SnapshotSection,
)
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.watching.listing import WatchedPlaces
from fieldwright.physics.equations.problem import Problem, Unknown
from fieldwright.physics.equations.problems import problem_named
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.settings import PinnConfig


class ProblemStudy(StudyFile):
    """A study of an equation: its residual in, a served solution out."""

    subject: ClassVar[str] = "an equation"

    problem: str = Field(
        description="The equation: the name of one in `physics/problems`, `burgers`, or an own one as "
        "`module:attribute`, with `module.py` beside the study file. The module is run as Python code."
    )
    coefficients: dict[str, float] = Field(
        default_factory=dict, description="Values of coefficients that differ from the equation's own."
    )
    varied: dict[str, Range] = Field(
        default_factory=dict,
        description="Coefficients that become inputs of the solution, with their ranges.",
    )
    estimated: dict[str, Range] = Field(
        default_factory=dict,
        description="Coefficients to be found from what is measured, with the ranges they are looked for in.",
    )
    units: dict[str, str] = Field(
        default_factory=dict, description="Units of coordinates and outputs, which equations do not state."
    )
    data_weight: float | None = Field(
        None,
        gt=0,
        description="The mean square misfit to all that is measured counts so many times as much as the mean square "
        "of the relative residual; it follows from the noise if left out.",
    )
    measurements: MeasuredTable | None = None
    reference: ReferenceTable | None = None
    snapshots: SnapshotSection | None = None
    candidates: tuple[PinnConfig, ...] = Field(
        (),
        description="The trainings to compare, in the order of `[[candidates]]`; the equation's own plan if left "
        "out, or the defaults where it has none.",
    )
    promotion: ProblemPromotion = ProblemPromotion.model_validate({})

    @property
    def limits(self) -> ProblemPromotion:
        """What `[promotion]` asks of a version."""
        return self.promotion

    @model_validator(mode="after")
    def _what_is_estimated_is_measured(self) -> ProblemStudy:
        if self.estimated and self.measurements is None and self.snapshots is None:
            raise ValueError("'estimated' needs `[measurements]` or `[snapshots]` to estimate from")
        if both := set(self.varied) & set(self.estimated):
            raise ValueError(f"a coefficient is either 'varied' or 'estimated': '{min(both)}' is both")
        if any(one.profile for one in self.candidates) and (self.varied or not self.estimated):
            raise ValueError(
                "`profile = true` needs coefficients that are 'estimated', and none that is 'varied'"
            )
        return self

    def check(self) -> None:
        """Raises FieldwrightError where the equation, its reference or its coefficients are wrong."""
        self.case().problem.check_reference()

    def case(self) -> EquationCase:
        """The equation as it is to be solved, without what is measured; runs the code of an own equation."""
        problem = problem_named(self.problem, self.path.parent)
        for section, names in (
            ("coefficients", self.coefficients),
            ("varied", self.varied),
            ("estimated", self.estimated),
        ):
            _refuse_unknown(section, names, tuple(problem.values), problem, self.path.name)
        _refuse_unknown(
            "units", self.units, (*problem.coordinates, *problem.outputs), problem, self.path.name
        )
        unknowns = tuple(self._set(unknown) for unknown in problem.unknowns)
        return EquationCase(
            replace(problem, unknowns=unknowns), tuple(self.varied), tuple(self.estimated), units=self.units
        )

    def trainings(self, problem: Problem) -> tuple[PinnConfig, ...]:
        """The candidates, or the equation's own plan where there are none."""
        return self.candidates or (PinnConfig() if problem.plan is None else PinnConfig.of(problem.plan),)

    def watched(self) -> WatchedPlaces:
        """The runs that it learns from, its tables, the module of an own equation, and the study file."""
        tables = [one.table for one in (self.measurements, self.reference) if one is not None]
        files = [self.path, *(self.beside(one) for one in tables)]
        if ":" in self.problem:
            files.append(self.beside(Path(f"{self.problem.partition(':')[0]}.py")))
        if self.snapshots is None:
            return WatchedPlaces(None, None, tuple(files))
        runs = Study.load(self.beside(self.snapshots.study)).watched()
        return WatchedPlaces(runs.folder, None, (*files, *runs.files))

    @property
    def checkpoints(self) -> Path:
        """The folder from which a broken pipeline goes on."""
        return home() / "checkpoints" / self.name

    def _set(self, unknown: Unknown) -> Unknown:
        """The coefficient with the value and the range that the study gives it."""
        limits = self.varied.get(unknown.name) or self.estimated.get(unknown.name) or Range.model_validate({})
        low = unknown.low if limits.minimum is None else limits.minimum
        high = unknown.high if limits.maximum is None else limits.maximum
        if not low < high:
            raise StudyError(
                f"'minimum' of the coefficient '{unknown.name}' must be below 'maximum'",
                f"{low:g} and {high:g}",
                "Correct the range",
            )
        value = self.coefficients.get(unknown.name, unknown.value)
        return replace(unknown, value=value, low=low, high=high)


def _refuse_unknown(section: str, names: Any, valid: tuple[str, ...], problem: Problem, file: str) -> None:
    for name in names:
        if name not in valid:
            raise StudyError(
                f"[{section}] of {file} must name what '{problem.name}' has ({', '.join(valid) or 'nothing'})",
                f"'{name}'",
                "Correct the name",
            )
