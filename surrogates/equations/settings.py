"""The settings of the kind `pinn`: those of the training plan, and how many networks."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from fieldwright.physics.pinn.training_plan import TrainingPlan


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PinnConfig(TrainingPlan):
    """A physics-informed network, or several of different seeds.

    members: Networks, trained one after the other from seeds that follow that of the study; their spread is the
    standard deviation of an answer, which one alone has not. device: Where it is trained, "cuda" for a GPU.
    profile: Give each estimated coefficient an interval of 95 % by profile likelihood, which holds
    also where the standard error does not; each takes up to 24 re-optimisations.
    """

    kind: Literal["pinn"] = "pinn"
    members: int = Field(default=1, ge=1)
    device: Literal["cpu", "cuda"] = "cpu"
    profile: bool = False

    @classmethod
    def of(cls, plan: TrainingPlan) -> PinnConfig:
        """One network, trained by a plan."""
        return cls(**{one.name: getattr(plan, one.name) for one in fields(TrainingPlan)})

    @property
    def plan(self) -> TrainingPlan:
        """How each network is trained."""
        return TrainingPlan(**{one.name: getattr(self, one.name) for one in fields(TrainingPlan)})

    def model_dump(self) -> dict[str, Any]:
        """All settings as plain JSON types, as other kinds give theirs."""
        return TypeAdapter(PinnConfig).dump_python(self, mode="json")
