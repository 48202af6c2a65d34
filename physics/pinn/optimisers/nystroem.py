"""A preconditioner for damped symmetric systems from a random sketch of the matrix."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class NystroemPreconditioner:
    """P^-1 for A + mu I with A (p, p) positive semidefinite, known by its products, from its image of few vectors.

        A ~ U diag(l) U^T (rank k),   P^-1 = (l_k + mu) U diag(1 / (l + mu)) U^T + (I - U U^T)

    The larger eigenvalues of A no longer count in the condition number, if the rank reaches past them.
    like: a vector (p,) of A's type and device.

    Source: Frangella, Tropp and Udell, Randomized Nystroem Preconditioning, SIAM J. Matrix Anal. Appl. 44 (2023) 718,
    algorithm 2.1; for PINNs: Bioli, Marcati and Sangalli, arXiv 2505.11638.
    """

    def __init__(self, product: Callable[[Tensor], Tensor], rank: int, like: Tensor, seed: int = 0) -> None:
        generator = torch.Generator("cpu").manual_seed(seed)
        draws = torch.randn(len(like), rank, generator=generator, dtype=torch.float64, device="cpu")
        test, _ = torch.linalg.qr(draws.to(like))
        image = torch.stack([product(column) for column in test.T], dim=1)
        shift = torch.finfo(like.dtype).eps * float(image.norm()) + torch.finfo(like.dtype).tiny
        image = image + shift * test
        core = test.T @ image
        factor = torch.linalg.cholesky((core + core.T) / 2)
        half = torch.linalg.solve_triangular(factor, image.T, upper=False).T
        self._vectors, roots, _ = torch.linalg.svd(half, full_matrices=False)
        self.values = (roots**2 - shift).clamp(min=0)

    def solve(self, v: Tensor, mu: float) -> Tensor:
        """P^-1 v (p,)."""
        inside = self._vectors.T @ v
        scaled = (self.values[-1] + mu) / (self.values + mu) * inside
        return v + self._vectors @ (scaled - inside)
