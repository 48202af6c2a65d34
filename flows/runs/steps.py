"""The steps of a study of runs that differ by parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

from fieldwright.data.store.field_values import field_values
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.pictures import Picture
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.resumption.validated_candidate import Validated, read_validated, write_validated
from fieldwright.flows.runs.candidates import AUTO, with_common_settings
from fieldwright.flows.runs.conservation import conservation_errors
from fieldwright.flows.runs.executors import study_executor
from fieldwright.flows.runs.figures.candidate_figures import candidate_figures
from fieldwright.flows.runs.figures.final_figures import final_figures
from fieldwright.flows.runs.figures.reduction_figures import reduction_figures
from fieldwright.flows.runs.final_checks import final_checks
from fieldwright.flows.runs.holdout import split_runs
from fieldwright.flows.runs.inputs import digest_of_runs, ingest_runs, require_runs
from fieldwright.flows.runs.learning import (
    cheap_curves,
    cross_validated,
    evaluation_of,
    periodic_notes,
    train_on_all,
    views_of,
)
from fieldwright.flows.runs.per_field import per_field_candidate
from fieldwright.flows.runs.promotion.champion_comparison import (
    OUT_OF_FOLD,
    compare_with_champion,
    out_of_fold_errors,
)
from fieldwright.flows.runs.promotion.out_of_fold_coverage import out_of_fold_coverage
from fieldwright.flows.runs.promotion.promotion_rule import ask_once, decide_on_runs, run_gates
from fieldwright.flows.runs.reduction import projection_errors, reduce_fields, reduction_numbers
from fieldwright.flows.runs.search import SEARCHING, Search, search_report, trial_logger
from fieldwright.flows.runs.symmetries import symmetrised_targets, symmetry_errors
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.steps import Dataset, Finished, Incoming, Steps, Trained, candidates_by_label
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.versions.promotion import Challenge, Decision
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.families import FIELDS, Family
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.per_field import PER_FIELD, PerField
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.search.settings import SearchSettings
from fieldwright.surrogates.understanding.sobol_indices import SobolIndices
from fieldwright.surrogates.validation.cross_validation import CrossValidation
from fieldwright.surrogates.validation.holdout import HoldoutResult

VALIDATED = "validated"
"""Folder of an evaluated candidate."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RunsDataset(Dataset):
    """The runs to learn from, in the views that candidates learn, and the test set; None where the study has none."""

    targets: Targets
    views: Mapping[str, TrainingViews]
    test: Targets | None


@dataclass(frozen=True, eq=False)
class FinishedRuns:
    """What the promotion rule needs of the surrogate that is registered."""

    surrogate: Surrogate
    data: RunsDataset
    validation: CrossValidation
    test_set: HoldoutResult | None


