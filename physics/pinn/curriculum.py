"""From easy to hard: shorter times, slower waves and kinder coefficients first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.pinn.equation_facts import EquationFacts


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Curriculum:
    """What grows with the parts of a training, from part 1 to the last, where the equation is whole.

    parts: of the training; 1 is none. marching: in part k of n only points of the first k / n of the time count
    (growing windows). waves: the network sees the slowest k / n of its Fourier features. coefficients: values to
    start from, which go to those of the equation in even steps, of their logarithm where both are positive.

    Source: windows: Wight and Zhao, Commun. Comput. Phys. 29 (2021) 930; coefficients: Krishnapriyan et al., NeurIPS
    2021; waves: Park et al., Nerfies, ICCV 2021.
    """

    parts: int = Field(default=1, ge=1)
    marching: bool = False
    waves: bool = False
    coefficients: Mapping[str, float] = field(default_factory=dict)

    def check(self, problem: EquationFacts) -> None:
        """Raises FieldwrightError for windows without a time, or coefficients that the equation has not."""
        if self.marching and problem.time is None:
            raise FieldwrightError(
                "Time marching must be of an equation with a time",
                f"'{problem.name}'",
                "Leave out 'marching'",
            )
        for name in self.coefficients:
            problem.unknown(name)

    def end(self, problem: EquationFacts, part: int) -> float:
        """The last time of the window of a part."""
        low, high = problem.bounds
        share = part / self.parts if self.marching else 1.0
        return float(low[-1] + share * (high[-1] - low[-1]))

    def revealed(self, part: int) -> float:
        """The part of the Fourier features seen."""
        return part / self.parts if self.waves else 1.0

    def eased(self, problem: EquationFacts, part: int) -> dict[str, float]:
        """The coefficients that differ from the equation's in this part; none in the last."""
        if part == self.parts:
            return {}
        share = (part - 1) / (self.parts - 1)
        eased = {}
        for name, start in self.coefficients.items():
            end = problem.values[name]
            if start > 0 and end > 0:
                eased[name] = float(np.exp((1 - share) * np.log(start) + share * np.log(end)))
            else:
                eased[name] = (1 - share) * start + share * end
        return eased
