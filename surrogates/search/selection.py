"""The best candidate for given runs, and how much its choice reduces the error."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import ModelError, StudyError
from fieldwright.data.store.field_values import FieldValues, field_values
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.coordinates.training_views import training_views_of
from fieldwright.surrogates.fields.physics_hints import PhysicsHints
from fieldwright.surrogates.fields.preparation import VIEW, view
from fieldwright.surrogates.fields.settings import accepted_settings
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig, kind_config, load_kinds
from fieldwright.surrogates.regressors.stack import StackConfig
from fieldwright.surrogates.search.latent_fold import LatentFold, prepared_fold
from fieldwright.surrogates.search.outlook import Outlook
from fieldwright.surrogates.search.search_space import Choices
from fieldwright.surrogates.search.settings import SearchSettings
from fieldwright.surrogates.search.trial import Trial
from fieldwright.surrogates.search.trial_evaluation import candidate_evaluator
from fieldwright.surrogates.search.trials import Trials
from fieldwright.surrogates.validation.cross_validation import folds_by_place
from fieldwright.surrogates.validation.fold import carried_by

LEAST_STACKED_GAIN = 0.02
"""Share of the error that a stack must save to be worth its members."""
STACKED = 3
"""Kinds that are stacked at most: those of the best trials."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The result of a search.

    best: the trial of least error. second: the best one of another kind, or else the next one; None if there is no
    other. trials: all, in order. spent: whether the time budget ended the search. untried: kinds whose defaults it
    kept from being evaluated. outlook: what more trials would be worth.
    """

    best: Trial
    second: Trial | None
    trials: tuple[Trial, ...]
    spent: bool
    untried: tuple[str, ...]
    outlook: Outlook


@dataclass(frozen=True, eq=False)
class Worth:
    """Mean errors (repeats,) of the best trial and of the second best after training on other folds and seeds."""

    best: np.ndarray
    second: np.ndarray

    @property
    def gain(self) -> tuple[float, float]:
        """Mean and std over the repeats of 1 - best / second, the share by which the error is smaller."""
        share = 1.0 - self.best / self.second
        return float(share.mean()), float(share.std(ddof=1)) if len(share) > 1 else math.nan


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of a search, and how candidates are trained on them and compared.

    x: (n, p). targets: field to (n, [t,] points, components), or to its `TrainingViews`. metric: "fluctuation_l2" or
    "relative_l2". common: settings of every candidate, such as the scales that a study gives its parameters. weights:
    field to (points,) length, area or volume of each point or cell.
    """

    x: np.ndarray
    targets: Mapping[str, np.ndarray | FieldValues | TrainingViews]
    reductions: Mapping[str, ReductionConfig]
    metric: str
    common: Mapping[str, Any]
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    def held_out(self, folds: int, seed: int) -> list[np.ndarray]:
        """The rows (h,) that each fold of a seed holds out."""
        fold = folds_by_place(self.x, min(folds, len(self.x)), seed)
        return [np.flatnonzero(fold == index) for index in range(int(fold.max()) + 1)]

    def folds(
        self, configs: Sequence[KindConfig], folds: int, seed: int, executor: Executor = IN_PROCESS
    ) -> list[Any]:
        """The folds of a seed, prepared for every view of the configs, each a `LatentFold` kept by the executor."""
        views = {name: one for name, one in self.targets.items() if isinstance(one, TrainingViews)}
        if len(views) < len(self.targets):
            values = {name: field_values(one) for name, one in self.targets.items()}  # type: ignore[arg-type]
            transients = {config.transient for config in configs}
            hints = None if all(config.outputs == "raw" for config in configs) else configs[0].hints
            views = training_views_of(
                self.x, values, self.weights, self.reductions, transients, hints, executor=executor
            )
        return [
            executor.keep(
                prepared_fold,
                tuple(configs),
                carried_by(self.reductions, len(self.x), len(self.x) - len(rows)),
                self.x,
                views,
                rows,
                self.metric,
                seed,
            )
            for rows in self.held_out(folds, seed)
        ]

    @property
    def times(self) -> int | None:
        """Number of times of transient runs; None if a field is steady, which no kind can roll out."""
        if any(values.ndim < 4 for values in self.targets.values()):
            return None
        return next((values.shape[1] for values in self.targets.values()), None)


