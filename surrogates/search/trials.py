"""The trials of a search: the defaults of every kind, then generations of drawn settings, halved fold by fold."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from fieldwright.data.errors import ModelError, StudyError
from fieldwright.surrogates.fields.settings import accepted_settings
from fieldwright.surrogates.regressors import KindConfig, kind_config, load_kinds
from fieldwright.surrogates.regressors.stack import StackConfig
from fieldwright.surrogates.search import sampling
from fieldwright.surrogates.search.settings import SearchSettings
from fieldwright.surrogates.search.trial import LEAST_RUNS, State, Trial, hopeless, is_behind
from fieldwright.surrogates.search.trial_evaluation import CandidateEvaluator
from fieldwright.surrogates.validation import metrics

GENERATION = 8
"""Trials that are drawn before any of them is evaluated, whatever the number of workers, so that the search does not
depend on it."""
IDLE = 5
"""Generations of nothing but earlier trials after which the search ends, as there is nothing left to try."""
STACK_SHARE = 0.5
"""Of the time left after the defaults, which a stack of them may take."""
CHEAP = 0.1
"""`cost` of a kind, in seconds, below which its defaults are evaluated to the end, whatever the time budget."""


def halved_after(folds: Sequence[np.ndarray]) -> list[int]:
    """Numbers of folds after which the worse half of a generation is given up: 1, 2, 4 ..., by at least eight runs.

    Successive halving (Jamieson and Talwalkar, AISTATS 2016), its resource being the folds.
    """
    seen = np.cumsum([len(held_out) for held_out in folds])
    steps = [2**i for i in range(int(math.log2(len(folds))) + 1)]
    return [step for step in steps if step < len(folds) and seen[step - 1] >= LEAST_RUNS]


class Trials:
    """The trials of a search so far, and the generation of further ones.

    done: in order. stacks: those of them that are stacks of others. spent: whether the time budget kept something
    from being tried. exhausted: whether all settings that can be drawn were.
    """

    def __init__(
        self,
        evaluator: CandidateEvaluator,
        held_out: Sequence[np.ndarray],
        settings: SearchSettings,
        kinds: Sequence[str],
        common: dict[str, Any],
        seed: int,
        on_trial: Callable[[Trial], None] | None = None,
        stacked: Callable[[Sequence[Trial]], StackConfig | None] | None = None,
    ) -> None:
        """evaluator: of candidates on a fold. held_out: (h,) indices of the runs that each fold holds out.

        stacked: makes a stack of trials, if it can; None for no stacks.
        """
        self.evaluator, self.held_out, self.settings, self.seed = evaluator, held_out, settings, seed
        self.kinds = sorted(kinds, key=lambda kind: (load_kinds().configs[kind].cost, kind))
        self.common, self.on_trial, self.stacked = common, on_trial, stacked
        self.done: list[Trial] = []
        self.stacks: list[Trial] = []
        self.spent = self.exhausted = False
        self.deadline = time.monotonic() + settings.seconds

    @property
    def best(self) -> Trial | None:
        """The complete trial of least error that is no stack of others, the earlier of equals."""
        return self._least(trial for trial in self.done if trial not in self.stacks)

    @property
    def best_stack(self) -> Trial | None:
        """The complete stack of least error."""
        return self._least(self.stacks)

    @staticmethod
    def _least(trials: Iterable[Trial]) -> Trial | None:
        complete = (trial for trial in trials if trial.state == "complete")
        return min(complete, key=lambda trial: (trial.score, trial.number), default=None)

    @property
    def late(self) -> bool:
        """Whether the time budget is spent; one trial is always evaluated to the end, however long it takes."""
        return time.monotonic() > self.deadline and self.best is not None

    @property
    def untried(self) -> tuple[str, ...]:
        """Kinds whose defaults the time budget kept from being evaluated."""
        tried = {trial.config.kind for trial in self.done if not trial.drawn and trial.state != "unfinished"}
        return tuple(kind for kind in self.kinds if kind not in tried) if self.spent else ()

    def run(self) -> list[Trial]:
        """All trials: the defaults of every kind, a stack of them, drawn settings, a stack of the best.

        Raises ModelError if no default could be evaluated.
        """
        sampling.quiet()
        self._try_defaults()
        if self.best is None:
            reasons = "; ".join(sorted({trial.why for trial in self.done if trial.why}))
            raise ModelError(
                "The defaults of at least one kind must be evaluated on every fold",
                reasons or "none was",
                "Name other 'kinds' in [search], or correct the reasons given",
            )
        self._try_stack(share=STACK_SHARE)
        kinds = self._promising()
        if not kinds:
            self.exhausted = True
            return self.done
        self._draw(kinds)
        self._try_stack(share=1.0)
        return self.done

    def _draw(self, kinds: list[str]) -> None:
        """Trials with drawn settings of these kinds."""
        if self.settings.method == "cmaes":
            # CMA-ES moves through numbers only: it goes on within the best kind.
            kinds = kinds[:1]
        sampler = sampling.sampler_for(self.settings.method, self.seed, len(kinds))
        study = optuna.create_study(sampler=sampler)
        for kind in kinds:
            self._enqueue(study, kinds, kind, sampling.defaults(kind))
        until = self.settings.trials
        if self.settings.method == "grid":
            points = [(kind, point) for kind in kinds for point in sampling.grid(kind)]
            for index in np.random.default_rng(self.seed).permutation(len(points)):
                self._enqueue(study, kinds, *points[index])
            until = min(until, len(self.done) + len(points))
        self._generations(study, kinds, until)

    def evaluate(
        self, configs: Sequence[KindConfig], *, drawn: bool = False, to_the_end: bool = False
    ) -> list[Trial]:
        """Evaluate candidates together, fold by fold, and append their trials to `done`.

        drawn: the worse half is given up after some folds. to_the_end: neither time nor errors end them.
        """
        n = sum(len(held_out) for held_out in self.held_out)
        errors = np.full((len(configs), n), np.nan)
        states: list[State] = ["unfinished"] * len(configs)
        seconds, why = np.zeros(len(configs)), [""] * len(configs)
        prune = self.settings.prune and not to_the_end
        halved = halved_after(self.held_out) if prune and drawn else []
        alive = list(range(len(configs)))
        seen: list[int] = []
        for fold, held_out in enumerate(self.held_out):
            if not alive:
                break
            if self.late and not to_the_end:
                self.spent = True
                break
            results = self.evaluator(fold, [configs[index] for index in alive])
            seen.extend(held_out.tolist())
            for index, result in zip(list(alive), results, strict=True):
                seconds[index] += result.seconds
                if result.errors is None:
                    states[index], why[index] = "failed", result.why
                    alive.remove(index)
                else:
                    errors[index, held_out] = result.errors
            if fold + 1 == len(self.held_out):
                for index in alive:
                    states[index] = "complete"
            elif prune:
                going_on = self._going_on(errors, alive, seen, halve=fold + 1 in halved)
                for index in set(alive) - set(going_on):
                    states[index] = "pruned"
                alive = going_on
        trials = []
        for index, config in enumerate(configs):
            trial = Trial(
                len(self.done), config, errors[index], states[index], float(seconds[index]), why[index], drawn
            )
            self.done.append(trial)
            trials.append(trial)
            if self.on_trial is not None:
                self.on_trial(trial)
        return trials

    def _going_on(self, errors: np.ndarray, alive: list[int], seen: list[int], *, halve: bool) -> list[int]:
        """Those of the rows `alive` of errors (m, n) that are worth a further fold, in their order."""
        best = self.best
        if best is not None:
            alive = [index for index in alive if not hopeless(errors[index, seen], best.errors[seen])]
        if not halve:
            return alive
        ranked = sorted(alive, key=lambda index: (errors[index, seen].mean(), index))
        return sorted(ranked[: (len(alive) + 1) // 2])

    def _try_defaults(self) -> None:
        """The defaults of all kinds in the order of their cost: cheap ones to the end, the others as time allows."""
        settings = self.kinds[: self.settings.trials]
        configs = [load_kinds().configs[kind] for kind in settings]
        defaults = [
            kind_config({"kind": kind} | accepted_settings(config, self.common))
            for kind, config in zip(settings, configs, strict=True)
        ]
        cheap = sum(config.cost < CHEAP for config in configs)
        self.evaluate(defaults[:cheap], to_the_end=True)
        for default in defaults[cheap:]:
            if self.late:
                self.spent = True
                return
            self.evaluate([default])

    def _try_stack(self, share: float) -> None:
        """A stack of the best trials, unless it was tried or would take more than this share of the time left."""
        best, config = self.best, self.stacked(self.done) if self.stacked is not None else None
        if best is None or config is None or best.score <= metrics.EXACT:
            return
        if any(trial.config == config for trial in self.done):
            return
        members = [dict(member) for member in config.members]
        seconds = sum(trial.seconds for trial in self.done if trial.config.model_dump() in members)
        if (1 + config.folds) * seconds > share * (self.deadline - time.monotonic()):
            self.spent = True
            return
        self.stacks += self.evaluate([config])

    def _promising(self) -> list[str]:
        """Kinds with settings to draw whose defaults are not hopelessly behind the best, best first."""
        best = self.best
        assert best is not None
        of_kinds = [trial for trial in self.done if trial not in self.stacks]
        ranked = sorted(of_kinds, key=lambda trial: (trial.score_beside(best), trial.number))
        kinds = []
        for trial in ranked:
            there = np.isfinite(trial.errors)
            behind = self.settings.prune and is_behind(trial.errors[there], best.errors[there])
            if trial.state in ("complete", "pruned") and not behind and type(trial.config).space:
                kinds.append(trial.config.kind)
        return kinds

    def _enqueue(
        self, study: optuna.Study, kinds: Sequence[str], kind: str, parameters: dict[str, Any]
    ) -> None:
        study.enqueue_trial(({"kind": kind} if len(kinds) > 1 else {}) | parameters)

    def _generations(self, study: optuna.Study, kinds: Sequence[str], until: int) -> None:
        idle = 0
        while len(self.done) < until and idle < IDLE:
            if self.late:
                self.spent = True
                return
            asks, configs = [], []
            for _ in range(min(GENERATION, until - len(self.done))):
                ask = study.ask()
                try:
                    config = sampling.suggested(ask, kinds, self.common)
                except StudyError:
                    study.tell(ask, state=TrialState.FAIL)
                    continue
                earlier = next((trial for trial in self.done if trial.config == config), None)
                if earlier is not None:
                    self._tell(study, ask, earlier)
                elif config in configs:
                    study.tell(ask, state=TrialState.FAIL)
                else:
                    configs.append(config)
                    asks.append(ask)
            idle = 0 if asks else idle + 1
            for ask, trial in zip(asks, self.evaluate(configs, drawn=True), strict=True):
                self._tell(study, ask, trial)
        self.exhausted = idle == IDLE

    def _tell(self, study: optuna.Study, ask: optuna.Trial, trial: Trial) -> None:
        best = self.best
        score = trial.score if best is None else trial.score_beside(best)
        if trial.state in ("complete", "pruned") and np.isfinite(score):
            study.tell(ask, score)
        else:
            study.tell(ask, state=TrialState.FAIL)
