"""What a posterior needs to know of a Gaussian process before any run is seen."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch


class Prior(Protocol):
    """Mean, covariance and noise of r outputs, all of them at once."""

    @property
    def noise(self) -> torch.Tensor:
        """(r,) noise variance where nothing else is known."""
        ...

    def outputs(self, rows: torch.Tensor) -> Prior:
        """That of some of the outputs."""
        ...

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        """(r, q) at x (q, p)."""
        ...

    def covariance(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """k(a, b) (r, q, n) of a (q, p) and b (n, p), without noise."""
        ...

    def variance(self, x: torch.Tensor) -> torch.Tensor:
        """k(x, x) (r, q) of each query with itself, without noise."""
        ...

    def noise_at(self, x: torch.Tensor) -> torch.Tensor:
        """Noise variance (r, q) of one observation at x (q, p)."""
        ...

    def to(self, device: str) -> Prior:
        """The same on another device."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        ...
