"""What every backbone is: a network without its last layer, as an encoder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import torch
from torch import nn


class Backbone(nn.Module, ABC):
    """Feature maps of photos, standardised by the colour_mean and colour_std in [0, 1] of those that it learned from.

    frozen: the weights and the running means stay as they are.
    widths: channels of its maps at half, quarter, ... resolution. decoder_widths: those with which a decoder goes
    on. reach: no map depends on a pixel further away.
    """

    colour_mean: ClassVar[tuple[float, ...]]
    colour_std: ClassVar[tuple[float, ...]]
    widths: tuple[int, ...]
    decoder_widths: tuple[int, ...]
    reach: int

    def __init__(self, frozen: bool) -> None:
        super().__init__()
        self.frozen = frozen

    @abstractmethod
    def maps(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Maps (n, widths[k], h / 2^(k + 1), w / 2^(k + 1)) of photos (n, 3, h, w), the finest first."""

    def train(self, mode: bool = True) -> Self:
        """A frozen backbone always answers as it was trained."""
        return super().train(mode and not self.frozen)
