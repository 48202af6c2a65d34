"""The steps of a study of photos: train, choose by the validation photos, test the best on the test photos."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from fieldwright.data.photos.collection import Collection
from fieldwright.data.progress import TrainingProgress
from fieldwright.flows.photos.best_device import best_device
from fieldwright.flows.photos.champion_comparison import PARTS, compare_on_photos, costs_of
from fieldwright.flows.photos.classification_evaluation import evaluate_classifier
from fieldwright.flows.photos.evaluation import PartEvaluation
from fieldwright.flows.photos.label_check import check_labels
from fieldwright.flows.photos.parts import Part, Parts, parts_of, read_photos
from fieldwright.flows.photos.report import PhotosEvaluation, SuspectedMask
from fieldwright.flows.photos.segmentation_evaluation import evaluate_segmenter
from fieldwright.flows.pictures import Picture
from fieldwright.flows.report import Ingested
from fieldwright.flows.resumption.evaluation_file import MODEL, read_evaluation, write_evaluation
from fieldwright.flows.steps import Dataset, Finished, Incoming, Steps, Trained, candidates_by_label
from fieldwright.flows.study.photo_sections import PhotoPromotion
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.training_curves import ShownTraining
from fieldwright.flows.tracking.versions.gates import at_least
from fieldwright.flows.tracking.versions.promotion import (
    Challenge,
    Comparison,
    Decision,
    decide_by_comparison,
    decide_by_score,
    no_better_than,
    refused_by_gates,
)
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig
from fieldwright.surrogates.families import CLASSIFICATION, SEGMENTATION, Family, load_model

SUSPECTED = "suspected_masks.json"
"""File of a pipeline's MLflow run: photos whose masks are worth a look, where they were looked through."""
Config = CrackCnnConfig | CrackUNetConfig
Model = CrackClassifier | CrackSegmenter


@dataclass(frozen=True, eq=False, kw_only=True)
class PhotosDataset(Dataset):
    """The photos in their parts, how many pairs of them are near-duplicates, and whose masks are worth a look."""

    parts: Parts
    near_duplicates: int
    suspected_masks: tuple[SuspectedMask, ...] = ()


