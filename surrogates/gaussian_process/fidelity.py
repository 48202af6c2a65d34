"""Coarse and fine runs in one Gaussian process: each level is a multiple of the one below plus a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from fieldwright.surrogates.gaussian_process.kernel import Hyperparameters
from fieldwright.surrogates.persistence.states import part, prefixed


@dataclass(frozen=True, eq=False)
class Autoregressive:
    """f_0 = d_0, f_l = rho_l f_(l-1) + d_l, with independent processes d_l of the other parameters.

    k((x, s), (x', t)) = sum_l g_l(s) g_l(t) k_l(x, x'), with g_l(s) = rho_(l+1) ... rho_s, or 0 for s < l. Source:
    Kennedy & O'Hagan, Predicting the output from a complex computer code when fast approximations are available,
    Biometrika 87 (2000) 1.

    position: of the parameter that tells the level. levels: (L,) its values, from coarse to fine; others go to
    the nearest. rho: (r, L), its first column not used. processes: d_l, one for each level, over all parameters
    but that one; their noise is that of the level's observations.
    """

    position: int
    levels: torch.Tensor
    rho: torch.Tensor
    processes: tuple[Hyperparameters, ...]

    @property
    def noise(self) -> torch.Tensor:
        """(r,) noise variance of the finest level."""
        return self.processes[-1].noise

    def outputs(self, rows: torch.Tensor) -> Autoregressive:
        """That of some of the outputs."""
        processes = tuple(process.outputs(rows) for process in self.processes)
        return Autoregressive(self.position, self.levels, self.rho[rows], processes)

    def _split(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The other parameters (q, p - 1) and the level (q,) of each row."""
        others = torch.cat([x[:, : self.position], x[:, self.position + 1 :]], dim=1)
        return others, (x[:, self.position, None] - self.levels).abs().argmin(dim=1)

    def _factors(self, level: torch.Tensor) -> torch.Tensor:
        """g_l (L, r, q) of rows at the levels (q,)."""
        count = len(self.levels)
        table = self.rho.new_zeros(count, count, len(self.rho))
        for low in range(count):
            table[low, low] = 1.0
            for high in range(low + 1, count):
                table[low, high] = table[low, high - 1] * self.rho[:, high]
        return table[:, level].permute(0, 2, 1)

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        """(r, q) sum_l g_l c_l of the constants of the processes."""
        factors = self._factors(self._split(x)[1])
        constants = torch.stack([process.constant for process in self.processes])
        return (factors * constants[..., None]).sum(dim=0)

    def covariance(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """k(a, b) (r, q, n) of a (q, p) and b (n, p), without noise."""
        (one, low), (other, high) = self._split(a), self._split(b)
        terms = zip(self._factors(low), self._factors(high), self.processes, strict=True)
        parts = [g[..., None] * h[:, None] * process.covariance(one, other) for g, h, process in terms]
        return torch.stack(parts).sum(dim=0)

    def variance(self, x: torch.Tensor) -> torch.Tensor:
        """k(x, x) (r, q) of each query with itself, without noise."""
        others, level = self._split(x)
        parts = zip(self._factors(level), self.processes, strict=True)
        return torch.stack([g**2 * process.variance(others) for g, process in parts]).sum(dim=0)

    def noise_at(self, x: torch.Tensor) -> torch.Tensor:
        """Noise variance (r, q) of one observation at x (q, p), by its level."""
        return torch.stack([process.noise for process in self.processes], dim=1)[:, self._split(x)[1]]

    def to(self, device: str) -> Autoregressive:
        """The same on another device."""
        processes = tuple(process.to(device) for process in self.processes)
        return Autoregressive(self.position, self.levels.to(device), self.rho.to(device), processes)

    def state(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        arrays = {"levels": self.levels.cpu().numpy(), "rho": self.rho.cpu().numpy()}
        arrays["position"] = np.array(self.position)
        for index, process in enumerate(self.processes):
            arrays |= prefixed(f"process.{index}.", process.state())
        return arrays

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Autoregressive:
        """The prior again."""
        levels, rho = (torch.from_numpy(np.array(state[name])) for name in ("levels", "rho"))
        processes = tuple(
            Hyperparameters.restore(part(state, f"process.{index}.")) for index in range(len(levels))
        )
        return cls(int(state["position"]), levels, rho, processes)
