"""A training in progress: the stages of its schedule, each evaluated, and the state that the next one needs."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.pinn.checkpoint import read_checkpoint, write_checkpoint
from fieldwright.physics.pinn.collocation import drawn_by_residual, with_worst_points
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.noise_weights import weighed_by_noise
from fieldwright.physics.pinn.optimisers.choice import Name, optimiser_for
from fieldwright.physics.pinn.optimisers.descents import Descents
from fieldwright.physics.pinn.optimisers.minimise import minimise
from fieldwright.physics.pinn.progress import Progress
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.physics.pinn.schedule import TrainingStage, stages_of
from fieldwright.physics.pinn.training_identity import training_identity
from fieldwright.physics.pinn.training_plan import TrainingPlan
from fieldwright.physics.pinn.weighting.weighted_rows import WeightedRows
from fieldwright.physics.pinn.weighting.weights import RunningWeights

HELD_OUT = 4000
FIRST_SHARE = 0.25
"""Of a limit of seconds: the first optimiser ends there, as rounds gain far more in the same time."""
REWEIGHED = 3
"""Rounds after which measurements are weighed anew by their noise; then the weights stay, so that stages compare."""
EVALUATIONS = 3
"""Residuals on the held-out points that a limit of seconds leaves time for: the last stage's, and the verdict's."""


class Training:
    """A network on its way through a plan's schedule; `advance` does the next stage, until `is_finished`."""

    def __init__(
        self,
        network: SolutionNetwork,
        plan: TrainingPlan,
        seed: int,
        measured: Measurements | None,
        begun: float | None = None,
    ) -> None:
        """begun: `time.process_time()` from which seconds count; now if left out."""
        self._begun, self._earlier = time.process_time() if begun is None else begun, 0.0
        plan.curriculum.check(network.problem)
        plan.weighting.check(network.problem)
        self.network, self._plan = network, plan
        self._given, self.measured = measured, measured
        self._rng = np.random.default_rng(seed)
        self.held_out = network.inputs(HELD_OUT, self._rng)
        with torch.device("cpu"):
            self.scale = network.problem.scale(self.held_out[:, : len(network.problem.coordinates)])
        self.points = network.inputs(plan.sampling.points, self._rng)
        self.history: list[tuple[float, float]] = []
        self.best, self.best_theta = float("inf"), network.flat()
        self._best_score = float("inf")
        self._weights = RunningWeights(plan.weighting, network.problem)
        self._descents = Descents(list(network.weights), plan.first_rate)
        self._damping: float | None = None
        self._finished, self._steps = 0, 0
        self._schedule = stages_of(plan)
        self._identity = training_identity(network, plan, seed, measured)
        self._seconds: dict[bool, list[float]] = {True: [], False: []}  # a step's, of both kinds of stages

        self._reserve = 0.0
        if plan.seconds is not None:
            before = time.process_time()
            self.residual_at(self.held_out)
            self._reserve = min(EVALUATIONS * (time.process_time() - before), plan.seconds / 2)
        rows = self.rows(self.points)
        self.optimiser: Name
        if plan.optimiser == "auto":
            self.optimiser, self.why = optimiser_for(len(network.flat()), len(rows(network.flat())))
        else:
            self.optimiser, self.why = plan.optimiser, "the plan names it"

    @property
    def is_finished(self) -> bool:
        """Whether schedule or seconds are used up, or the residual within the tolerance in the last part."""
        if self._finished == len(self._schedule):
            return True
        if self.history and self._out_of_time():
            return True
        coming = self._schedule[self._finished]
        is_last_part = coming.part == self._plan.curriculum.parts
        return is_last_part and not coming.first and self.best <= self._plan.tolerance

    def rows(self, points: np.ndarray) -> ResidualRows:
        """The residuals at these points, with the conditions and the measurements."""
        return ResidualRows(self.network, points, self.scale, self.measured)

    def residual_at(self, points: np.ndarray) -> float:
        """Relative root mean square of the residual at points, with the errors of soft conditions."""
        rows = ResidualRows(self.network, points, self.scale)
        return float(np.sqrt(np.mean(rows.sizes() ** 2) + rows.condition_error() ** 2))

    def advance(self) -> Progress:
        """Runs the next stage and evaluates it."""
        begun = time.process_time()
        while self._schedule[self._finished].first and self._first_is_over() and self._more_than_first():
            self._finished += 1
        stage = self._schedule[self._finished]
        self._enter(stage)
        rows = self.rows(self.points)
        if stage.first:
            self._descend(rows, stage.steps, self._plan.first)
        elif self.optimiser in ("adam", "soap"):
            self._descend(rows, stage.steps, self.optimiser)
        else:
            self._minimise(rows, stage.steps)
        losses = {
            name: float(p.detach().square().sum()) for name, p in rows.terms(self.network.flat()).items()
        }
        self._leave()
        residual = self.residual_at(self.held_out)
        # Coefficients to be estimated follow from the measurements: a stage that forgets them is not better.
        misfit = sum(loss for name, loss in losses.items() if name.startswith("measurement"))
        score = float(np.hypot(residual, misfit**0.5))
        if score < self._best_score:
            self.best, self._best_score, self.best_theta = residual, score, self.network.flat()
        elif not np.isfinite(residual):  # go on from what was best
            self.network.assign(self.best_theta)
            self._descents.forget()
            self._damping = None
        if not stage.first:
            self._resample()
        self._finished += 1
        self._seconds[stage.first].append((time.process_time() - begun) / stage.steps)
        total = self._elapsed()
        self.history.append((total, residual))
        self._reweigh()
        n_steps = sum(one.steps for one in self._schedule[: self._finished])
        most = sum(one.steps for one in self._schedule)
        return Progress(stage.name, residual, losses, total, self._seconds_left(), n_steps, most)

    def _reweigh(self) -> None:
        """Lets the measurements count by their noise after the first rounds, as far as it is known by then."""
        rounds = sum(not stage.first for stage in self._schedule[: self._finished])
        if self._given is None or self._given.weight is not None or not 1 <= rounds <= REWEIGHED:
            return
        if not self.is_finished:
            self.measured = weighed_by_noise(self.network, self._given, self._plan.tolerance)
            self._best_score = float("inf")  # what counted by other weights cannot be compared

    def _enter(self, stage: TrainingStage) -> None:
        curriculum, problem = self._plan.curriculum, self.network.problem
        if self._finished and self._schedule[self._finished - 1].part != stage.part:
            self._weights.forget_points()
            self.points = self._candidates(self._plan.sampling.points, stage.part)
        elif not self._finished and curriculum.marching:
            self.points = self._candidates(self._plan.sampling.points, stage.part)
        self.network.eased = curriculum.eased(problem, stage.part)
        self.network.embedding.reveal(curriculum.revealed(stage.part))

    def _leave(self) -> None:
        """Restores the full equation and network for the evaluation."""
        self.network.eased = {}
        self.network.embedding.reveal(1.0)

    def _descend(self, rows: ResidualRows, steps: int, name: str) -> None:
        """Steps of Adam or SOAP along single gradients, with weights renewed as they go."""
        network, optimiser = self.network, self._descents[name]
        first = self._schedule[self._finished].first
        for _ in range(steps):
            if self._out_of_time() or (first and self._first_is_over()):
                break
            if self._steps % self._plan.weighting.every == 0:
                self._weights.renew_balance(rows, network.flat())
            terms = rows.terms(parameters_to_vector(network.weights))
            weights = self._weights.of(rows, terms)
            loss = (weights * torch.cat(list(terms.values())).square()).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            self._steps += 1

    def _minimise(self, rows: ResidualRows, steps: int) -> None:
        theta = self.network.flat()
        self._weights.renew_balance(rows, theta)
        weighted = WeightedRows(rows, self._weights.of(rows, rows.terms(theta)))
        minimum = minimise(self.optimiser, weighted, theta, steps, self._damping, self._out_of_time)
        self.network.assign(minimum.theta)
        self._damping = minimum.damping or None

    def _candidates(self, n: int, part: int) -> np.ndarray:
        """Even inputs (n of them), of the part's window of time."""
        inputs = self.network.inputs(n, self._rng)
        if self._plan.curriculum.marching:
            low, high = self.network.problem.bounds
            time = len(low) - 1
            share = (self._plan.curriculum.end(self.network.problem, part) - low[-1]) / (high[-1] - low[-1])
            inputs[:, time] = low[-1] + share * (inputs[:, time] - low[-1])
        return inputs

    def _resample(self) -> None:
        sampling = self._plan.sampling
        if sampling.kind == "fixed":
            return
        self._weights.forget_points()
        part = self._schedule[self._finished].part
        if sampling.kind == "even":
            self.points = self._candidates(sampling.points, part)
            return
        candidates = self._candidates(sampling.candidates * sampling.points, part)
        sizes = ResidualRows(self.network, candidates, self.scale).sizes()
        finite = np.isfinite(sizes)  # a loss with any other point would have no slope
        candidates, sizes = candidates[finite], sizes[finite]
        if len(sizes) < sampling.points:
            return
        if sampling.kind == "rad":
            self.points = drawn_by_residual(
                candidates, sizes, sampling.points, sampling.power, sampling.floor, self._rng
            )
        else:
            added = max(1, round(sampling.added * sampling.points))
            self.points = with_worst_points(self.points, candidates, sizes, added)

    def _elapsed(self) -> float:
        """Seconds of the processor since the training was begun, those before a break with them."""
        return self._earlier + time.process_time() - self._begun

    def _out_of_time(self) -> bool:
        """Whether only the time for the evaluation is left."""
        seconds = self._plan.seconds
        return seconds is not None and self._elapsed() >= seconds - self._reserve

    def _first_is_over(self) -> bool:
        """Whether the first optimiser has had its share of the seconds, where rounds are to follow."""
        seconds, coming = self._plan.seconds, self._schedule[self._finished]
        if seconds is None or not self._plan.rounds:
            return False
        share = FIRST_SHARE * coming.part / self._plan.curriculum.parts
        return self._elapsed() >= share * seconds

    def _more_than_first(self) -> bool:
        """Whether another stage follows the coming one."""
        return self._finished + 1 < len(self._schedule)

    def _seconds_left(self) -> float | None:
        limit = None if self._plan.seconds is None else max(0.0, self._plan.seconds - self._elapsed())
        remaining = self._by_schedule()
        return limit if remaining is None else remaining if limit is None else min(remaining, limit)

    def _by_schedule(self) -> float | None:
        seconds = 0.0
        for stage in self._schedule[self._finished :]:
            if not self._seconds[stage.first]:
                return None
            seconds += stage.steps * float(np.mean(self._seconds[stage.first]))
        return seconds

    def save(self, path: Path) -> None:
        """Writes everything that the stages to come depend on."""
        weighting, attention = self._weights.state()
        values = {
            "identity": self._identity,
            "finished": self._finished,
            "steps": self._steps,
            "best": [self.best, self._best_score],
            "damping": self._damping,
            "data weights": None if self.measured is None else self.measured.weights.tolist(),
            "history": self.history,
            "seconds": [self._seconds[True], self._seconds[False]],
            "rng": self._rng.bit_generator.state,
            "weighting": weighting,
        }
        arrays = {f"network.{name}": value for name, value in self.network.state().items()}
        arrays |= (
            {"points": self.points, "best_theta": self.best_theta.cpu().numpy()}
            | attention
            | self._descents.state()
        )
        write_checkpoint(path, values, arrays)

    def restore(self, path: Path) -> None:
        """Takes what `save` wrote; raises FieldwrightError when it was of another training."""
        values, arrays = read_checkpoint(path)
        if values["identity"] != self._identity:
            raise FieldwrightError(
                "A checkpoint must be of the same equation, plan, seed and measurements",
                f"'{path}', which is of others",
                "Give another path, or delete the file",
            )
        device = self.network.device
        self.network.restore(
            {name.removeprefix("network."): a for name, a in arrays.items() if name.startswith("network.")}
        )
        self.points = arrays["points"]
        if self.measured is not None:
            self.measured = replace(self.measured, weight=tuple(values["data weights"]))
        self.best, self._best_score = values["best"]
        self.best_theta = torch.as_tensor(arrays["best_theta"], device=device)
        self._finished, self._steps, self._damping = values["finished"], values["steps"], values["damping"]
        self.history = [(seconds, residual) for seconds, residual in values["history"]]
        self._earlier = self.history[-1][0] if self.history else 0.0
        self._seconds = {True: values["seconds"][0], False: values["seconds"][1]}
        self._rng.bit_generator.state = values["rng"]
        self._weights.restore(values["weighting"], arrays, device)
        self._descents.restore(arrays)
