"""`candidates = "auto"`: the search of a study, every trial a run of its own under that of the candidate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fieldwright.data.computing.executor import Executor
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.report import SearchReport, TrialRow
from fieldwright.flows.runs.candidates import common_settings, settings_text
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.records import candidate_params
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.search.selection import FoldSearch, Runs, SearchResult, Worth, select, worth
from fieldwright.surrogates.search.settings import SearchSettings
from fieldwright.surrogates.search.trial import Trial

SEARCHING = "Searching the best"
SHOWN = 10
"""Trials in the report, best first."""


@dataclass(frozen=True, eq=False)
class Search:
    """The search of one study: its runs and settings, and how long each part of it may take."""

    study: Study
    settings: SearchSettings
    runs: Runs

    @classmethod
    def of(cls, study: Study, targets: Targets, views: Mapping[str, TrainingViews]) -> Search:
        """The search that `[search]` asks for, on these runs, as `views_of` gives them."""
        assert study.search is not None
        reductions = {name: study.reduction_of(name) for name in study.outputs}
        metric, common = study.validation.metric, common_settings(study, targets)
        runs = Runs(targets.x, views, reductions, metric, common, targets.weights)
        return cls(study, study.search, runs)

    @property
    def folds(self) -> int:
        """Folds of the validation."""
        return min(self.study.validation.folds, len(self.runs.x))

    @property
    def seconds(self) -> float:
        """Time budget of one search: there is one in every fold, one on all runs, and the repeated trainings."""
        return self.settings.seconds / (self.folds + 2)

    def over_all(self, on_trial: Callable[[Trial], None], executor: Executor) -> SearchResult:
        """The choice for all runs, by the folds of the validation."""
        return select(
            self.runs,
            self.settings,
            folds=self.folds,
            seed=self.study.seed,
            seconds=self.seconds,
            on_trial=on_trial,
            executor=executor,
        )

    def in_fold(self) -> FoldSearch:
        """Chooses anew in each fold of the validation, from the runs of that fold."""
        runs = self.runs
        return FoldSearch(
            self.settings, runs.reductions, runs.metric, runs.common, self.study.seed, self.seconds
        )

    def worth(self, selection: SearchResult, executor: Executor) -> Worth | None:
        """What the choice saves against the second best, trained again on other folds."""
        return worth(
            selection,
            self.runs,
            self.settings,
            folds=self.folds,
            seed=self.study.seed,
            executor=executor,
        )


def trial_logger(tracking: Tracking, parent: TrackedRun, trials: int) -> Callable[[Trial], None]:
    """Puts each trial on record as a run under `parent` and reports progress."""
    count = 0

    def log(trial: Trial) -> None:
        nonlocal count
        count += 1
        report_progress(SEARCHING, min(count, trials), trials)
        with tracking.run(f"trial-{trial.number}", parent=parent.id) as run:
            tags = {"role": "trial", "state": trial.state, "candidate": settings_text(trial.config)}
            run.log(
                params=candidate_params(trial.config.model_dump(exclude={"hints"})),
                metrics={"score": trial.score, "fit_seconds": trial.seconds},
                tags=tags | ({"why": trial.why} if trial.why else {}),
            )

    return log


def search_report(selection: SearchResult, gain: Worth | None, choices: Sequence[KindConfig]) -> SearchReport:
    """The part of the report on a search; choices: those of the folds."""
    ranked = sorted(
        selection.trials, key=lambda trial: (trial.state != "complete", trial.score, trial.number)
    )
    share, spread = (None, None) if gain is None else gain.gain
    return SearchReport(
        trials=tuple(
            TrialRow(trial.number, settings_text(trial.config), trial.state, trial.score, trial.seconds)
            for trial in ranked[:SHOWN]
        ),
        number=len(selection.trials),
        best=settings_text(selection.best.config),
        second=None if selection.second is None else settings_text(selection.second.config),
        gain=share,
        spread=spread,
        repeats=0 if gain is None else len(gain.best),
        in_folds=tuple(settings_text(config) for config in choices),
        spent=selection.spent,
        untried=selection.untried,
        drawn=selection.outlook.drawn,
        drawn_seconds=selection.outlook.seconds,
        doubling=selection.outlook.gain,
        exhausted=selection.outlook.exhausted,
    )
