"""Random Fourier features: waves of Gaussian frequency, of one scale or several, with the scale fixed or trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor


class FourierFeatures(torch.nn.Module):
    """cos(B z), sin(B z) with B ~ N(0, scale^2) of each scale in a branch of its own: (n, scales, 2 count).

    z: (n, d), about in [-1, 1]; a scale is therefore in radians for half the width of the domain.
    revealed: the part of the waves that the layers see, the slow ones first: wave j of m counts by
    (1 - cos(pi clip(revealed m - j, 0, 1))) / 2.

    Source: Tancik et al., Fourier Features Let Networks Learn High Frequency Functions, NeurIPS 2020; branches of
    several scales: Wang, Wang and Perdikaris, Comput. Methods Appl. Mech. Eng. 384 (2021) 113938; waves shown one
    after the other: Park et al., Nerfies, ICCV 2021, equation 8.
    """

    frequencies: Tensor
    revealed: Tensor

    def __init__(
        self, n_in: int, scales: Sequence[float], count: int, trained: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self._trained = trained
        unit = torch.randn(len(scales), count, n_in, generator=generator, dtype=torch.float64)
        order = unit.norm(dim=2).argsort(dim=1)
        unit = torch.take_along_dim(unit, order[:, :, None], dim=1)
        size = torch.tensor(list(scales), dtype=torch.float64)
        self.register_buffer("frequencies", size[:, None, None] * unit)
        self.register_buffer("revealed", torch.ones((), dtype=torch.float64))

    def initial(self) -> list[Tensor]:
        """The logarithm of each scale's factor (scales, 1), zero at first, if the scales are trained."""
        if not self._trained:
            return []
        return [torch.zeros(len(self.frequencies), 1, dtype=torch.float64)]

    def forward(self, z: Tensor, weights: Iterator[Tensor]) -> Tensor:
        """The features (n, scales, 2 count) at z (n, d), with the next weight if scales are trained."""
        scales, count, d = self.frequencies.shape
        phase = (z @ self.frequencies.reshape(-1, d).T).reshape(-1, scales, count)
        if self._trained:
            phase = torch.exp(next(weights)) * phase
        rank = torch.arange(count, dtype=z.dtype, device=z.device)
        share = (1 - torch.cos(torch.pi * (self.revealed * count - rank).clamp(0, 1))) / 2
        return torch.cat([share * torch.cos(phase), share * torch.sin(phase)], dim=2)
