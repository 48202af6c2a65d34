"""Settings of the network that outlines cracks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fieldwright.surrogates.cracks.augmentation import AugmentationConfig
from fieldwright.surrogates.cracks.backbones.named import Named
from fieldwright.surrogates.cracks.segmentation.losses import loss_named

COARSEST_OF_BACKBONE = 32
"""Pixels of the photo to one of a backbone's last layer, along a side."""


class CrackUNetConfig(BaseModel):
    """Settings of an ensemble of U-Nets, from a photo to the probability of crack at each pixel.

    architecture: "residual", "separable", the small network of the literature (2.06 million weights with widths
    32, 64, 128, 256), or "plain", the U-Net to compare with.
    widths: channels at half, quarter, ... resolution, of a plain network at full, half, ... resolution.
    blocks: residual blocks of a level, in the encoder and in the decoder each.
    members: networks, which differ by their first weights and their crops; where they disagree is uncertain.
    loss: "bce", "focal", "dice" or "iou", or several joined by "+". deep_supervision: weight of the same loss at the
    coarser levels of a residual network.
    crop: side of the training crops in pixels, a multiple of 2 to the number of widths, of 32 with a backbone.
    batch: crops of one step. on_crack: share of the crops that are placed on a crack. augmentation: how crops
    differ from photos.
    steps: of AdamW for each network at most. cpu_minutes: of processor time for all networks together (of elapsed
    time on a GPU), after which training ends, if sooner; the learning rate follows whichever is further.
    learning_rate: it rises over the first twentieth of the training and falls to zero as a cosine.
    weight_decay: of AdamW. averaging: decay of the running mean of the weights, which is what is kept.
    checks: of the validation photos, evenly over the second half of the training; the best weights are kept.
    patience: checks without a better one after which training stops early.
    tolerance: in pixels, of the F1 that chooses weights and threshold. half: products in bfloat16 while training
    where the processor has them, None for where it does.
    backbone: encoder in place of widths and blocks: "efficientnet-lite0", which was trained on ImageNet and comes
    along, or a safetensors file of a residual network (conv1, bn1, layer1, ...) or of an EfficientNet-Lite. frozen:
    the backbone's weights stay as they are.
    tile: side of the pieces in pixels in which larger photos are answered.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["crack_unet"] = "crack_unet"
    architecture: Literal["residual", "separable", "plain"] = "residual"
    widths: tuple[Annotated[int, Field(ge=4, le=512)], ...] = Field(
        default=(24, 48, 96, 128), min_length=2, max_length=6
    )
    blocks: int = Field(default=1, ge=1, le=8)
    members: int = Field(default=1, ge=1, le=10)
    loss: str = "bce+dice"
    deep_supervision: float = Field(default=0.0, ge=0.0)
    crop: int = Field(default=160, ge=16)
    batch: int = Field(default=8, ge=1)
    on_crack: float = Field(default=0.5, ge=0.0, le=1.0)
    augmentation: AugmentationConfig = AugmentationConfig(
        scale=(0.5, 1.5), brightness=0.2, contrast=0.5, gamma=0.5
    )
    steps: int = Field(default=3000, ge=1)
    cpu_minutes: float | None = Field(default=None, gt=0.0)
    learning_rate: float = Field(default=3e-3, gt=0.0)
    weight_decay: float = Field(default=1e-2, ge=0.0)
    averaging: float = Field(default=0.99, ge=0.0, lt=1.0)
    checks: int = Field(default=6, ge=1)
    patience: int = Field(default=4, ge=1)
    tolerance: int = Field(default=0, ge=0, le=20)
    half: bool | None = None
    backbone: Named | Path | None = None
    frozen: bool = False
    tile: int = Field(default=1536, ge=64)

    @field_validator("loss")
    @classmethod
    def _known_loss(cls, value: str) -> str:
        loss_named(value)
        return value

    @model_validator(mode="after")
    def _crops_halve_to_the_coarsest_level(self) -> Self:
        multiple = COARSEST_OF_BACKBONE if self.backbone is not None else 2 ** len(self.widths)
        if self.crop % multiple:
            raise ValueError(f"'crop' must be a multiple of {multiple}, a pixel of the coarsest level")
        return self
