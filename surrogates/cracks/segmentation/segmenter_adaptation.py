"""A trained segmenter fitted to a few corrected photos of the user's, with what that gains on photos left out."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.data.progress import TrainingProgress, part_of
from fieldwright.surrogates.cracks.encoder_domain import EncoderDomain, encoder_features
from fieldwright.surrogates.cracks.segmentation.appearance import Appearance
from fieldwright.surrogates.cracks.segmentation.bound_learning import FEWEST_SURFACES, number_of_surfaces
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter, refuse_unlike_masks
from fieldwright.surrogates.cracks.segmentation.mask_calibration import MaskCalibration
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import Standardised
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import Tallies
from fieldwright.surrogates.cracks.segmentation.segmentation_training import train_segmentation_network
from fieldwright.surrogates.cracks.segmentation.tiles import answer_in_tiles

FOLDS = 2
LEAST_CORRECTED = 4
RATE = 0.5
"""Share of the learning rate that the networks were trained with."""
AVERAGING = 0.95
"""Decay of the running mean of the weights, over so few steps."""
TOLERANCES = (0, 2)

Photos = Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class AdaptationScore:
    """How well one way outlines the corrected photos.

    f1, f1_2px: of all together, exact and within 2 pixels. of_photos: (n,) the latter of each.
    """

    f1: float
    f1_2px: float
    of_photos: np.ndarray


@dataclass(frozen=True, eq=False)
class SegmenterAdaptation:
    """An adapted segmenter beside what it was.

    segmenter: by the better of the two ways, `way`; None where neither is better than the segmenter as it was.
    scores: "before", "threshold", temperature and threshold learned anew, and "weights", networks trained on too;
    each photo is answered by networks and a threshold that it had no part in. steps: of each training.
    """

    segmenter: CrackSegmenter | None
    way: str
    scores: dict[str, AdaptationScore]
    steps: tuple[int, ...]
    cpu_seconds: float


def adapt_segmenter(
    segmenter: CrackSegmenter,
    photos: Photos,
    masks: Photos,
    others: tuple[Photos, Photos],
    *,
    seed: int,
    cpu_minutes: float = 2.0,
    steps: int | None = None,
    progress: TrainingProgress | None = None,
) -> SegmenterAdaptation:
    """Trains on with photos (h, w, 3) uint8 and corrected masks (h, w) bool, and measures what it gains.

    others: photos and masks that it has learned from before, which half of the crops show, so that it does not
    forget them, and which make its domain together with the corrected ones. The networks are trained on three times:
    without either half of the corrected photos, to answer those, and with all of them. cpu_minutes: of processor
    time for these trainings, whichever are fewer with `steps` of each. seed: of halves and crops. Raises ModelError
    for too few photos.
    """
    if len(photos) < LEAST_CORRECTED:
        raise ModelError(
            f"A segmenter must be adapted by at least {LEAST_CORRECTED} photos",
            str(len(photos)),
            "Correct the masks of more",
        )
    refuse_unlike_masks(photos, masks, "corrected")
    fold = np.random.default_rng(seed).permutation(len(photos)) % FOLDS
    device, tile, tolerance = segmenter.device, segmenter.config.tile, segmenter.config.tolerance
    raw: dict[str, list[np.ndarray]] = {
        "threshold": [_answer(segmenter.networks, photo, tile, device) for photo in photos],
        "weights": [np.empty(0)] * len(photos),
    }
    trainings = []
    for k in range(FOLDS + 1):
        rows = np.flatnonzero(fold != k).tolist()
        training = _trained_on(
            segmenter,
            ([photos[i] for i in rows], [masks[i] for i in rows]),
            others,
            seed=seed + k,
            cpu_minutes=cpu_minutes / (FOLDS + 1),
            steps=steps,
            progress=None if progress is None else part_of(progress, k, FOLDS + 1),
        )
        trainings.append(training)
        for i in np.flatnonzero(fold == k).tolist():
            raw["weights"][i] = _answer(training.networks, photos[i], tile, device)
    as_it_is = MaskCalibration(segmenter.temperature, segmenter.description.threshold)
    before = [p >= np.float32(as_it_is.threshold) for p in as_it_is.calibrated(raw["threshold"])]
    scores = {"before": _score(before, masks)}
    for way, probabilities in raw.items():
        scores[way] = _score(_by_others(probabilities, masks, tolerance, seed), masks)
    way = max(scores, key=lambda one: scores[one].f1_2px)
    adapted, steps_taken = None, tuple(step for training in trainings for step in training.steps)
    if way != "before":
        networks = trainings[-1].networks if way == "weights" else segmenter.networks
        calibration = MaskCalibration.fit(raw[way], masks, tolerance, seed)
        adapted = _with(segmenter, networks, calibration, (raw[way], masks), [*others[0], *photos], seed)
        description = adapted.description.model_copy(update={"adapted": len(photos)})
        adapted = replace(adapted, description=description)
        adapted = adapted.with_factors(_surfaces(segmenter, steps_taken))
    return SegmenterAdaptation(
        adapted,
        way,
        scores,
        steps_taken,
        sum(training.cpu_seconds for training in trainings),
    )


def _surfaces(segmenter: CrackSegmenter, steps_taken: tuple[int, ...]) -> int:
    """How many the bounds of measurements are learned from anew: some where there were any, however short it was."""
    config = segmenter.config
    number = number_of_surfaces(sum(steps_taken) * config.batch * config.crop**2)
    return number or (0 if segmenter.factors is None else FEWEST_SURFACES)


@dataclass(frozen=True, eq=False)
class _Training:
    networks: tuple[Standardised, ...]
    steps: tuple[int, ...]
    cpu_seconds: float


def _trained_on(
    segmenter: CrackSegmenter,
    corrected: tuple[list[np.ndarray], list[np.ndarray]],
    others: tuple[Photos, Photos],
    *,
    seed: int,
    cpu_minutes: float,
    steps: int | None,
    progress: TrainingProgress | None,
) -> _Training:
    """The networks trained on, half of the crops from the corrected photos; nothing is chosen by any photo."""
    photos, masks = corrected
    times = max(1, round(len(others[0]) / len(photos)))
    config = segmenter.config.model_copy(
        update={
            "cpu_minutes": cpu_minutes,
            "steps": steps or 10**6,
            "learning_rate": RATE * segmenter.config.learning_rate,
            "averaging": AVERAGING,
            "checks": 1,
        }
    )
    networks = tuple(deepcopy(network) for network in segmenter.networks)
    courses = [
        train_segmentation_network(
            network,
            config,
            [*photos * times, *others[0]],
            [*masks * times, *others[1]],
            # One check, at the end, chooses nothing.
            (photos[:1], masks[:1]),
            seed=seed + FOLDS * k,
            device=segmenter.device,
            progress=None if progress is None else part_of(progress, k, len(networks)),
        )
        for k, network in enumerate(networks)
    ]
    return _Training(
        networks, tuple(course.steps for course in courses), sum(course.cpu_seconds for course in courses)
    )


def _answer(networks: Sequence[Standardised], photo: np.ndarray, tile: int, device: str) -> np.ndarray:
    """The raw probability (h, w)."""
    return answer_in_tiles(networks, photo, tile, device=device).probability


def _by_others(raw: Photos, masks: Photos, tolerance: int, seed: int) -> list[np.ndarray]:
    """The mask of each photo by a temperature and threshold that all others gave."""
    outlines = []
    for i, p in enumerate(raw):
        rows = [k for k in range(len(raw)) if k != i]
        calibration = MaskCalibration.fit([raw[k] for k in rows], [masks[k] for k in rows], tolerance, seed)
        outlines.append(calibration.calibrated([p])[0] >= np.float32(calibration.threshold))
    return outlines


def _score(outlines: Photos, masks: Photos) -> AdaptationScore:
    by_tolerance = {
        tolerance: [
            Tallies.of(one.astype(np.float32), mask, tolerance)
            for one, mask in zip(outlines, masks, strict=True)
        ]
        for tolerance in TOLERANCES
    }
    pooled = {tolerance: reduce(Tallies.__add__, some) for tolerance, some in by_tolerance.items()}
    return AdaptationScore(
        float(pooled[0].f1[0]), float(pooled[2].f1[0]), np.array([one.f1[0] for one in by_tolerance[2]])
    )


def _with(
    segmenter: CrackSegmenter,
    networks: tuple[Standardised, ...],
    calibration: MaskCalibration,
    answered: tuple[Photos, Photos],
    domain: Photos,
    seed: int,
) -> CrackSegmenter:
    """The segmenter with other networks and all that follows from them; domain: photos that are inside."""
    between, measured = calibration.measured(*answered)
    description = segmenter.description.model_copy(
        update={
            "threshold": calibration.threshold,
            "temperature": calibration.temperature.temperature,
            "scores": measured,
        }
    )
    features = [encoder_features(networks[0], photo, segmenter.device) for photo in domain]
    return replace(
        segmenter,
        description=description,
        networks=networks,
        temperature=calibration.temperature,
        appearance=Appearance.fit(domain),
        between=between,
        encoder=EncoderDomain.fit(np.stack(features), seed),
    )