def select(
    runs: Runs,
    settings: SearchSettings,
    *,
    folds: int,
    seed: int,
    seconds: float,
    on_trial: Callable[[Trial], None] | None = None,
    executor: Executor = IN_PROCESS,
) -> SearchResult:
    """Search kinds and settings on folds of the runs; equal seeds give equal trials while the time suffices.

    The error of the choice on these folds is never above that of the defaults of a kind that was evaluated on all.

    seconds: the time budget of this search; the defaults of cheap kinds are evaluated whatever it is. on_trial:
    called with each trial as it ends. executor: where trials are evaluated.
    Raises StudyError for a kind that is not known and ModelError when no trial could be evaluated.
    """
    kinds = _kinds(runs, settings)
    begin = time.monotonic()
    parts = runs.folds(_views(kinds, runs.common), folds, seed, executor)
    try:
        budget = settings.model_copy(update={"seconds": max(seconds - (time.monotonic() - begin), 1e-3)})
        evaluator = candidate_evaluator(parts, seed, executor)
        held_out = runs.held_out(folds, seed)
        stacked = stack_of if settings.stack else None
        trials = Trials(evaluator, held_out, budget, kinds, dict(runs.common), seed, on_trial, stacked)
        trials.run()
        single, together = trials.best, trials.best_stack
        assert single is not None
        saves = together is not None and together.score < (1.0 - LEAST_STACKED_GAIN) * single.score
        best: Trial = together if together is not None and saves else single
    finally:
        executor.drop(parts)
    others = [trial for trial in _ranked(trials.done) if trial is not best]
    foreign = [trial for trial in others if trial.config.kind != best.config.kind]
    second = (foreign or others or [None])[0]
    outlook = Outlook.of(trials.done, single, exhausted=trials.exhausted)
    return SearchResult(best, second, tuple(trials.done), trials.spent, trials.untried, outlook)


@dataclass(frozen=True, eq=False)
class FoldSearch:
    """The choice of a candidate from the training runs of a fold alone, as `cross_validate` asks for it.

    seconds: the time budget of each search; the rest as in `Runs`.
    """

    settings: SearchSettings
    reductions: Mapping[str, ReductionConfig]
    metric: str
    common: Mapping[str, Any]
    seed: int
    seconds: float

    @property
    def hints(self) -> PhysicsHints:
        """The hints of every candidate."""
        return self.common.get("hints", PhysicsHints())

    def __call__(
        self, x: np.ndarray, targets: Mapping[str, TrainingViews], weights: Mapping[str, np.ndarray]
    ) -> KindConfig:
        """The best candidate for these runs."""
        runs = Runs(x, targets, self.reductions, self.metric, self.common, weights)
        folds = min(self.settings.folds, len(x))
        return select(runs, self.settings, folds=folds, seed=self.seed, seconds=self.seconds).best.config


def worth(
    selection: SearchResult,
    runs: Runs,
    settings: SearchSettings,
    *,
    folds: int,
    seed: int,
    executor: Executor = IN_PROCESS,
) -> Worth | None:
    """Train the best and the second best again on folds of other seeds; None if there is nothing to compare."""
    if selection.second is None or settings.repeats == 0:
        return None
    pair = [selection.best.config, selection.second.config]
    errors = []
    for repeat in range(1, settings.repeats + 1):
        parts = runs.folds(pair, folds, seed + repeat, executor)
        pieces = [(part, config, seed + repeat) for config in pair for part in parts]
        of_folds = list(executor.in_order(LatentFold.errors, pieces))
        executor.drop(parts)
        errors.append(
            [np.concatenate(of_folds[: len(parts)]).mean(), np.concatenate(of_folds[len(parts) :]).mean()]
        )
    best, second = np.array(errors).T
    return Worth(best, second)


def stack_of(trials: Sequence[Trial]) -> StackConfig | None:
    """A stack of the best trials of up to three kinds with the same view of the runs; None if there are not two."""
    members: list[KindConfig] = []
    for trial in _ranked([trial for trial in trials if not isinstance(trial.config, StackConfig)]):
        # Members may differ in `modes`: a stack gives all of them those of the first.
        alike = not members or view(trial.config.model_copy(update={"modes": members[0].modes})) == view(
            members[0]
        )
        if alike and trial.config.kind not in {member.kind for member in members}:
            members.append(trial.config)
    if len(members) < 2:
        return None
    shared = {name: getattr(members[0], name) for name in VIEW}
    return StackConfig(members=tuple(member.model_dump() for member in members[:STACKED]), **shared)


def _kinds(runs: Runs, settings: SearchSettings) -> list[str]:
    configs = load_kinds().configs
    if settings.kinds is not None:
        for kind in settings.kinds:
            if kind not in configs:
                raise StudyError(
                    f"'kinds' of [search] must be among {', '.join(sorted(configs))}",
                    f"'{kind}'",
                    "Correct it",
                )
        return list(dict.fromkeys(settings.kinds))
    n, p = runs.x.shape
    kinds = [kind for kind in sorted(configs) if configs[kind].suits(n, p, runs.times)]
    if not kinds:
        raise ModelError(
            "A kind must suit the study", f"{n} runs of {p} parameters", "Name 'kinds' in [search]"
        )
    return kinds


def _views(kinds: Sequence[str], common: Mapping[str, Any]) -> list[KindConfig]:
    """A config for each view that trials of these kinds may have."""
    configs = []
    for kind in kinds:
        space = load_kinds().configs[kind].space
        free = {
            name: choice.values
            for name, choice in space.items()
            if name in VIEW and name not in common and isinstance(choice, Choices)
        }
        for values in itertools.product(*free.values()):
            settings = dict(zip(free, values, strict=True))
            configs.append(
                kind_config({"kind": kind} | settings | accepted_settings(load_kinds().configs[kind], common))
            )
    return configs


def _ranked(trials: Sequence[Trial]) -> list[Trial]:
    complete = [trial for trial in trials if trial.state == "complete"]
    return sorted(complete, key=lambda trial: (trial.score, trial.number))
