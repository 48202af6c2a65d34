"""The trained segmenter: a photo of any size in, a calibrated map of the probability of crack out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import torch

from fieldwright.data.errors import ModelError
from fieldwright.data.progress import TrainingProgress, part_of
from fieldwright.surrogates.cracks.encoder_domain import WARNING, EncoderDomain, encoder_features
from fieldwright.surrogates.cracks.measurement.bound_factors import BoundFactors, MeasurementFactors
from fieldwright.surrogates.cracks.photo_check import checked_photo
from fieldwright.surrogates.cracks.segmentation.appearance import Appearance
from fieldwright.surrogates.cracks.segmentation.bound_learning import (
    drawn_surfaces,
    learn_factors,
    number_of_surfaces,
)
from fieldwright.surrogates.cracks.segmentation.folded_norms import with_folded_norms
from fieldwright.surrogates.cracks.segmentation.mask_calibration import MaskCalibration
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import (
    Standardised,
    segmentation_network,
)
from fieldwright.surrogates.cracks.segmentation.segmentation_result import (
    Segmentation,
    SegmenterDescription,
)
from fieldwright.surrogates.cracks.segmentation.segmentation_training import train_segmentation_network
from fieldwright.surrogates.cracks.segmentation.spread_between_photos import LEVELS
from fieldwright.surrogates.cracks.segmentation.threshold_trust import threshold_warning
from fieldwright.surrogates.cracks.segmentation.tiles import TiledPrediction, answer_in_tiles, count_tiles
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig
from fieldwright.surrogates.cracks.temperature import Temperature
from fieldwright.surrogates.families import SEGMENTATION
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.persistence.states import part, prefixed

TABULATED = ("probability", "std", "mask", "inside")
SYMMETRIES = 8

Photos = Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class CrackSegmenter:
    """Networks -> mean log-odds -> temperature -> probability; see `segment`.

    between: (256,) standard deviation by probability, from `spread_between_photos`. encoder: None in artifacts that
    were written before there was one, and where too few photos were given to have one. factors: of the bounds of what
    is measured on an answer; None in artifacts that were written before there were any, and after short trainings.
    """

    description: SegmenterDescription
    config: CrackUNetConfig
    networks: tuple[Standardised, ...]
    temperature: Temperature
    appearance: Appearance
    between: np.ndarray
    device: str = "cpu"
    encoder: EncoderDomain | None = None
    factors: MeasurementFactors | None = None

    @classmethod
    def train(
        cls,
        config: CrackUNetConfig,
        photos: Photos,
        masks: Photos,
        *,
        validation: tuple[Photos, Photos],
        weights: np.ndarray | None = None,
        seed: int,
        name: str,
        progress: TrainingProgress | None = None,
        device: str = "cpu",
    ) -> Self:
        """Learns from photos (h, w, 3) uint8 with masks (h, w) bool; the validation photos choose and calibrate.

        weights: (n,) in (0, 1], how often each photo is learned from; as often as the others if None.
        seed: of weights and crops; the same seed and `steps` give the same networks on the same machine, a limit in
        `cpu_minutes` does not. progress: called with the share that is done.
        Raises ModelError where masks do not fit their photos, or where the training or the validation photos have no
        crack.
        """
        refuse_unlike_masks(photos, masks, "training")
        refuse_unlike_masks(*validation, "validation")
        networks = [segmentation_network(config, seed + k) for k in range(config.members)]
        colours = np.concatenate([photo[::4, ::4].reshape(-1, 3) for photo in photos]) / 255.0
        courses = []
        for k, network in enumerate(networks):
            network.standardise(colours.mean(axis=0), colours.std(axis=0))
            progress_of_member = None if progress is None else part_of(progress, k, config.members)
            courses.append(
                train_segmentation_network(
                    network,
                    config,
                    photos,
                    masks,
                    validation,
                    seed=seed + k,
                    weights=weights,
                    device=device,
                    progress=progress_of_member,
                )
            )
        validation_photos, truths = validation
        raw = [
            answer_in_tiles(networks, photo, config.tile, device=device).probability
            for photo in validation_photos
        ]
        calibration = MaskCalibration.fit(raw, truths, config.tolerance, seed)
        between, measured = calibration.measured(raw, truths)
        description = SegmenterDescription(
            name=name,
            kind=config.kind,
            seed=seed,
            n_photos=len(photos),
            n_validation=len(validation_photos),
            threshold=calibration.threshold,
            temperature=calibration.temperature.temperature,
            weights=sum(one.numel() for network in networks for one in network.parameters()),
            steps=tuple(course.steps for course in courses),
            cpu_seconds=tuple(round(course.cpu_seconds, 1) for course in courses),
            scores=measured,
            settings={"candidate": config.model_dump(mode="json")},
            notes=_notes(config),
        )
        appearance = Appearance.fit([*photos, *validation_photos])
        features = [encoder_features(networks[0], photo, device) for photo in (*photos, *validation_photos)]
        encoder = EncoderDomain.fit(np.stack(features), seed)
        trained = cls(
            description,
            config,
            tuple(networks),
            calibration.temperature,
            appearance,
            between,
            device,
            encoder,
        )
        return trained.with_factors(
            number_of_surfaces(sum(description.steps) * config.batch * config.crop**2)
        )

    def with_factors(self, surfaces: int) -> Self:
        """With factors of the bounds of measurements, learned from so many drawn surfaces; without any from none."""
        if not surfaces:
            return replace(self, factors=None)
        factors = learn_factors(self.segment, drawn_surfaces(surfaces, self.description.seed))
        return replace(self, factors=factors)

    @cached_property
    def answering_networks(self) -> tuple[Standardised, ...]:
        """The networks as they answer: the same to rounding, and sooner."""
        return tuple(with_folded_norms(network) for network in self.networks)

    def predict(self, photos: Photos, *, augmented: bool = False) -> list[Segmentation]:
        """Where photos show cracks, one after the other; see `segment`."""
        return [self.segment(photo, augmented=augmented) for photo in photos]

    def tabulate(self, inputs: Photos) -> dict[str, np.ndarray]:
        """What is said of each of the photos (q, h, w, 3) uint8, by name."""
        answers = self.predict(inputs)
        return {name: np.stack([getattr(answer, name) for answer in answers]) for name in TABULATED}

    def example(self) -> None:
        """None: a photo is no row of a table."""

    def segment(
        self,
        photo: np.ndarray,
        *,
        augmented: bool = False,
        threshold: float | None = None,
        progress: Callable[[int, int], None] | None = None,
        at_a_time: int = 1,
    ) -> Segmentation:
        """Where a photo (h, w, 3) uint8 of any size shows cracks.

        augmented: the mean over the photo's eight turned and mirrored views, at eight times the cost.
        threshold: in place of the model's own.
        progress: called with tiles done and tiles in all. at_a_time: so many tiles, each on a core. Raises QueryError
        for a photo that is none.
        """
        photo = checked_photo(photo)
        answer = self.answer(photo, augmented, progress, at_a_time)
        probability, std = answer.probability, answer.spread
        # Row by row, so that no further array of the photo's size is needed.
        for p, spread in zip(probability, std, strict=True):
            np.hypot(spread, self.between[(p * (LEVELS - 1)).astype(np.uint8)], out=spread)
        why, warning = self.likeness(photo)
        if threshold is None:
            threshold = self.description.threshold
            distrust = threshold_warning(probability, threshold)
            warning = "; ".join(one for one in (warning, distrust) if one) or None
        mask = probability >= np.float32(threshold)
        return Segmentation(probability, std, mask, why is None, why, warning, threshold)

    def count_tiles(self, shape: tuple[int, int]) -> int:
        """Tiles in which `segment` answers a photo of this height and width."""
        return count_tiles(self.networks, shape, self.config.tile)

    def likeness(self, photo: np.ndarray) -> tuple[str | None, str | None]:
        """Why a photo (h, w, 3) uint8 is unlike the training photos, and else what to beware of; None for nothing.

        The appearance speaks first, since it names the trait.
        """
        distance, why = self.appearance.outside(photo)
        if distance > 1.0 or self.encoder is None:
            return why, None
        distance = self.encoder.outside(encoder_features(self.networks[0], photo, self.device))
        if distance > 1.0:
            return (
                f"the network's features of the photo are {distance:.2g} times as far off as the limit",
                None,
            )
        return None, WARNING if distance > self.encoder.near else None

    def answer(
        self,
        photo: np.ndarray,
        augmented: bool = False,
        progress: Callable[[int, int], None] | None = None,
        at_a_time: int = 1,
    ) -> TiledPrediction:
        """The calibrated probability and the networks' own spread alone."""
        return answer_in_tiles(
            self.answering_networks,
            photo,
            self.config.tile,
            slope=1.0 / self.temperature.temperature,
            bias=self.temperature.bias,
            symmetries=SYMMETRIES if augmented else 1,
            device=self.device,
            progress=progress,
            at_a_time=at_a_time,
        )

    def save(self, folder: Path) -> None:
        """Writes the artifact, a folder of JSON and safetensors with checksums; raises ModelError."""
        arrays = {"between": self.between}
        for prefix, fitted in (("temperature.", self.temperature), ("appearance.", self.appearance)):
            arrays |= prefixed(prefix, fitted.state())
        if self.encoder is not None:
            arrays |= prefixed("encoder.", self.encoder.state())
        if self.factors is not None:
            for name, factors in vars(self.factors).items():
                arrays |= prefixed(f"bounds.{name}.", factors.state())
        for k, network in enumerate(self.networks):
            weights = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
            arrays |= prefixed(f"network{k}.", weights)
        write_artifact(
            folder, SEGMENTATION.artifact, {"description": self.description.model_dump(mode="json")}, arrays
        )

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """Restores what `save` wrote; raises ModelError on damage or an unknown version."""
        model, arrays = read_artifact(folder, SEGMENTATION.artifact)
        description = SegmenterDescription.model_validate(model["description"])
        config = CrackUNetConfig.model_validate(description.settings["candidate"])
        encoder, bounds = part(arrays, "encoder."), part(arrays, "bounds.")
        networks = []
        for k in range(config.members):
            weights = part(arrays, f"network{k}.")
            state = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
            network = segmentation_network(config, description.seed + k, state)
            network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            networks.append(network)
        return cls(
            description,
            config,
            tuple(networks),
            Temperature.restore(part(arrays, "temperature.")),
            Appearance.restore(part(arrays, "appearance.")),
            arrays["between"],
            device,
            EncoderDomain.restore(encoder) if encoder else None,
            _factors(bounds) if bounds else None,
        )


