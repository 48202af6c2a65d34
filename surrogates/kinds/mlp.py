"""A small deep ensemble of multilayer perceptrons, trained together with early stopping."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
import torch
from pydantic import Field

from surrogates.autograd import jacobian
from surrogates.kinds import KindConfig, register

LEAST_STD = 1e-6
FIRST_SHARE = 0.1
CHECK = 20
"""Iterations between two looks at the held-out runs."""


class MLPConfig(KindConfig):
    """Settings of the ensemble.

    hidden: widths of the hidden layers. members: networks of the ensemble.
    iterations: of L-BFGS at most. patience: iterations without a better held-out error before it stops.
    weight_decay: penalty of the squared weights, divided by the number of runs.
    validation: share of the runs that each member holds out to stop early, other ones for each member.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(64, 64), min_length=1)
    members: int = Field(default=5, ge=2, le=50)
    iterations: int = Field(default=300, ge=1)
    patience: int = Field(default=100, ge=CHECK)
    weight_decay: float = Field(default=1e-2, ge=0.0)
    validation: float = Field(default=0.15, gt=0.0, lt=0.9)


class MLP:
    """mean = average of the members f_m, variance = their spread + their held-out residual variance.

    f_m(x) = A x + network(x); the linear path, which is not penalised, carries what few runs can tell.

    Members differ by their first weights and by the runs they hold out to stop early. Source: Lakshminarayanan,
    Pritzel & Blundell, Simple and scalable predictive uncertainty estimation using deep ensembles, NeurIPS 2017;
    the residual variance stands in for their variance head, which too few runs cannot train. With hundreds of runs
    L-BFGS on all of them reaches in a second what Adam needs several for. Float64: in float32 L-BFGS stalls.
    """

    def __init__(self, config: MLPConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r): all members at once, as batched matrix products."""
        generator = torch.Generator().manual_seed(seed)
        inputs, targets = torch.tensor(x, dtype=torch.float64), torch.tensor(z, dtype=torch.float64)
        weights = self._first_weights(x.shape[1], z.shape[1], generator)
        held = self._held_out(len(x), generator)
        share = (~held / (~held).sum(dim=1, keepdim=True))[..., None] / z.shape[1]
        optimiser = torch.optim.LBFGS(
            weights, max_iter=CHECK, history_size=20, line_search_fn="strong_wolfe", tolerance_change=1e-12
        )

        def closure() -> torch.Tensor:
            optimiser.zero_grad()
            loss = ((_forward(weights, inputs) - targets).square() * share).sum()
            decay = sum((weight.square().sum() for weight in weights[:-1:2]), torch.zeros(()))
            loss = loss + self.config.weight_decay / len(x) * decay
            loss.backward()
            return loss

        best = torch.full((self.config.members,), math.inf, dtype=torch.float64)
        kept = [weight.detach().clone() for weight in weights]
        kept_residual = torch.ones(self.config.members, z.shape[1], dtype=torch.float64)
        waited = 0
        for _ in range(0, self.config.iterations, CHECK):
            optimiser.step(closure)
            with torch.no_grad():
                squares = (_forward(weights, inputs) - targets).square()
            residual = (squares * held[..., None]).sum(dim=1) / held.sum(dim=1, keepdim=True)
            error = residual.mean(dim=1)
            better = error < best
            best, kept_residual[better] = torch.where(better, error, best), residual[better]
            for old, new in zip(kept, weights, strict=True):
                old[better] = new.detach()[better]
            waited = 0 if bool(better.any()) else waited + CHECK
            if waited >= self.config.patience:
                break
        self.weights_ = kept
        self.residual_variance_ = kept_residual.mean(dim=0)
        return self

    def _first_weights(self, p: int, r: int, generator: torch.Generator) -> list[torch.Tensor]:
        """Weights and biases, layer by layer, of all members; Glorot's uniform limit sqrt(6 / (n + m)).

        The matrix of the linear path is the last.
        """
        sizes = [p, *self.config.hidden, r]
        weights = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            limit = math.sqrt(6.0 / (fan_in + fan_out))
            shape = (self.config.members, fan_in, fan_out)
            draw = torch.rand(shape, generator=generator, dtype=torch.float64)
            weights += [limit * (2.0 * draw - 1.0), torch.zeros_like(draw[:, :1])]
        # A network that starts near zero leaves the first iterations to the linear path.
        weights[-2] *= FIRST_SHARE
        weights += [torch.zeros(self.config.members, p, r, dtype=torch.float64)]
        return [weight.requires_grad_() for weight in weights]

    def _held_out(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """(members, n) bool: which runs each member does not learn from, at least one and never all."""
        number = min(max(1, round(self.config.validation * n)), n - 1)
        held = torch.zeros(self.config.members, n, dtype=torch.bool)
        for member in held:
            member[torch.randperm(n, generator=generator)[:number]] = True
        return held

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the ensemble at x (q, p)."""
        first = self.weights_[0]
        with torch.no_grad():
            members = _forward(self.weights_, torch.tensor(x, dtype=first.dtype, device=first.device))
            variance = members.var(dim=0, unbiased=True) + self.residual_variance_
            std = torch.sqrt(variance + LEAST_STD**2)
            return members.mean(dim=0).cpu().numpy(), std.cpu().numpy()

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """d mean_r / d x_j (q, r, p) at x (q, p), by autograd."""
        first = self.weights_[0]
        inputs = torch.tensor(x, dtype=first.dtype, device=first.device)
        return jacobian(lambda u: _forward(self.weights_, u).mean(dim=0), inputs)

    def to(self, device: str) -> None:
        """Moves the weights to a torch device."""
        self.weights_ = [weight.to(device) for weight in self.weights_]
        self.residual_variance_ = self.residual_variance_.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {f"weights.{index}": weight.cpu().numpy() for index, weight in enumerate(self.weights_)}
        return arrays | {"residual_variance": self.residual_variance_.cpu().numpy()}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted ensemble again."""
        ensemble = cls(config)
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        ensemble.residual_variance_ = tensors.pop("residual_variance")
        ensemble.weights_ = [tensors[f"weights.{index}"] for index in range(len(tensors))]
        return ensemble


def _forward(weights: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Outputs (members, q, r) of the linear path and the tanh networks at x (q, p)."""
    *layers, straight = weights
    inner = inputs = x.expand(len(straight), *x.shape)
    for weight, bias in zip(layers[0:-2:2], layers[1:-2:2], strict=True):
        inner = torch.tanh(torch.baddbmm(bias, inner, weight))
    return torch.baddbmm(layers[-1], inner, layers[-2]) + torch.bmm(inputs, straight)


register(MLPConfig, MLP)
