"""Settings of the network that tells photos with a crack from those without."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fieldwright.surrogates.cracks.augmentation import AugmentationConfig
from fieldwright.surrogates.cracks.backbones.named import Named
from fieldwright.surrogates.cracks.classification.decision import Costs


class WholePhotoAugmentation(AugmentationConfig):
    """How photos differ from pass to pass: little is cut off, since the label is one of the whole photo."""

    scale: tuple[float, float] = (0.7, 1.15)
    contrast: float = Field(default=0.5, ge=0.0, lt=1.0)
    colour: float = Field(default=0.15, ge=0.0, lt=1.0)
    grey: float = Field(default=0.4, ge=0.0, le=1.0)


class CrackCnnConfig(BaseModel):
    """Settings of a small ensemble of convolutional networks, from a photo to the probability of a crack.

    size: side in pixels of the square that a photo, or a patch of a large one, is brought to.
    patch: side in photo pixels of the patches that large photos are looked at in; the usual shorter side of
        the training photos if not given.
    widths: channels at half, quarter, ... resolution. members: networks, which differ by their first weights
        and by the order and the augmentation of the photos.
    dropout: share of the pooled features that each step leaves out.
    epochs: passes over the photos at most. patience: passes without a lower validation loss before it stops.
    batch: photos of one step.
    learning_rate: of AdamW; it rises over the first twentieth of the steps and falls to zero as a cosine.
    weight_decay: of AdamW. half: products in bfloat16 while training where the processor has them, None for
        where it does.
    class_weights: "balanced" weighs both classes alike however many photos they have, "none" each photo
        alike.
    augmentation: how photos differ from pass to pass.
    coverage: nominal coverage of the band round each probability.
    costs: of a missed crack and of a false alarm; they set the threshold.
    backbone: what is learned from in place of widths: "efficientnet-lite0", which was trained on ImageNet and
        comes along, or a safetensors file of a residual network (conv1, bn1, layer1, ...) or of an
        EfficientNet-Lite.
        frozen: it keeps its weights, and the last layer alone is learned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["crack_cnn"] = "crack_cnn"
    size: int = Field(default=112, ge=32, le=1024)
    patch: int | None = Field(default=None, ge=32)
    widths: tuple[Annotated[int, Field(ge=4, le=512)], ...] = Field(
        default=(12, 24, 48, 96), min_length=2, max_length=6
    )
    members: int = Field(default=3, ge=2, le=10)
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    epochs: int = Field(default=24, ge=1)
    patience: int = Field(default=8, ge=1)
    batch: int = Field(default=32, ge=2)
    learning_rate: float = Field(default=3e-3, gt=0.0)
    weight_decay: float = Field(default=1e-2, ge=0.0)
    half: bool | None = None
    class_weights: Literal["balanced", "none"] = "balanced"
    augmentation: WholePhotoAugmentation = WholePhotoAugmentation()
    coverage: float = Field(default=0.9, gt=0.0, lt=1.0)
    costs: Costs = Costs()
    backbone: Named | Path | None = None
    frozen: bool = True

    @model_validator(mode="after")
    def _room_for_every_stage(self) -> Self:
        least = 2 ** len(self.widths)
        if self.size < 2 * least:
            raise ValueError(f"'size' must be at least {2 * least} for {len(self.widths)} widths")
        return self