def _factors(arrays: dict[str, np.ndarray]) -> MeasurementFactors:
    return MeasurementFactors(
        *(BoundFactors.restore(part(arrays, f"{name}.")) for name in MeasurementFactors.__annotations__)
    )


def refuse_unlike_masks(photos: Photos, masks: Photos, which: str) -> None:
    """Raises ModelError where masks do not fit their photos, or show no crack at all."""
    shapes = [(photo.shape, mask.shape) for photo, mask in zip(photos, masks, strict=False)]
    unlike = [f"{photo} and {mask}" for photo, mask in shapes if photo[:2] != mask or photo[2:] != (3,)]
    if len(photos) != len(masks) or unlike:
        raise ModelError(
            f"Each {which} photo (h, w, 3) must have a mask (h, w)",
            unlike[0] if unlike else f"{len(photos)} photos and {len(masks)} masks",
            "Give one mask of the photo's size for each photo",
        )
    if not any(mask.any() for mask in masks):
        raise ModelError(
            f"The {which} photos must show cracks",
            f"{len(photos)} photos with no crack pixel",
            "Add photos with cracks",
        )


def _notes(config: CrackUNetConfig) -> tuple[str, ...]:
    if config.members > 1:
        return ()
    return (
        "one network cannot disagree with itself: the std shows the validation photos' differences alone",
    )
