"""The study file of a study that learns to classify or to outline cracks from photos."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from fieldwright.data.environment import home
from fieldwright.data.photos.collection import layout_for
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.photo_sections import (
    LEAST,
    METRICS,
    Generator,
    Kind,
    Labels,
    MistakeCosts,
    PhotoPromotion,
    Photos,
    Split,
)
from fieldwright.flows.watching.listing import WatchedPlaces
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.decision import Costs
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

Candidate = Annotated[CrackCnnConfig | CrackUNetConfig, Field(discriminator="kind")]
CANDIDATES: dict[Kind, str] = {"classification": "crack_cnn", "segmentation": "crack_unet"}


class PhotoStudy(StudyFile):
    """A study of photos: photos with labels in, champion out."""

    subject: ClassVar[str] = "photos"

    kind: Kind = Field(
        description="`classification`: whether a photo shows a crack; `segmentation`: where it is, pixel by pixel."
    )
    photos: Photos | None = None
    generator: Generator | None = None
    labels: Labels | None = None
    split: Split = Split.model_validate({})
    candidates: tuple[Candidate, ...] = Field(
        (), description="The models to train and compare; one with its defaults if left out."
    )
    costs: MistakeCosts | None = None
    promotion: PhotoPromotion = PhotoPromotion.model_validate({})

    @property
    def limits(self) -> PhotoPromotion:
        """What `[promotion]` asks of a version."""
        return self.promotion

    @model_validator(mode="before")
    @classmethod
    def _one_candidate_at_least(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("candidates") and values.get("kind") in CANDIDATES:
            return values | {"candidates": ({"kind": CANDIDATES[values["kind"]]},)}
        return values

    @model_validator(mode="after")
    def _there_are_photos(self) -> PhotoStudy:
        if self.photos is None and self.generator is None:
            raise ValueError(
                "a study of photos must have a collection in `[photos]`, a `[generator]`, or both"
            )
        return self

    @model_validator(mode="after")
    def _candidates_learn_this_kind(self) -> PhotoStudy:
        kind = CANDIDATES[self.kind]
        for candidate in self.candidates:
            if candidate.kind != kind:
                raise ValueError(
                    f"a {self.kind} must have candidates of the kind '{kind}': '{candidate.kind}'"
                )
        return self

    @model_validator(mode="after")
    def _metrics_are_of_this_kind(self) -> PhotoStudy:
        metric, metrics, least = self.promotion.metric, METRICS[self.kind], LEAST[self.kind]
        if metric is not None and metric not in metrics:
            raise ValueError(
                f"'promotion.metric' of a {self.kind} must be among {', '.join(metrics)}: '{metric}'"
            )
        for name in self.promotion.least:
            if name not in least:
                raise ValueError(
                    f"'promotion.least' of a {self.kind} must name any of {', '.join(least)}: '{name}'"
                )
        return self

    @model_validator(mode="after")
    def _labels_are_masks_of_photos(self) -> PhotoStudy:
        if self.labels is not None and (self.kind != "segmentation" or self.photos is None):
            raise ValueError("`[labels]` are the masks of a segmentation of `[photos]`: there are none")
        return self

    @model_validator(mode="after")
    def _costs_are_of_decisions(self) -> PhotoStudy:
        if self.costs is not None and self.kind != "classification":
            raise ValueError("`[costs]` are those of a classification's decisions: a segmentation has none")
        return self

    def check(self) -> None:
        """Raises PhotoError where the folder has no layout known here."""
        photos = self.photos
        if photos is not None:
            layout_for(self.beside(photos.folder), photos.reader, photos.photos, photos.masks)

    def watched(self) -> WatchedPlaces:
        """The folder of the photos, complete as a whole: copies of a photo may lie anywhere in it."""
        folder = None if self.photos is None else self.beside(self.photos.folder)
        return WatchedPlaces(folder, None, (self.path,))

    @property
    def metric(self) -> str:
        """What candidates are compared by; lower is better."""
        return self.promotion.metric or METRICS[self.kind][0]

    @property
    def configs(self) -> tuple[CrackCnnConfig | CrackUNetConfig, ...]:
        """The candidates, with what the study says of costs, and with paths that hold anywhere."""
        return tuple(self._with_costs_and_path(candidate) for candidate in self.candidates)

    def _with_costs_and_path(
        self, candidate: CrackCnnConfig | CrackUNetConfig
    ) -> CrackCnnConfig | CrackUNetConfig:
        updates: dict[str, Any] = {}
        if self.costs is not None:
            updates["costs"] = Costs(miss=self.costs.miss, alarm=self.costs.alarm)
        if isinstance(candidate.backbone, Path):
            updates["backbone"] = self.beside(candidate.backbone)
        return candidate.model_copy(update=updates)

    @property
    def catalogue_path(self) -> Path:
        """The catalogue of the photos that candidates are evaluated by."""
        folder = home() / "stores" / self.name if self.photos is not None else self.generated_path
        return folder / "photos.sqlite"

    @property
    def generated_path(self) -> Path:
        """Where the drawn photos lie; other settings are another folder."""
        settings = "" if self.generator is None else self.generator.model_dump_json(exclude={"photos"})
        digest = hashlib.sha256(f"{self.seed} {settings}".encode()).hexdigest()[:12]
        return home() / "stores" / self.name / f"generated-{digest}"
