"""How strongly each loss pulls at the weights."""

from __future__ import annotations

import torch
from torch import Tensor

from fieldwright.physics.pinn.optimisers.choice import ENTRIES
from fieldwright.physics.pinn.residual_rows import ResidualRows

PROJECTIONS = 32
"""Their mean is within a quarter of the trace, in standard deviation, for any kernel."""


def gradient_norms(rows: ResidualRows, theta: Tensor) -> dict[str, float]:
    """|grad L_i| of each loss L_i = |r_i|^2 by the weights theta (p,)."""
    theta = theta.detach().clone().requires_grad_()
    norms = {}
    for name, piece in rows.terms(theta).items():
        (gradient,) = torch.autograd.grad(piece.square().sum(), theta, retain_graph=True, allow_unused=True)
        norms[name] = 0.0 if gradient is None else float(gradient.norm())
    return norms


def kernel_traces(
    rows: ResidualRows, theta: Tensor, entries: int = ENTRIES, projections: int = PROJECTIONS
) -> dict[str, float]:
    """Trace tr K_i = |J_i|^2 of the neural tangent kernel of each loss's residuals by the weights theta (p,).

    Exact while the Jacobian has at most so many entries; beyond, the mean of |J_i^T s|^2 over `projections` vectors
    of random signs s, whose expectation it is (Hutchinson, Commun. Stat. Simul. 19 (1990) 433).
    """
    theta = theta.detach().clone().requires_grad_()
    terms = rows.terms(theta)
    if sum(len(piece) for piece in terms.values()) * len(theta) <= entries:
        squares = rows.jacobian(theta).square().sum(dim=1)
        parts = squares.split([len(piece) for piece in terms.values()])
        return {name: float(part.sum()) for name, part in zip(terms, parts, strict=True)}
    generator = torch.Generator("cpu").manual_seed(0)
    traces: dict[str, float] = {}
    for name, piece in terms.items():
        traces[name] = 0.0
        for _ in range(projections):
            signs = 2.0 * torch.randint(0, 2, piece.shape, generator=generator, device="cpu").to(piece) - 1
            (slope,) = torch.autograd.grad(piece, theta, signs, retain_graph=True, allow_unused=True)
            traces[name] += 0.0 if slope is None else float(slope.square().sum()) / projections
    return traces
