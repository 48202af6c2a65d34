"""The pipeline of a study of photos: ingest, part, train and judge candidates, test the best, register, promote."""

from __future__ import annotations

from functools import partial

from prefect import get_run_logger

from fieldwright.data.photos.collection import Collection
from fieldwright.flows.photos.evaluation import Judgement
from fieldwright.flows.photos.learning import LearnedFromPhotos, Model, judge, learn
from fieldwright.flows.photos.parts import Parts, parts_of, read_photos
from fieldwright.flows.photos.report import PhotoReport
from fieldwright.flows.report import Ingested
from fieldwright.flows.study.photo_sections import PhotoPromotion
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.flows.tasks import one_thread, pipeline_task, whole
from fieldwright.flows.tracking.mlflow_runs import TrackedRun, Tracking
from fieldwright.flows.tracking.promotion import Decision, against_champion, no_better_than
from fieldwright.flows.tracking.registration import register_and_decide


def learn_from_photos(study: PhotoStudy, tracking: Tracking, pipeline: TrackedRun) -> PhotoReport:
    """From a folder of photos to a registered version, and the champion where the promotion rule holds."""
    collection = ingest_photos(study)
    pipeline.json([list(row) for row in collection.set_aside], "set_aside.json")
    pipeline.json([list(pair) for pair in collection.near_duplicates], "near_duplicates.json")
    parts = part_photos(study, whole(collection))
    pipeline.json(parts.names(), "parts.json")
    learned = learn_candidates(study, whole(parts), whole(tracking), whole(pipeline))
    tested = test_best(study, whole(learned.model), whole(parts))
    for name, figure in tested.figures.items():
        pipeline.figure(figure, f"test_{name}")
    pipeline.metrics({f"test.{name}": value for name, value in tested.metrics.items()})
    pipeline.metrics({"score": learned.best.score} | {f"photos.{n}": k for n, k in parts.counts().items()})
    version, decision = register_and_decide(
        whole(tracking),
        whole(pipeline),
        whole(learned.model),
        _tags(study, learned, parts),
        whole(
            partial(decide_on_photos, study.promotion, study.metric, learned.best.score, dict(tested.metrics))
        ),
    )
    return PhotoReport(
        study=study.name,
        best=learned.best.candidate,
        version=version,
        promoted=decision.promote,
        why=decision.why,
        kind=study.kind,
        ingested=Ingested(
            tuple(photo.name for photo in collection.photos),
            collection.unchanged,
            collection.set_aside,
            collection.notes,
        ),
        parts=parts.counts(),
        near_duplicates=len(collection.near_duplicates),
        metric=study.metric,
        judged=learned.judged,
        test=dict(tested.metrics),
        notes=learned.model.description.notes,
    )


@pipeline_task(name="ingest photos")
def ingest_photos(study: PhotoStudy) -> Collection:
    """Reads new and changed photos and sets aside with the reason what cannot be used."""
    collection = read_photos(study)
    log = get_run_logger()
    for name, reason, sentence in collection.set_aside:
        log.warning("photo %s set aside (%s): %s", name, reason, sentence)
    return collection


@pipeline_task(name="part photos")
def part_photos(study: PhotoStudy, collection: Collection) -> Parts:
    """Photos to learn from, to choose by and to judge by."""
    return parts_of(study, collection)


@pipeline_task(name="learn from photos")
def learn_candidates(
    study: PhotoStudy, parts: Parts, tracking: Tracking, run: TrackedRun
) -> LearnedFromPhotos:
    """Trains and judges every candidate."""
    with one_thread():
        return learn(study, parts, tracking, run)


@pipeline_task(name="test the best")
def test_best(study: PhotoStudy, model: Model, parts: Parts) -> Judgement:
    """What the test photos say of the best candidate; nothing is chosen by it."""
    with one_thread():
        return judge(study, model, parts.test, "Testing the best")


def decide_on_photos(
    rule: PhotoPromotion,
    metric: str,
    score: float,
    tested: dict[str, float],
    champion: tuple[str, float] | None,
) -> Decision:
    """Holds the best candidate against the limits on the test photos and against the present champion."""
    for name, least in rule.least.items():
        if not tested[name] >= least:
            return Decision(
                False,
                f"its {name} on the test photos is {tested[name]:.3g}, below the {least:g} of promotion.least",
            )
    beside = no_better_than_one_answer(metric, tested)
    if beside is not None and not rule.allow_no_better:
        return no_better_than("one answer for all photos", beside)
    return against_champion(score, rule.min_improvement, champion)


def no_better_than_one_answer(metric: str, tested: dict[str, float]) -> str | None:
    """What shows that a model is no better than the same answer for every test photo; None where it is better."""
    trivial = tested[f"trivial_{metric}"]
    if not tested[metric] < trivial:
        return f"its {metric} on the test photos is {tested[metric]:.3g}, that of the best such answer {trivial:.3g}"
    if "roc_auc" in tested and not tested["roc_auc"] > tested["roc_auc_by_chance"]:
        return (
            f"its roc_auc on the test photos is {tested['roc_auc']:.3g}, and so few photos give "
            f"{tested['roc_auc_by_chance']:.3g} by chance"
        )
    return None


def _tags(study: PhotoStudy, learned: LearnedFromPhotos, parts: Parts) -> dict[str, str]:
    """What the registry knows of a version."""
    tags = {
        "kind": study.kind,
        "candidate": learned.best.candidate,
        "metric": study.metric,
        "score": repr(learned.best.score),
        "n_photos": str(parts.counts()["train"]),
    }
    if study.costs is not None and study.costs.prevalence is not None:
        tags["prevalence"] = repr(study.costs.prevalence)
    return tags
