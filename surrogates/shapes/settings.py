"""Settings of the network for runs whose shape varies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class UNetConfig(BaseModel):
    """Settings of an ensemble of U-Nets, from the signed distance to a body to the fields around it.

    members: networks, which differ by their first weights and by the order of the shapes.
    widths: channels at half, quarter, ... resolution, from the finest to the coarsest.
    steps: of AdamW for each network. batch: shapes of one step.
    learning_rate: it rises over the first twentieth of the steps and falls to zero as a cosine.
    weight_decay: of AdamW.
    held_out: share of the shapes that no network is trained on: they evaluate the candidate and calibrate its bands.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["unet"] = "unet"
    members: int = Field(default=3, ge=2, le=10)
    widths: tuple[Annotated[int, Field(ge=4, le=512)], ...] = Field(
        default=(16, 32, 64, 96), min_length=2, max_length=6
    )
    steps: int = Field(default=3000, ge=1)
    batch: int = Field(default=4, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0.0)
    weight_decay: float = Field(default=1e-3, ge=0.0)
    held_out: float = Field(default=0.2, gt=0.0, lt=0.9)
