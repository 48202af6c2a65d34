"""Trains the candidates of a study of photos, each in an MLflow run of its own with its curves and pictures."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from fieldwright.data.progress import TrainingProgress
from fieldwright.flows.photos.classification_evaluation import judge_classifier
from fieldwright.flows.photos.evaluation import Judgement
from fieldwright.flows.photos.parts import Part, Parts
from fieldwright.flows.photos.report import JudgedOnPhotos
from fieldwright.flows.photos.segmentation_evaluation import judge_segmenter
from fieldwright.flows.runs.candidates import labelled
from fieldwright.flows.study.photo_sections import MistakeCosts
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.flows.tracking.mlflow_runs import TrackedRun, Tracking
from fieldwright.flows.tracking.training_curves import ShownTraining
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

Config = CrackCnnConfig | CrackUNetConfig
Model = CrackClassifier | CrackSegmenter


@dataclass(frozen=True, eq=False)
class LearnedFromPhotos:
    """The candidates as judged by the validation photos, and the best of them."""

    judged: tuple[JudgedOnPhotos, ...]
    best: JudgedOnPhotos
    model: Model


def learn(study: PhotoStudy, parts: Parts, tracking: Tracking, pipeline: TrackedRun) -> LearnedFromPhotos:
    """Trains every candidate on the same photos and judges it by the validation photos; the lowest score is best."""
    found: dict[str, tuple[JudgedOnPhotos, Model]] = {}
    for label, config in labelled(study.configs).items():
        with tracking.run(label, parent=pipeline.id) as child:
            start = time.perf_counter()
            curves = ShownTraining(f"Training {label}", child)
            model = train_candidate(study, config, parts, curves)
            curves.finish()
            seconds = time.perf_counter() - start
            judgement = judge(study, model, parts.validation, f"Judging {label}")
            judged = JudgedOnPhotos(label, judgement.metrics[study.metric], judgement.metrics, seconds)
            _log(child, study, config, parts, judged, judgement)
            found[label] = judged, model
    best = min(found, key=lambda label: found[label][0].score)
    return LearnedFromPhotos(tuple(judged for judged, _ in found.values()), *found[best])


def train_candidate(study: PhotoStudy, config: Config, parts: Parts, progress: TrainingProgress) -> Model:
    """One candidate's model, on the GPU where there is one; raises ModelError where the photos do not suffice."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
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
        seed=study.seed,
        name=study.name,
        progress=progress,
        device=device,
    )


def judge(study: PhotoStudy, model: Model, part: Part, step: str) -> Judgement:
    """Metrics and pictures on photos that the model has not learned from."""
    if isinstance(model, CrackSegmenter):
        return judge_segmenter(model, part, step)
    return judge_classifier(model, part, study.costs or _own_costs(model), step)


def _own_costs(model: CrackClassifier) -> MistakeCosts:
    """Those of the candidate, where the study has none."""
    return MistakeCosts.model_validate(model.description.settings["candidate"]["costs"])


def _log(
    run: TrackedRun,
    study: PhotoStudy,
    config: Config,
    parts: Parts,
    judged: JudgedOnPhotos,
    judgement: Judgement,
) -> None:
    run.tags({"role": "candidate", "candidate": judged.candidate, "metric": study.metric})
    run.params(config.model_dump(mode="json"))
    run.params({"seed": study.seed} | {f"photos.{name}": count for name, count in parts.counts().items()})
    run.metrics({"score": judged.score, "fit_seconds": judged.fit_seconds} | dict(judged.metrics))
    for name, figure in judgement.figures.items():
        run.figure(figure, name)