class PhotosSteps(Steps[PhotoStudy, PhotosDataset]):
    """Ingest and compare photos, train every candidate, choose by the validation photos, test on the test photos."""

    samples = "photos"

    @property
    def family(self) -> Family:
        """Segmentation or classification, by the kind of the study."""
        return SEGMENTATION if self.study.kind == "segmentation" else CLASSIFICATION

    @property
    def metric(self) -> str:
        """The metric of the study, or the default of its kind."""
        return self.study.metric

    def ingest(self) -> Incoming:
        """Reads new and changed photos, and finds near-duplicates."""
        collection = read_photos(self.study)
        ingested = Ingested(
            tuple(photo.name for photo in collection.photos),
            collection.unchanged,
            collection.rejected,
            collection.notes,
        )
        pairs = [list(pair) for pair in collection.near_duplicates]
        return Incoming(ingested, {"near_duplicates.json": pairs}, collection)

    def data_digest(self, incoming: Incoming) -> str:
        """Of the bytes of all accepted photos and masks, their classes, groups and parts."""
        collection: Collection = incoming.content
        text = json.dumps(
            [
                (one.name, one.sha256, one.mask_sha256, one.crack, one.group, one.part)
                for one in collection.photos
            ]
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def split(self, incoming: Incoming) -> PhotosDataset:
        """Divides the photos into those for training, validation and test, and looks through their masks."""
        collection: Collection = incoming.content
        parts, suspected_masks = parts_of(self.study, collection), ()
        files: dict[str, Any] = {}
        if self.study.labels is not None:
            parts, suspected_masks = check_labels(self.study, parts)
            files[SUSPECTED] = [asdict(one) for one in suspected_masks]
        return PhotosDataset(
            ingested=incoming.ingested,
            samples=parts.counts(),
            files={PARTS: parts.names(), **files},
            parts=parts,
            near_duplicates=len(collection.near_duplicates),
            suspected_masks=suspected_masks,
        )

    def candidates(self, data: PhotosDataset) -> Mapping[str, Config]:
        """The settings of the study's networks."""
        return candidates_by_label(self.study.configs)

    def evaluate(self, label: str, candidate: Config, data: PhotosDataset, run: TrackedRun) -> Trained:
        """Trains one network and evaluates it on the validation photos."""
        start = time.perf_counter()
        curves = ShownTraining(f"Training {label}", run)
        model = train_photo_model(self.study, candidate, data.parts, curves)
        curves.finish()
        seconds = time.perf_counter() - start
        evaluation = evaluate_part(self.study, model, data.parts.validation, f"Evaluating {label}")
        score = evaluation.metrics[self.study.metric]
        return Trained(
            evaluation=PhotosEvaluation(label, score, evaluation.metrics, seconds),
            settings=candidate.model_dump(mode="json"),
            content=model,
            metrics=evaluation.metrics,
            draw=evaluation.draw,
        )

    def keep(self, trained: Trained, folder: Path) -> None:
        """Writes the network and its evaluation."""
        trained.content.save(folder / MODEL)
        write_evaluation(trained.evaluation, folder)

    def restore(self, label: str, candidate: Config, data: PhotosDataset, folder: Path) -> Trained:
        """Reads the network and its evaluation; pictures are made anew where they are wanted."""
        evaluation = read_evaluation(PhotosEvaluation, folder)
        model = cast(Model, load_model(folder / MODEL, best_device()))
        step = f"Evaluating {label}"
        return Trained(
            evaluation=evaluation,
            settings=candidate.model_dump(mode="json"),
            content=model,
            metrics=evaluation.metrics,
            draw=lambda: evaluate_part(self.study, model, data.parts.validation, step).draw(),
        )

    def finish(self, best: Trained, all_trained: Sequence[Trained], data: PhotosDataset) -> Finished:
        """Evaluates the best network on the test photos, once."""
        study, model = self.study, best.content
        test = evaluate_part(study, model, data.parts.test, "Testing the best")
        tags = {"kind": study.kind}
        if study.costs is not None and study.costs.prevalence is not None:
            tags["prevalence"] = repr(study.costs.prevalence)
        report = {
            "kind": study.kind,
            "parts": data.parts.counts(),
            "near_duplicates": data.near_duplicates,
            "suspected_masks": data.suspected_masks,
            "test": dict(test.metrics),
        }
        finished = Finished(
            model, report, {f"test.{name}": value for name, value in test.metrics.items()}, tags
        )
        return replace(self.completed(finished, best, data), draw=partial(_of_test_photos, test.draw))

    def completed(self, finished: Finished, best: Trained, data: PhotosDataset) -> Finished:
        """With the photos, and pictures of the test photos, which are evaluated again when they are drawn."""
        study, model, part = self.study, best.content, data.parts.test
        ask = partial(model.predict, [part.pixels[0]])

        def draw() -> Mapping[str, Picture]:
            return _of_test_photos(evaluate_part(study, model, part, "Testing the best").draw)

        return replace(finished, content=data.parts, ask=ask, draw=draw)

    def decide(self, best: Trained, finished: Finished, challenge: Challenge) -> Decision:
        """By `[promotion]` of the study, on the same test photos where the champion can be asked for them."""
        study, score = self.study, best.evaluation.score
        comparison = None
        if challenge.champion is not None:
            test = finished.content.test
            comparison = compare_on_photos(study, self.tracking, challenge.champion, best.content, test)
        rule, tested = study.promotion, finished.report["test"]
        return decide_on_photos(rule, study.metric, score, tested, challenge, comparison)


def _of_test_photos(draw: Callable[[], Mapping[str, Picture]]) -> dict[str, Picture]:
    return {f"test_{name}": picture for name, picture in draw().items()}


def train_photo_model(study: PhotoStudy, config: Config, parts: Parts, progress: TrainingProgress) -> Model:
    """One candidate's model, on the GPU where there is one; raises ModelError where the photos do not suffice."""
    device = best_device()
    progress(0, 1)
    train, validation = parts.train, parts.validation
    if isinstance(config, CrackCnnConfig):
        return CrackClassifier.train(
            config,
            train.pixels,
            train.cracked,
            validation=(validation.pixels, validation.cracked),
            seed=study.seed,
            name=study.name,
            progress=progress,
            device=device,
        )
    return CrackSegmenter.train(
        config,
        train.pixels,
        train.outlines,
        validation=(validation.pixels, validation.outlines),
        weights=train.weights,
        seed=study.seed,
        name=study.name,
        progress=progress,
        device=device,
    )


def evaluate_part(study: PhotoStudy, model: Model, part: Part, step: str) -> PartEvaluation:
    """Metrics and pictures on photos that the model has not learned from."""
    if isinstance(model, CrackSegmenter):
        return evaluate_segmenter(model, part, step)
    return evaluate_classifier(model, part, costs_of(study, model), step)


def decide_on_photos(
    rule: PhotoPromotion,
    metric: str,
    score: float,
    tested: dict[str, float],
    challenge: Challenge,
    comparison: Comparison | None = None,
) -> Decision:
    """Compares the best candidate with the limits on the test photos and with the present champion.

    comparison: on the same test photos; None where the champion cannot be asked, and the scores are compared.
    """
    gates = (
        *(
            at_least(f"{name} on the test photos", tested[name], least, "promotion.least")
            for name, least in rule.least.items()
        ),
        *challenge.gates,
    )
    refusal = refused_by_gates(gates)
    if refusal is not None:
        return refusal
    beside = no_better_than_one_answer(metric, tested)
    if beside is not None and not rule.allow_no_better:
        return no_better_than("one answer for all photos", beside, gates)
    if comparison is not None:
        return decide_by_comparison(comparison, rule.min_improvement, gates)
    return decide_by_score(score, metric, rule.min_improvement, challenge, gates)


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
