"""The trained crack classifier: photos in, calibrated probabilities of a crack out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from scipy.special import expit

from fieldwright.data.progress import TrainingProgress
from fieldwright.surrogates.cracks.classification.adaptation import Adaptation, adapted_heads
from fieldwright.surrogates.cracks.classification.class_prediction import (
    ClassPrediction,
    spread_of_probability,
)
from fieldwright.surrogates.cracks.classification.classification_metrics import metrics_of
from fieldwright.surrogates.cracks.classification.classifier_description import (
    ClassifierDescription,
)
from fieldwright.surrogates.cracks.classification.cnn_answers import network_answers
from fieldwright.surrogates.cracks.classification.cnn_network import PhotoNetwork, network_again
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.cnn_training import train_ensemble
from fieldwright.surrogates.cracks.classification.patches import boxes, patch_image
from fieldwright.surrogates.cracks.classification.photo_labels import checked_labels
from fieldwright.surrogates.cracks.classification.prevalence import shift
from fieldwright.surrogates.cracks.network_spread import NetworkSpread
from fieldwright.surrogates.cracks.photo_check import checked_photo
from fieldwright.surrogates.cracks.photo_domain import PhotoDomain
from fieldwright.surrogates.cracks.temperature import Temperature
from fieldwright.surrogates.families import CLASSIFICATION
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.persistence.states import part, prefixed

LEAST_PHOTOS = 8
"""Of each class, to learn from."""
COARSE = 4.0
"""Factor of shrinking from which on a note says that thin cracks are lost."""
TABULATED = ("probability", "std", "lower", "upper", "inside", "outside", "crack")
BLOCK = 256
"""Photos whose patches are held in memory at once."""


@dataclass(frozen=True, eq=False)
class CrackClassifier:
    """Photo -> patches -> networks -> mean of their log-odds -> temperature and bias -> prevalence ->
    probability.

    The photo's probability is the largest of its patches: of the event that at least one shows a crack it is
    the lower bound that holds however patches depend on each other, and overlapping ones do; 1 - prod(1 - p)
    takes them as independent and would add up hundreds of tiny false probabilities to an alarm.

    The band joins what another training would change, by the spread of the networks, and what the validation
    photos leave open of temperature and bias.
    """

    description: ClassifierDescription
    networks: tuple[PhotoNetwork, ...]
    temperature: Temperature
    domain: PhotoDomain
    spread: NetworkSpread
    device: str = "cpu"

    @classmethod
    def train(
        cls,
        config: CrackCnnConfig,
        photos: Sequence[np.ndarray],
        cracked: np.ndarray,
        *,
        validation: tuple[Sequence[np.ndarray], np.ndarray],
        seed: int,
        name: str,
        progress: TrainingProgress | None = None,
        device: str = "cpu",
    ) -> Self:
        """Learns from photos (h, w, 3) uint8 each and labels (n,) bool; each photo is looked at whole.

        validation: photos and labels that no network learns from; they stop the training and set temperature,
        bias and the border of the domain. progress: called with epochs done and their greatest number, over
        all networks. Raises ModelError where photos are too few, one class is absent or labels do not fit,
        and QueryError for a photo that is none.
        """
        cracked, validation_cracked = (
            checked_labels(photos, cracked, LEAST_PHOTOS),
            checked_labels(*validation, 1),
        )
        patch = config.patch or int(np.median([min(photo.shape[:2]) for photo in photos]))
        inputs, validation_inputs = (
            [_whole_photo(photo, config.size) for photo in some] for some in (photos, validation[0])
        )
        networks, losses = train_ensemble(
            config,
            inputs,
            cracked,
            (validation_inputs, validation_cracked),
            seed=seed,
            device=device,
            progress=progress,
        )
        _, features, _ = network_answers(networks, inputs, device)
        validation_logits, validation_features, _ = network_answers(networks, validation_inputs, device)
        temperature = Temperature.fit(validation_logits.mean(axis=0), validation_cracked)
        probability = expit(temperature.calibrated(validation_logits.mean(axis=0)))
        description = ClassifierDescription(
            name=name,
            kind=config.kind,
            n_photos=len(photos),
            n_cracks=int(cracked.sum()),
            size=config.size,
            patch=patch,
            prevalence=temperature.prevalence,
            threshold=config.costs.threshold,
            temperature=temperature.temperature,
            coverage=config.coverage,
            errors=metrics_of(validation_cracked, probability, config.costs.threshold).summary(),
            losses=losses,
            seed=seed,
            settings={"candidate": config.model_dump(mode="json")},
            notes=_notes(patch / config.size),
        )
        return cls(
            description,
            networks,
            temperature,
            PhotoDomain.fit(features, cracked, validation_features),
            NetworkSpread.fit(temperature.calibrated(validation_logits)),
            device,
        )

    def predict(self, photos: Sequence[np.ndarray], *, prevalence: float | None = None) -> ClassPrediction:
        """Answers q photos, (h, w, 3) uint8 of any sizes from 32 pixels.

        prevalence: share of cracked photos where these come from (of cracked patches, where they are large);
        that of the validation photos if None. Raises QueryError for a photo that is none and a prevalence
        outside 0 to 1.
        """
        moved = 0.0 if prevalence is None else shift(self.temperature.prevalence, prevalence)
        logits, outside, where, why = [], [], [], []
        for start in range(0, len(photos), BLOCK):
            block = [checked_photo(photo) for photo in photos[start : start + BLOCK]]
            places = [boxes(photo.shape, self.description.patch) for photo in block]
            views = [
                patch_image(photo, box, self.description.size)
                for photo, some in zip(block, places, strict=True)
                for box in some
            ]
            every, features, _ = network_answers(self.networks, views, self.device)
            distance, first = self.domain.outside(features), 0
            for some in places:
                rows = slice(first, first + len(some))
                first += len(some)
                deciding = int(every[:, rows].mean(axis=0).argmax())
                logits.append(every[:, rows][:, deciding])
                outside.append(_distance(distance[rows], deciding))
                where.append(some[deciding])
                why.append(_why(distance[rows], deciding))
        members = np.reshape(logits, (-1, len(self.networks))).T
        mean = members.mean(axis=0)
        log_odds = self.temperature.calibrated(mean) + moved
        variance = self.spread.variance(self.temperature.calibrated(members))
        deviation = np.sqrt(variance + self.temperature.variance(mean))
        std, lower, upper = spread_of_probability(log_odds, deviation, self.description.coverage)
        probability, far = expit(log_odds), np.array(outside, dtype=np.float64)
        return ClassPrediction(
            probability=probability,
            std=std,
            lower=lower,
            upper=upper,
            inside=far <= 1.0,
            crack=probability >= self.description.threshold,
            outside=far,
            why=tuple(why),
            where=np.array(where, dtype=np.int64).reshape(-1, 4),
        )

    def tabulate(self, inputs: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """What is said of each of the photos (q, h, w, 3) uint8, by name."""
        answer = self.predict(inputs)
        return {name: getattr(answer, name) for name in TABULATED}

    def example(self) -> None:
        """None: a photo is no row of a table."""

    def adapted(
        self,
        photos: Sequence[np.ndarray],
        cracked: np.ndarray,
        *,
        seed: int,
        how: Adaptation = "last_layer",
    ) -> Self:
        """A classifier for the user's own surfaces, from a few dozen photos and labels (n,) bool of theirs.

        how: "calibration" learns temperature and bias anew, two numbers; "last_layer" first moves the
        networks' last layers, by logistic regression whose penalty is chosen by cross-validation, and then
        calibrates by predictions for photos left out. seed: of the folds. The photos count as inside from
        then on. Raises ModelError for too few photos of a class, and QueryError for a photo that is none.
        """
        cracked = checked_labels(photos, cracked, LEAST_PHOTOS)
        inputs = [_whole_photo(photo, self.description.size) for photo in photos]
        logits, features, last = network_answers(self.networks, inputs, self.device)
        networks = self.networks
        if how == "last_layer":
            networks, logits = adapted_heads(networks, last, cracked, seed)
        temperature = Temperature.fit(logits.mean(axis=0), cracked)
        probability = expit(temperature.calibrated(logits.mean(axis=0)))
        description = self.description.model_copy(
            update={
                "prevalence": temperature.prevalence,
                "temperature": temperature.temperature,
                "errors": metrics_of(cracked, probability, self.description.threshold).summary(),
                "adapted": len(photos),
                "adaptation": how,
            }
        )
        return replace(
            self,
            description=description,
            networks=networks,
            temperature=temperature,
            domain=self.domain.widened(features, cracked),
            spread=NetworkSpread.fit(temperature.calibrated(logits)),
        )

    def save(self, folder: Path) -> None:
        """Writes the artifact, a folder of JSON and safetensors with checksums; raises ModelError."""
        arrays = prefixed("temperature.", self.temperature.state()) | prefixed("domain.", self.domain.state())
        arrays["spread"] = self.spread.numbers
        for index, network in enumerate(self.networks):
            weights = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
            arrays |= prefixed(f"network.{index}.", weights)
        write_artifact(
            folder, CLASSIFICATION.artifact, {"description": self.description.model_dump(mode="json")}, arrays
        )

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """Restores what `save` wrote, bit for bit; raises ModelError on damage or an unknown version."""
        model, arrays = read_artifact(folder, CLASSIFICATION.artifact)
        description = ClassifierDescription.model_validate(model["description"])
        config = CrackCnnConfig.model_validate(description.settings["candidate"])
        networks = tuple(
            network_again(config, part(arrays, f"network.{index}.")).to(device)
            for index in range(config.members)
        )
        return cls(
            description,
            networks,
            Temperature.restore(part(arrays, "temperature.")),
            PhotoDomain.restore(part(arrays, "domain.")),
            NetworkSpread(arrays["spread"]),
            device,
        )


def _whole_photo(photo: np.ndarray, size: int) -> np.ndarray:
    """All of a photo as the networks see it."""
    photo = checked_photo(photo)
    return patch_image(photo, (0, 0, *photo.shape[:2]), size)


def _distance(outside: np.ndarray, deciding: int) -> float:
    """How far outside a photo lies, from distances (patches,) of which one decided.

    That patch must lie inside, and so must half of all: among what is unlike a crack could have been missed.
    """
    return max(float(outside[deciding]), float(np.sort(outside)[(len(outside) - 1) // 2]))


def _why(outside: np.ndarray, deciding: int) -> str | None:
    """What speaks against trusting the answer; None where the photo is inside."""
    if _distance(outside, deciding) <= 1.0:
        return None
    if outside[deciding] > 1.0:
        return f"it lies {outside[deciding]:.2g} times as far from the training photos as photos like them do"
    return f"{int((outside > 1.0).sum())} of its {len(outside)} patches do not resemble the training photos"


def _notes(shrunk: float) -> tuple[str, ...]:
    """The note on photos that are shrunk by that factor."""
    if shrunk <= COARSE:
        return ()
    return (
        f"Photos are shrunk {shrunk:.1f} times: cracks thinner than about {shrunk:.0f} pixels may be lost. "
        "Raise 'size', or cut the photos into tiles with labels of their own.",
    )
