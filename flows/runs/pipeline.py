"""The pipeline of a study of runs: ingest, reduce, judge every candidate, train the best, register, promote."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial

from prefect import get_run_logger

from fieldwright.data.errors import StudyError
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.report import Ingested, Judged, PipelineReport, Searched
from fieldwright.flows.runs import inputs
from fieldwright.flows.runs.candidate_record import record_best, record_candidate
from fieldwright.flows.runs.candidates import AUTO, labelled, on_scales
from fieldwright.flows.runs.reduction_figures import reduction_figures
from fieldwright.flows.runs.search import Search, logged, searched
from fieldwright.flows.runs.symmetries import built_in
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.runs.test_set import Parted, part_runs
from fieldwright.flows.shapes.learning import Learned, learn_shapes
from fieldwright.flows.shapes.targets import ShapeTargets, shape_targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tasks import one_thread, pipeline_task, whole
from fieldwright.flows.tracking.mlflow_runs import TrackedRun, Tracking
from fieldwright.flows.tracking.promotion import decide
from fieldwright.flows.tracking.registration import register_and_decide
from fieldwright.surrogates.fields.field_model import column_weights
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import Reduction, reduction_for
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.phases import phases_apart
from fieldwright.surrogates.validation.cross_validation import Chooser, CrossValidation, cross_validate


def learn_from_runs(study: Study, tracking: Tracking, pipeline: TrackedRun) -> PipelineReport:
    """From the folder of runs to a registered version, and the champion where the promotion rule holds."""
    ingested = ingest_runs(study)
    pipeline.json([list(row) for row in ingested.rejected], "set_aside.json")
    if study.geometry is not None:
        return _learn_shapes(study, tracking, pipeline, ingested)
    runs = load_targets(study, ingested)
    targets = runs.learned
    notes = periodic_notes(study, targets)
    reductions = reduce_fields(study, whole(targets))
    figures, numbers = reduction_figures(targets, reductions, study.seed)
    for name, figure in figures.items():
        pipeline.figure(figure, name)
    pipeline.metrics(numbers)
    judged: dict[str, tuple[Judged, CrossValidation]] = {}
    candidates = labelled([on_scales(study, one, targets) for one in study.candidates])
    for label, candidate in candidates.items():
        with tracking.run(label, parent=pipeline.id) as child:
            judged[label] = judge_candidate(study, label, candidate, whole(targets))
            record_candidate(child, study, candidate, targets, reductions, *judged[label])
    found = None
    if study.search is not None:
        with tracking.run(AUTO, parent=pipeline.id) as child:
            candidates[AUTO], judged[AUTO], found = search_candidate(
                study, whole(tracking), whole(child), whole(targets)
            )
            record_candidate(child, study, candidates[AUTO], targets, reductions, *judged[AUTO])
            child.json(asdict(found), "search.json")
    best = min(judged, key=lambda label: judged[label][0].score)
    surrogate = train_best(study, candidates[best], whole(targets), whole(judged[best][1]))
    kept = record_best(pipeline, study, surrogate, targets, runs.aside)
    version, decision = register_and_decide(
        whole(tracking),
        whole(pipeline),
        whole(surrogate),
        _tags(study, judged[best][0], targets),
        whole(partial(decide, study.promotion, judged[best][0])),
    )
    pipeline.metrics({"score": judged[best][0].score, "runs": len(targets.runs)})
    return PipelineReport(
        study=study.name,
        best=best,
        version=version,
        promoted=decision.promote,
        why=decision.why,
        ingested=ingested,
        metric=study.validation.metric,
        judged=tuple(result for result, _ in judged.values()),
        notes=(*notes, *surrogate.description.notes),
        searched=found,
        kept_aside=kept,
    )


@pipeline_task(name="ingest")
def ingest_runs(study: Study) -> Ingested:
    """Reads new and changed runs into the store and sets broken ones aside with the reason."""
    result = inputs.read_runs(study)
    log = get_run_logger()
    for run, reason, sentence in result.rejected:
        log.warning("run %s set aside (%s): %s", run, reason, sentence)
    accepted = tuple(record.name for record in SnapshotStore(study.store_path).accepted())
    return Ingested(accepted, len(result.unchanged), tuple(result.rejected), tuple(result.notes))


@pipeline_task(name="check")
def load_targets(study: Study, ingested: Ingested) -> Parted:
    """Takes the accepted runs out of the store; raises StudyError, with the reasons, if too few are left."""
    require_runs(study, ingested)
    store = SnapshotStore(study.store_path)
    snapshots = store.snapshots(ingested.accepted, list(study.fields))
    parted = part_runs(study, snapshots, store.mesh(snapshots.attrs["mesh"]))
    return replace(parted, learned=built_in(study, parted.learned))


def periodic_notes(study: Study, targets: Targets) -> tuple[str, ...]:
    """A sentence on every field that oscillates out of step from run to run; a measured history tells the phase."""
    if study.time.history:
        return ()
    apart = {name: phases_apart(targets.x, values) for name, values in targets.values.items()}
    notes = tuple(found.sentence(name) for name, found in apart.items() if found is not None)
    for note in notes:
        get_run_logger().warning(note)
    return notes


def require_runs(study: Study, ingested: Ingested) -> None:
    """Raises StudyError, with the reasons, where too few runs were accepted."""
    if len(ingested.accepted) < study.runs.minimum:
        reasons = sorted({reason for _, reason, _ in ingested.rejected})
        raise StudyError(
            f"A study needs at least {study.runs.minimum} accepted runs ('runs.minimum')",
            f"{len(ingested.accepted)} accepted and {len(ingested.rejected)} set aside"
            + (f" ({', '.join(reasons)})" if reasons else ""),
            f"Mend or add runs; `fieldwright status {study.path.name}` says what is wrong with each",
        )


@pipeline_task(name="reduce")
def reduce_fields(study: Study, targets: Targets) -> dict[str, Reduction]:
    """Reduces every field over all runs: what the singular values show of the study, whatever the candidate."""
    reductions = {}
    for done, (name, values) in enumerate(targets.values.items(), start=1):
        reduction = reduction_for(study.reduction_of(name))
        columns = column_weights(targets.weights[name], values)
        reductions[name] = reduction.fit(values.reshape(len(values), -1), columns, seed=study.seed)
        report_progress("Reducing fields", done, len(targets.values))
    return reductions


@pipeline_task(name="judge", task_run_name="judge {label}")
def judge_candidate(
    study: Study, label: str, candidate: KindConfig | Chooser, targets: Targets
) -> tuple[Judged, CrossValidation]:
    """Cross-validates one candidate by the same folds as every other."""
    with one_thread():
        validation = cross_validate(
            candidate,
            {name: study.reduction_of(name) for name in study.fields},
            targets.x,
            targets.values,
            folds=min(study.validation.folds, len(targets.runs)),
            seed=study.seed,
            history=study.time.history,
            windows=targets.windows,
            weights=targets.weights,
            progress=lambda done, total: report_progress(f"Judging {label}", done, total),
        )
    metric, errors = study.validation.metric, {name: validation.errors[name] for name in study.fields}
    return Judged.of(label, metric, errors, validation.mean_errors, validation.fit_seconds), validation


@pipeline_task(name="search")
def search_candidate(
    study: Study, tracking: Tracking, run: TrackedRun, targets: Targets
) -> tuple[KindConfig, tuple[Judged, CrossValidation], Searched]:
    """Searches the best candidate, judges the search itself by repeating it in every fold, and its worth."""
    search = Search.of(study, targets)
    in_folds: list[KindConfig] = []
    with one_thread():
        selection = search.over_all(logged(tracking, run, search.settings.trials + search.settings.stack))
        judged = judge_candidate.fn(study, AUTO, search.in_fold(in_folds), targets)
        report_progress("Weighing the choice", 0, 1)
        gain = search.worth(selection)
        report_progress("Weighing the choice", 1, 1)
    return selection.best.config, judged, searched(selection, gain, in_folds)


@pipeline_task(name="train")
def train_best(
    study: Study, candidate: KindConfig, targets: Targets, validation: CrossValidation
) -> Surrogate:
    """Trains the best candidate on all runs and calibrates its bands by its out-of-fold predictions."""
    report_progress("Training the best on all", 0, 1)
    with one_thread():
        surrogate = Surrogate.train(
            candidate,
            {name: study.reduction_of(name) for name in study.fields},
            targets.x,
            targets.values,
            parameters=targets.parameters,
            fields=targets.fields,
            points=targets.points,
            cells=targets.cells,
            weights=targets.weights,
            cross_validation=validation,
            coverage=study.validation.coverage,
            history=study.time.history,
            seed=study.seed,
            name=study.name,
        )
    report_progress("Training the best on all", 1, 1)
    return surrogate


@pipeline_task(name="check shapes")
def load_shapes(study: Study, ingested: Ingested) -> tuple[ShapeTargets, Ingested]:
    """Takes shapes and fields out of the store, and sets runs aside whose shape cannot be learned from."""
    require_runs(study, ingested)
    shapes, ingested = shape_targets(study, ingested)
    log = get_run_logger()
    for run, reason, sentence in ingested.rejected:
        log.warning("run %s set aside (%s): %s", run, reason, sentence)
    return shapes, ingested


@pipeline_task(name="learn shapes")
def train_on_shapes(study: Study, shapes: ShapeTargets, tracking: Tracking, run: TrackedRun) -> Learned:
    """Trains and judges every candidate of a study whose shape varies."""
    with one_thread():
        return learn_shapes(study, shapes, tracking, run)


def _learn_shapes(
    study: Study, tracking: Tracking, pipeline: TrackedRun, ingested: Ingested
) -> PipelineReport:
    """The rest of the pipeline where the shape varies: there is nothing to reduce, and networks judge themselves."""
    shapes, ingested = load_shapes(study, ingested)
    pipeline.json([list(row) for row in ingested.rejected], "set_aside.json")
    learned = train_on_shapes(study, whole(shapes), whole(tracking), whole(pipeline))
    version, decision = register_and_decide(
        whole(tracking),
        whole(pipeline),
        whole(learned.surrogate),
        _tags(study, learned.best, shapes.targets),
        whole(partial(decide, study.promotion, learned.best)),
    )
    pipeline.metrics({"score": learned.best.score, "runs": len(shapes.targets.runs)})
    return learned.report(study, ingested, version, decision)


def _tags(study: Study, best: Judged, targets: Targets) -> dict[str, str]:
    """What the registry knows of a version."""
    return {
        "candidate": best.candidate,
        "metric": study.validation.metric,
        "score": repr(best.score),
        "n_runs": str(len(targets.runs)),
    }
