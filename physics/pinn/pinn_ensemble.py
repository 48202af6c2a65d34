"""Several trainings of one equation from different seeds: their spread says what training left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.pinn.pinn import Pinn, train
from fieldwright.physics.pinn.training_plan import TrainingPlan


@dataclass(frozen=True, eq=False)
class PinnEnsemble:
    """Solutions from different seeds; those that failed are kept to be told of, and take no part in answers.

    Raises FieldwrightError when fewer than two converged: a failure is no answer, and one alone has no spread.
    """

    members: tuple[Pinn, ...]

    def __post_init__(self) -> None:
        if len(self.converged) < 2:
            verdicts = ", ".join(member.verdict for member in self.members)
            advice = next(
                (m.findings[0].advice for m in self.members if m.verdict != "converged"), "Add seeds"
            )
            raise FieldwrightError("Two members of an ensemble at least must converge", verdicts, advice)

    @property
    def converged(self) -> tuple[Pinn, ...]:
        """The members that answer."""
        return tuple(member for member in self.members if member.verdict == "converged")

    def predict(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (n, m), (n, m) of u at inputs (n, d + p), in its unit.

        Source: Lakshminarayanan, Pritzel and Blundell, Deep Ensembles, NeurIPS 2017. The spread is that of training
        and start alone: an error that all members share it cannot show.
        """
        values = np.stack([member.predict(inputs) for member in self.converged])
        return values.mean(axis=0), values.std(axis=0, ddof=1)


def train_ensemble(
    problem: Problem, plan: TrainingPlan, seeds: Sequence[int], folder: Path | None = None, **options: Any
) -> PinnEnsemble:
    """Trains one member for each seed; folder: for their checkpoints; options: further ones of `train`."""
    members = []
    for seed in seeds:
        checkpoint = None if folder is None else Path(folder) / f"member_{seed}.safetensors"
        members.append(train(problem, plan, seed, checkpoint=checkpoint, **options))
    return PinnEnsemble(tuple(members))
