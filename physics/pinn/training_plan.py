"""How to train a physics-informed network: every switch in one place."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from fieldwright.physics.pinn.curriculum import Curriculum
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.optimisers.choice import Name
from fieldwright.physics.pinn.weighting.settings import Weighting

Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Sampling:
    """Collocation points, and how they change from round to round.

    points: at the start. kind: "fixed"; "even" is new ones; "rad" new ones of density |r|^power / mean + floor; "rar"
    those of before and `added` of them more, where the residual is largest. power, floor: of the density of "rad".
    added: share of the points that "rar" adds. candidates: for each point drawn.
    """

    points: int = Field(default=1000, ge=1)
    kind: Literal["fixed", "even", "rad", "rar"] = "rad"
    power: float = Field(default=1.0, ge=0.0)
    floor: float = Field(default=1.0, ge=0.0)
    added: float = Field(default=0.1, gt=0.0)
    candidates: int = Field(default=10, ge=1)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TrainingPlan:
    """How to train: the network, where residuals are taken, how they count, and the effort.

    first, first_steps: the optimiser that begins, for so many steps. first_rate: its rate, in rounds too. rounds: at
    most so many by the optimiser, with points and weights renewed before each. steps: of each round.
    look_every: steps of the first between two looks at the held-out points and two checkpoints.
    optimiser: "auto" picks by the size.
    tolerance: the relative residual on held-out points that is success, and ends the training.
    seconds: of the processor, all threads, from the call to the verdict of one network: the checks before, and what a
    broken run spent, count too. Steps end, also within a stage, when only the verdict's time is left; one evaluation
    of the residual or its Jacobian at most goes beyond. The first optimiser has a quarter at most, if rounds follow.
    Such a training repeats bit for bit only where all its stages fit.
    """

    architecture: Architecture = field(default_factory=Architecture)
    sampling: Sampling = field(default_factory=Sampling)
    weighting: Weighting = field(default_factory=Weighting)
    curriculum: Curriculum = field(default_factory=Curriculum)
    first: Literal["adam", "soap"] = "adam"
    first_steps: Count = 20
    first_rate: Annotated[float, Field(gt=0.0)] = 2e-3
    look_every: int = Field(default=500, ge=1)
    optimiser: Literal["auto"] | Name = "auto"
    rounds: Count = 6
    steps: int = Field(default=100, ge=1)
    tolerance: float = Field(default=1e-4, gt=0.0)
    seconds: float | None = Field(default=None, gt=0.0)
