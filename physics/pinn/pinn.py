"""Physics-informed training from an equation to an evaluated solution."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.checks.agreement import check_agreement
from fieldwright.physics.equations.checks.measured import check_measurements
from fieldwright.physics.equations.checks.start import check_start, check_used
from fieldwright.physics.equations.determinacy import check_determined
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.pinn.diagnosis import Finding, Verdict, findings
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.progress import Progress
from fieldwright.physics.pinn.training import Training
from fieldwright.physics.pinn.training_plan import TrainingPlan


@dataclass(frozen=True, eq=False)
class Pinn:
    """A trained network and how far it can be trusted.

    residual: relative root-mean-square residual on points that training never saw (1: no better than the lift alone),
    with the errors of soft conditions. findings: what became of the training, the verdict first, each with its sign
    and advice; only "converged" is success.
    error: a bound of the root-mean-square error, in the unit of the solution, where theory gives one (see `Problem`).
    optimiser, why: which optimiser the rounds used, for what reason.
    measured: the measurements with the weights by which they counted in the end.
    estimates: the coefficients that were to be estimated; history: (seconds, residual) after every stage.
    """

    network: SolutionNetwork
    residual: float
    findings: tuple[Finding, ...]
    error: float | None
    optimiser: str
    why: str
    estimates: dict[str, float]
    history: tuple[tuple[float, float], ...]
    measured: Measurements | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict "converged", or the gravest failure."""
        return self.findings[0].name

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Solution u (n, m) at inputs (n, d + p): coordinates, then the varied coefficients."""
        with torch.no_grad(), self.network.device:
            x = torch.as_tensor(np.ascontiguousarray(inputs, dtype=float))
            return self.network(x).cpu().numpy()


def train_pinn(
    problem: Problem,
    plan: TrainingPlan,
    seed: int,
    varied: Sequence[str] = (),
    estimated: Sequence[str] = (),
    measured: Measurements | None = None,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Path | None = None,
    device: str = "cpu",
) -> Pinn:
    """Solves an equation, over ranges of the coefficients `varied`, or for those to be `estimated` from measurements.

    The reference's residual is checked first, and that no condition lacks unless there are measurements. Training
    goes on, stage by stage, until the residual on held-out points is within the tolerance or the schedule is used
    up; the best stage is kept.
    progress: called after every stage. checkpoint: a file, written after every stage; where it is there, training
    goes on from it and ends as it would have without the break, bit for bit. device: torch's name, "cuda" for a GPU.
    Raises FieldwrightError when the reference fails, when conditions lack, when conditions, lift and reference
    contradict each other, when shapes or numbers of the equation or the measurements are wrong (see
    `checks`), when there is something to estimate but nothing measured, when the checkpoint is of another
    training or damaged, or when there is no such device.
    """
    begun = time.process_time()
    if estimated and measured is None:
        raise FieldwrightError(
            f"Measurements must be given to estimate {', '.join(estimated)}", "none", "Pass 'measured'"
        )
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise FieldwrightError("The device must be there", f"'{device}' without a GPU", "Use 'cpu'")
    for name in (*varied, *estimated):
        problem.unknown(name)
    if measured is not None:
        check_measurements(problem, measured, varied)
    problem.check_reference()
    network = SolutionNetwork(problem, plan.architecture, seed, varied, estimated).to(device)
    with torch.device(device):  # what equations make of constants lands there too
        check_agreement(network)
        training = Training(network, plan, seed, measured, begun)
        check_used(network, (*varied, *estimated))
        check_start(training.rows(training.points), training.rows(training.held_out))
        if measured is None:  # what is measured may stand for conditions
            with torch.device("cpu"):
                check_determined(problem, plan.architecture, varied, estimated)
        if checkpoint is not None and Path(checkpoint).exists():
            training.restore(Path(checkpoint))
        while not training.is_finished:
            state = training.advance()
            if checkpoint is not None:
                training.save(Path(checkpoint))
            if progress is not None:
                progress(state)
        network.assign(training.best_theta)
        diagnosis = findings(
            network,
            training.held_out,
            training.best,
            training.residual_at(training.points),
            plan.tolerance,
            training.scale,
            training.rows(training.points),
        )
    error = None
    if problem.stability is not None and not (problem.soft or varied or estimated):
        error = problem.stability(problem.values) * training.best * training.scale
    return Pinn(
        network,
        training.best,
        diagnosis,
        error,
        training.optimiser,
        training.why,
        network.estimates(),
        tuple(training.history),
        training.measured,
    )