class RunsSteps(Steps[Study, RunsDataset]):
    """Ingest, reduce, cross-validate every candidate, train the best on all runs."""

    samples = "runs"

    def __init__(self, study: Study, tracking: Tracking) -> None:
        super().__init__(study, tracking)
        self.executor = study_executor(study)

    def close(self) -> None:
        """Leaves the cluster, with nothing of this pipeline on it."""
        self.executor.close()

    @property
    def family(self) -> Family:
        """The family of fields over parameters."""
        return FIELDS

    @property
    def metric(self) -> str:
        """The metric of `[validation]`."""
        return self.study.validation.metric

    def ingest(self) -> Incoming:
        """Reads new and changed runs into the store."""
        return Incoming(ingest_runs(self.study, self.executor))

    def data_digest(self, incoming: Incoming) -> str:
        """Of the contents of all accepted runs."""
        return digest_of_runs(self.study)

    def split(self, incoming: Incoming) -> RunsDataset:
        """Draws the test set and reduces the fields of the other runs."""
        study, ingested = self.study, incoming.ingested
        require_runs(study, ingested)
        parts = split_runs(study, SnapshotStore(study.store_path), ingested.accepted, self.executor)
        targets = symmetrised_targets(study, parts.train)
        views = views_of(study, targets, self.executor)
        reductions = reduce_fields(study, views)
        errors = projection_errors(targets.x, views, reductions, study.seed)
        samples = {"train": len(targets.runs)}
        if parts.test is not None:
            samples["test"] = len(parts.test.runs)
        return RunsDataset(
            ingested=ingested,
            samples=samples,
            notes=periodic_notes(study, targets.x, views),
            metrics=reduction_numbers(reductions, errors) | {"runs": len(targets.runs)},
            draw=partial(reduction_figures, targets, views, reductions, errors),
            targets=targets,
            views=views,
            test=parts.test,
        )

    def candidates(self, data: RunsDataset) -> Mapping[str, KindConfig | SearchSettings]:
        """The settings of the study's models, and the search where it has one."""
        candidates = candidates_by_label(
            [with_common_settings(self.study, one, data.targets) for one in self.study.candidates]
        )
        return candidates if self.study.search is None else {**candidates, AUTO: self.study.search}

    def settings_of(self, candidate: KindConfig | SearchSettings | Validated) -> KindConfig | SearchSettings:
        """Without the predictions of one that is joined."""
        return candidate.config if isinstance(candidate, Validated) else candidate

    def joined(self, trained: Mapping[str, Trained], data: RunsDataset) -> Mapping[str, Validated]:
        """The best candidate of each field, where another than the best of all predicts a field better."""
        if not self.study.validation.per_field or self.study.time.history or len(self.study.outputs) < 2:
            return {}
        best = min(trained, key=lambda label: self.rank(trained[label].evaluation))
        joined = per_field_candidate(
            {label: one.content for label, one in trained.items()}, best, self.metric
        )
        return {} if joined is None else {PER_FIELD: joined}

    def evaluate(
        self,
        label: str,
        candidate: KindConfig | SearchSettings | Validated,
        data: RunsDataset,
        run: TrackedRun,
    ) -> Trained:
        """Cross-validates one candidate, or the search as a whole."""
        if isinstance(candidate, Validated):
            evaluation, content = (
                evaluation_of(self.study, label, candidate.validation, candidate.config),
                candidate,
            )
        elif isinstance(candidate, SearchSettings):
            evaluation, content = self._search(candidate, data, run)
        else:
            evaluation, validation = cross_validated(
                self.study, label, candidate, data.targets, data.views, self.executor
            )
            content = Validated(candidate, validation)
        return self._trained(evaluation, content, data)

    def keep(self, trained: Trained, folder: Path) -> None:
        """Writes the out-of-fold predictions and the evaluation; one that is joined is made of the others again."""
        assert isinstance(trained.evaluation, RunsEvaluation)
        if isinstance(trained.content.config, PerField):
            return
        write_validated(trained.evaluation, trained.content, folder / VALIDATED)

    def restore(
        self, label: str, candidate: KindConfig | SearchSettings | Validated, data: RunsDataset, folder: Path
    ) -> Trained:
        """Reads the out-of-fold predictions and the evaluation."""
        if isinstance(candidate, Validated):
            evaluation = evaluation_of(self.study, label, candidate.validation, candidate.config)
            return self._trained(evaluation, candidate, data)
        values = {name: field_values(one) for name, one in data.targets.values.items()}
        reductions = {name: self.study.reduction_of(name) for name in self.study.outputs}
        return self._trained(*read_validated(folder / VALIDATED, values, data.views, reductions), data)

    def _trained(self, evaluation: RunsEvaluation, content: Validated, data: RunsDataset) -> Trained:
        study, targets, validation = self.study, data.targets, content.validation
        return Trained(
            evaluation=evaluation,
            settings=content.config.model_dump(),
            content=content,
            params={"folds": study.validation.folds}
            | {"reduction": {name: study.reduction_of(name).model_dump() for name in study.outputs}},
            metrics=validation.summary()
            | {f"{name}.coverage": share for name, share in out_of_fold_coverage(study, validation).items()}
            | symmetry_errors(study, targets, validation)
            | conservation_errors(study, targets, validation),
            draw=partial(candidate_figures, targets, validation),
            files={} if content.search is None else {"search.json": asdict(content.search)},
        )

    def _search(
        self, settings: SearchSettings, data: RunsDataset, run: TrackedRun
    ) -> tuple[RunsEvaluation, Validated]:
        """Searches the best candidate, evaluates the search by repeating it in every fold, and measures its gain."""
        search = Search.of(self.study, data.targets, data.views)
        trials = settings.trials + settings.stack
        selection = search.over_all(trial_logger(self.tracking, run, trials), self.executor)
        # It may end before all of them.
        report_progress(SEARCHING, trials, trials)
        evaluation, validation = cross_validated(
            self.study, AUTO, search.in_fold(), data.targets, data.views, self.executor
        )
        report_progress("Weighing the choice", 0, 1)
        gain = search.worth(selection, self.executor)
        report_progress("Weighing the choice", 1, 1)
        return evaluation, Validated(
            selection.best.config, validation, search_report(selection, gain, validation.configs)
        )

    def finish(self, best: Trained, all_trained: Sequence[Trained], data: RunsDataset) -> Finished:
        """Trains the best candidate on all runs and evaluates it on the test set."""
        content: Validated = best.content
        surrogate = train_on_all(
            self.study, content.config, data.targets, data.views, content.validation, self.executor
        )
        metrics, indices, test_set = final_checks(self.study, surrogate, data.targets, data.test)
        search = next((one.content.search for one in all_trained if one.content.search), None)
        errors = out_of_fold_errors(self.study, data.targets, content.validation)
        files = {} if errors is None else {OUT_OF_FOLD: errors}
        report = {"search": search, "test_set": test_set}
        finished = self.completed(Finished(surrogate, report, metrics, files=files), best, data)
        return replace(finished, draw=partial(self._figures, surrogate, content.validation, data, indices))

    def completed(self, finished: Finished, best: Trained, data: RunsDataset) -> Finished:
        """With the runs, the out-of-fold predictions and pictures."""
        surrogate = cast(Surrogate, finished.model)
        validation = best.content.validation
        content = FinishedRuns(surrogate, data, validation, finished.report["test_set"])
        return replace(
            finished,
            content=content,
            ask=partial(ask_once, surrogate, data.targets),
            draw=partial(self._figures, surrogate, validation, data),
        )

    def _figures(
        self,
        surrogate: Surrogate,
        validation: CrossValidation,
        data: RunsDataset,
        indices: Mapping[str, SobolIndices] | None = None,
    ) -> dict[str, Picture]:
        rejected = [name for name, _, _ in data.ingested.rejected]
        return final_figures(self.study, surrogate, data.targets, validation, rejected, indices)

    def learning_curves(
        self, best: Trained, all_trained: Sequence[Trained], data: RunsDataset
    ) -> Mapping[str, LearningCurve]:
        """By halves of the runs; none of a forecast, or of a search, which each fold repeats."""
        content: Validated = best.content
        if content.search is not None:
            return {}
        evaluated = sum(one.evaluation.fit_seconds for one in all_trained)
        of_best = best.evaluation.fit_seconds or evaluated
        views, validation = data.views, content.validation
        return cheap_curves(self.study, content.config, data.targets.x, views, validation, of_best, evaluated)

    def decide(self, best: Trained, finished: Finished, challenge: Challenge) -> Decision:
        """By `[promotion]` of the study, on the same runs where the champion can be asked; see `decide_on_runs`."""
        study, content = self.study, finished.content
        assert isinstance(best.evaluation, RunsEvaluation)
        gates = run_gates(
            study,
            content.surrogate,
            content.data.targets,
            content.data.test,
            content.validation,
            content.test_set,
        )
        comparison = (
            None
            if challenge.champion is None
            else compare_with_champion(
                study, self.tracking, challenge.champion, content.data.targets, content.validation
            )
        )
        return decide_on_runs(study.promotion, self.metric, best.evaluation, challenge, gates, comparison)
