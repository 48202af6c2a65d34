"""Trials in generations of a few, evaluated fold by fold, the hopeless ones given up early."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import optuna
from optuna.trial import TrialState
from scipy.stats import wilcoxon

from fieldwright.data.errors import ModelError, StudyError
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.search import sampling
from fieldwright.surrogates.search.settings import SearchSettings
from fieldwright.surrogates.search.trial_evaluation import CandidateEvaluator

GENERATION = 4
"""Trials that are drawn before any of them is evaluated, whatever the number of workers, so that the search does not
depend on it."""
IDLE = 5
"""Generations of nothing but earlier trials after which the search ends, as there is nothing left to try."""
LEAST_RUNS = 8
DOUBT = 0.05

State = Literal["complete", "pruned", "failed", "unfinished"]


@dataclass(frozen=True, eq=False)
class Trial:
    """One candidate and the outcome of its evaluation.

    errors: (n,) of each run while it was held out; NaN where it was not evaluated. why: what ended a failed trial.
    """

    number: int
    config: KindConfig
    errors: np.ndarray
    state: State
    seconds: float
    why: str = ""

    @property
    def score(self) -> float:
        """Mean error over the evaluated runs; infinite for a failed trial."""
        finite = self.errors[np.isfinite(self.errors)]
        return float(finite.mean()) if self.state != "failed" and len(finite) else np.inf


def hopeless(errors: np.ndarray, best: np.ndarray) -> bool:
    """Whether errors of at least eight runs are significantly larger than those of the best trial for the same runs.

    Wilcoxon's signed-rank test of the ratios, one-sided, at 5 %; a test of the differences would depend on the worst
    runs alone.
    """
    if len(errors) < LEAST_RUNS:
        return False
    change = np.log(errors + np.finfo(float).tiny) - np.log(best + np.finfo(float).tiny)
    if not change.any() or errors.mean() <= best.mean():
        return False
    return bool(wilcoxon(change, alternative="greater").pvalue < DOUBT)  # pyright: ignore[reportAttributeAccessIssue]


class Trials:
    """The trials of a search so far, and the generation of further ones."""

    def __init__(
        self,
        evaluator: CandidateEvaluator,
        held_out: Sequence[np.ndarray],
        settings: SearchSettings,
        kinds: Sequence[str],
        common: dict[str, Any],
        seed: int,
        on_trial: Callable[[Trial], None] | None = None,
    ) -> None:
        """evaluator: of candidates on a fold. held_out: (h,) indices of the runs that each fold holds out."""
        self.evaluator, self.held_out, self.settings, self.seed = evaluator, held_out, settings, seed
        self.kinds, self.common = list(kinds), common
        self.on_trial = on_trial
        self.done: list[Trial] = []
        self.deadline = time.monotonic() + settings.seconds

    @property
    def best(self) -> Trial | None:
        """The complete trial of least error, the earlier of equals."""
        complete = [trial for trial in self.done if trial.state == "complete"]
        return min(complete, key=lambda trial: (trial.score, trial.number)) if complete else None

    @property
    def late(self) -> bool:
        """Whether the time budget is spent; one trial is always evaluated to the end, however long it takes."""
        return time.monotonic() > self.deadline and self.best is not None

    def run(self) -> list[Trial]:
        """All trials; the first are the defaults of every kind. Raises ModelError if none could be evaluated."""
        sampling.quiet()
        study = self._study(self.kinds)
        for kind in self.kinds:
            study.enqueue_trial({"kind": kind} | sampling.defaults(kind))
        first = min(len(self.kinds), self.settings.trials)
        self._generations(study, self.kinds, first)
        if self.settings.method == "grid":
            points = [{"kind": kind} | point for kind in self.kinds for point in sampling.grid(kind)]
            for index in np.random.default_rng(self.seed).permutation(len(points)):
                study.enqueue_trial(points[index])
            self._generations(study, self.kinds, min(self.settings.trials, first + len(points)))
        elif self.settings.method == "cmaes" and self.best is not None:
            # CMA-ES moves through numbers only: it goes on within the best kind.
            kind = str(getattr(self.best.config, "kind", ""))
            within = self._study([kind])
            within.enqueue_trial(sampling.defaults(kind))
            self._generations(within, [kind], self.settings.trials)
        else:
            self._generations(study, self.kinds, self.settings.trials)
        if self.best is None:
            reasons = "; ".join(sorted({trial.why for trial in self.done if trial.why}))
            raise ModelError(
                "At least one trial of the search must be evaluated on every fold",
                reasons or f"none in {self.settings.seconds:g} s",
                "Raise 'seconds' of [search], name fewer 'kinds', or correct the reasons given",
            )
        return self.done

    def _study(self, kinds: Sequence[str]) -> optuna.Study:
        sampler = sampling.sampler_for(self.settings.method, self.seed, len(kinds))
        return optuna.create_study(sampler=sampler)

    def _generations(self, study: optuna.Study, kinds: Sequence[str], until: int) -> None:
        idle = 0
        while len(self.done) < until and not self.late and idle < IDLE:
            asks, configs = [], []
            for _ in range(min(GENERATION, until - len(self.done))):
                ask = study.ask()
                try:
                    config = sampling.suggested(ask, kinds, self.common)
                except StudyError:
                    study.tell(ask, state=TrialState.FAIL)
                    continue
                earlier = next((trial for trial in self.done if trial.config == config), None)
                if earlier is not None and np.isfinite(earlier.score):
                    study.tell(ask, earlier.score)
                elif earlier is not None or config in configs:
                    study.tell(ask, state=TrialState.FAIL)
                else:
                    configs.append(config)
                    asks.append(ask)
            idle = 0 if asks else idle + 1
            for ask, trial in zip(asks, self.evaluate(configs), strict=True):
                if trial.state in ("complete", "pruned") and np.isfinite(trial.score):
                    study.tell(ask, trial.score)
                else:
                    study.tell(ask, state=TrialState.FAIL)

    def evaluate(self, configs: Sequence[KindConfig]) -> list[Trial]:
        """Evaluate candidates together, fold by fold, and append their trials to `done`."""
        n = sum(len(held_out) for held_out in self.held_out)
        errors = np.full((len(configs), n), np.nan)
        states: list[State] = ["unfinished"] * len(configs)
        seconds, why = np.zeros(len(configs)), [""] * len(configs)
        alive = list(range(len(configs)))
        evaluated_runs: list[int] = []
        for fold, held_out in enumerate(self.held_out):
            if not alive or self.late:
                break
            results = self.evaluator(fold, [configs[index] for index in alive])
            evaluated_runs.extend(held_out.tolist())
            for index, result in zip(list(alive), results, strict=True):
                seconds[index] += result.seconds
                if result.errors is None:
                    states[index], why[index] = "failed", result.why
                    alive.remove(index)
                    continue
                errors[index, held_out] = result.errors
                best = self.best
                more = fold + 1 < len(self.held_out)
                if (
                    self.settings.prune
                    and more
                    and best
                    and hopeless(errors[index, evaluated_runs], best.errors[evaluated_runs])
                ):
                    states[index] = "pruned"
                    alive.remove(index)
                elif not more:
                    states[index] = "complete"
        trials = []
        for index, config in enumerate(configs):
            trial = Trial(
                len(self.done), config, errors[index], states[index], float(seconds[index]), why[index]
            )
            self.done.append(trial)
            trials.append(trial)
            if self.on_trial is not None:
                self.on_trial(trial)
        return trials
