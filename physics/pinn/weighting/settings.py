"""How residuals are to be weighted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.pinn.equation_facts import EquationFacts


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Weighting:
    """How residuals are weighted while training; success is decided by the plain residual.

    balance: of the losses, "none", by "gradient_norm", or by the "tangent_kernel", as a running mean. every: steps of
    the first optimiser between two renewals; every round renews too. memory: share of the old in the running mean.
    causal: strictnesses one after the other, of equations in time; the next begins once all weights are near 1.
    slices: of the time. attention: rate at which single residuals gain weight, 0 for none. decay: of what they
    gained.
    """

    balance: Literal["none", "gradient_norm", "tangent_kernel"] = "none"
    every: int = Field(default=100, ge=1)
    memory: float = Field(default=0.9, ge=0.0, lt=1.0)
    causal: tuple[Annotated[float, Field(gt=0.0)], ...] = ()
    slices: int = Field(default=32, ge=2)
    attention: float = Field(default=0.0, ge=0.0)
    decay: float = Field(default=0.999, ge=0.0, lt=1.0)

    def check(self, problem: EquationFacts) -> None:
        """Raises FieldwrightError for causal weights of an equation without a time."""
        if self.causal and problem.time is None:
            raise FieldwrightError(
                "Causal weights must be of an equation with a time", f"'{problem.name}'", "Leave out 'causal'"
            )
