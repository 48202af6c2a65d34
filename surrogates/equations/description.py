"""What the solution of an equation says of itself."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from fieldwright.surrogates.fields.description import ParameterInfo


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class OutputInfo(_Frozen):
    """One component of the solution and its unit."""

    name: str
    unit: str = ""


class FindingInfo(_Frozen):
    """One thing found of a training: "converged" or a failure, the sign it is known by, and what to do."""

    name: str
    sign: str
    advice: str


class Verdict(_Frozen):
    """What became of one candidate of the study: its held-out residual, and what was found, the verdict first."""

    candidate: str
    residual: float
    findings: tuple[FindingInfo, ...]

    @property
    def name(self) -> str:
        """Return "converged", or the failure that weighs most."""
        return self.findings[0].name

    @property
    def converged(self) -> bool:
        """Whether it may be called a success."""
        return self.name == "converged"


class ParameterAccuracy(_Frozen):
    """How good the solution is at one set of parameters.

    residual: relative, over the domain. errors: the largest estimated error of each output, in its unit. left: share
    of the residual that the estimate leaves out; near 1 it tells nothing.
    """

    parameters: dict[str, float]
    residual: float
    errors: dict[str, float]
    left: float


class SolutionDescription(_Frozen):
    """All that a user of a solution should know before asking it.

    equation: its name. coordinates: with the ranges of the domain. parameters: the coefficients that are inputs.
    coefficients: those that are fixed. estimates: those that were found from measurements.
    estimate_stds: their standard errors, from the noise that the misfit shows and the spread of the networks.
    estimate_intervals: their intervals of 95 % by profile likelihood, where asked for; an end is None that is open.
    verdict: of the candidate that answers; tried: of all candidates.
    tolerance: the relative residual on held-out points that was asked for.
    error_bound: of the root-mean-square error over the domain, in the unit of the solution, where theory gives one.
    errors: relative L2 distance of each output from the equation's reference, where it has one.
    accuracy: residual and estimated error, by sets of parameters on a grid of their ranges.
    members: how many networks answer. measured: how many measured values were trained on.
    notes: sentences for the user.
    """

    name: str
    equation: str
    kind: str = "pinn"
    coordinates: tuple[ParameterInfo, ...]
    parameters: tuple[ParameterInfo, ...]
    outputs: tuple[OutputInfo, ...]
    coefficients: dict[str, float]
    estimates: dict[str, float]
    verdict: Verdict
    tried: tuple[Verdict, ...] = ()
    tolerance: float
    error_bound: float | None
    errors: dict[str, float]
    accuracy: tuple[ParameterAccuracy, ...] = ()
    estimate_stds: dict[str, float] = {}
    estimate_intervals: dict[str, tuple[float | None, float | None]] = {}
    members: int
    measured: int
    seed: int
    settings: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the coordinates, then of the parameters."""
        return tuple(one.name for one in (*self.coordinates, *self.parameters))
