"""L-BFGS: the second half of the plain recipe, after Adam."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fieldwright.physics.pinn.optimisers.minimum import Minimum


def limited_memory_bfgs(
    value_and_gradient: Callable[[Tensor], tuple[float, Tensor]],
    theta: Tensor,
    steps: int = 500,
    memory: int = 50,
    gradient_tolerance: float = 1e-14,
) -> Minimum:
    """Minimises a function by torch's L-BFGS with its strong Wolfe search, in the precision of theta.

    value_and_gradient: theta (p,) to the loss and its gradient (p,). memory: pairs of steps and changes kept.

    Source: Liu and Nocedal, Math. Program. 45 (1989) 503.
    """
    weights = torch.nn.Parameter(theta.detach().clone())
    # torch's own limits of value and step, 1e-9, would end a run in double precision early.
    optimiser = torch.optim.LBFGS(
        [weights],
        max_iter=1,
        max_eval=25,
        history_size=memory,
        tolerance_grad=gradient_tolerance,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    losses: list[float] = []

    def closure() -> float:
        value, weights.grad = value_and_gradient(weights.detach().clone())
        return value

    for _ in range(steps):
        before = weights.detach().clone()
        losses.append(float(optimiser.step(closure)))
        if torch.equal(before, weights):
            break
    loss, gradient = value_and_gradient(weights.detach())
    losses.append(loss)
    if float(gradient.abs().max()) <= gradient_tolerance:
        reason = "small gradient"
    else:
        reason = "small step" if torch.equal(before, weights) else "steps"
    return Minimum(weights.detach().clone(), loss, tuple(losses), reason)
