"""The stages that a plan makes a training of."""

from __future__ import annotations

from dataclasses import dataclass

from fieldwright.physics.pinn.training_plan import TrainingPlan


@dataclass(frozen=True)
class TrainingStage:
    """So many steps of the first optimiser, or a round of the second, in one part of the curriculum."""

    name: str
    steps: int
    part: int
    first: bool


def stages_of(plan: TrainingPlan) -> list[TrainingStage]:
    """The stages of a plan: in every part of the curriculum the first optimiser, then rounds, most of them last."""
    parts, stages = plan.curriculum.parts, []
    ends = [round(plan.first_steps * part / parts) for part in range(parts + 1)]
    name = {"adam": "Adam", "soap": "SOAP"}[plan.first]
    for part in range(1, parts + 1):
        n_steps = ends[part] - ends[part - 1]
        while n_steps:
            stages.append(TrainingStage(name, min(n_steps, plan.look_every), part, True))
            n_steps -= stages[-1].steps
        if part < parts and plan.rounds:
            stages.append(TrainingStage(f"part {part}", plan.steps, part, False))
    return stages + [TrainingStage(f"round {i + 1}", plan.steps, parts, False) for i in range(plan.rounds)]
