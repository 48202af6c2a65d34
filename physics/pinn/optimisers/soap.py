"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner, for large networks."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class Soap(torch.optim.Optimizer):
    """Adam on Q_L^T G Q_R instead of the gradient G (a, b) of a weight matrix, turned back for the step.

        L <- beta2 L + (1 - beta2) G G^T,  R <- beta2 R + (1 - beta2) G^T G,  Q_L, Q_R their eigenvectors

    The eigenvectors are renewed every `renewal` steps, by one power iteration and QR after the first time. Rows and
    columns (biases, slopes) get plain Adam.

    rate: of the step; betas: of both moments; epsilon: against division by zero.

    Source: Vyas et al., SOAP: Improving and Stabilizing Shampoo using Adam, ICLR 2025 (algorithm 3); for PINNs: Wang
    et al., Gradient Alignment in Physics-informed Neural Networks, arXiv 2502.00604.
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        rate: float = 3e-3,
        betas: tuple[float, float] = (0.95, 0.95),
        epsilon: float = 1e-8,
        renewal: int = 10,
    ) -> None:
        super().__init__(weights, {"rate": rate, "betas": betas, "epsilon": epsilon, "renewal": renewal})

    @torch.no_grad()
    def step(self, closure=None):  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step of all weights that have a gradient."""
        value = None
        if closure is not None:
            with torch.enable_grad():
                value = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._step_of(weight, weight.grad, group)
        return value

    def _step_of(self, weight: Tensor, gradient: Tensor, group: dict) -> None:
        state = self.state[weight]
        beta1, beta2 = group["betas"]
        turned = min(weight.shape) > 1
        if not state:
            state["step"] = torch.zeros((), device="cpu")
            state["first"], state["second"] = torch.zeros_like(weight), torch.zeros_like(weight)
            if turned:
                state["left"], state["right"] = gradient @ gradient.T, gradient.T @ gradient
                for side in ("left", "right"):
                    state[f"basis_{side}"] = torch.linalg.eigh(state[side])[1].contiguous()
        state["step"] += 1
        number = int(state["step"])
        first, second = state["first"], state["second"]
        first.lerp_(gradient, 1 - beta1)

        turned_gradient, mean = gradient, first
        if turned:
            left, right = state["basis_left"], state["basis_right"]
            turned_gradient, mean = left.T @ gradient @ right, left.T @ first @ right
        second.mul_(beta2).addcmul_(turned_gradient, turned_gradient, value=1 - beta2)
        size = (second / (1 - beta2**number)).sqrt() + group["epsilon"]
        change = mean / (1 - beta1**number) / size
        if turned:
            change = left @ change @ right.T
        weight.sub_(group["rate"] * change)

        if turned:
            state["left"].lerp_(gradient @ gradient.T, 1 - beta2)
            state["right"].lerp_(gradient.T @ gradient, 1 - beta2)
            if number % group["renewal"] == 0:
                self._renew(state)

    @staticmethod
    def _renew(state: dict) -> None:
        """One power iteration; the second moments follow their directions into the order of falling eigenvalues.

        Bases lie row by row, as those of a restored state do, so that their products round alike.
        """
        for side, dimension in (("left", 0), ("right", 1)):
            basis = state[f"basis_{side}"]
            order = torch.einsum("ij,ik,kj->j", basis, state[side], basis).argsort(descending=True)
            state[f"basis_{side}"] = torch.linalg.qr(state[side] @ basis[:, order])[0].contiguous()
            state["second"] = state["second"].index_select(dimension, order)
