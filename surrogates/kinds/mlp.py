"""A small deep ensemble of multilayer perceptrons, trained together with early stopping."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
import torch
from pydantic import Field

from surrogates.kinds import KindConfig, register

LEAST_STD = 1e-6
PATIENCE_STEP = 10


class MLPConfig(KindConfig):
    """Settings of the ensemble.

    hidden: widths of the hidden layers. members: networks of the ensemble.
    epochs: most steps of Adam on all runs; patience: steps without a better held-out error before a member
    stops. weight_decay: as in AdamW. validation: share of the runs that each member holds out, a different
    one for each.
    """

    kind: Literal["mlp"] = "mlp"
    hidden: tuple[int, ...] = Field(default=(64, 64), min_length=1)
    members: int = Field(default=5, ge=2, le=50)
    epochs: int = Field(default=3000, ge=1)
    patience: int = Field(default=300, ge=PATIENCE_STEP)
    learning_rate: float = Field(default=5e-3, gt=0.0)
    weight_decay: float = Field(default=1e-4, ge=0.0)
    validation: float = Field(default=0.15, gt=0.0, lt=0.9)
    precision: Literal["float32", "float64"] = "float64"


class MLP:
    """mean = average of the members f_m(x), variance = their spread + their held-out residual variance.

    Members differ by their first weights and by the runs they hold out to stop early. Source:
    Lakshminarayanan, Pritzel & Blundell, Simple and scalable predictive uncertainty estimation using deep
    ensembles, NeurIPS 2017; the residual variance stands in for their variance head, which too few runs
    cannot train.
    """

    def __init__(self, config: MLPConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r): all members at once, as batched matrix products."""
        dtype = getattr(torch, self.config.precision)
        generator = torch.Generator().manual_seed(seed)
        inputs, targets = torch.as_tensor(x, dtype=dtype), torch.as_tensor(z, dtype=dtype)
        weights = self._first_weights(x.shape[1], z.shape[1], generator, dtype)
        held = self._held_out(len(x), generator)
        optimiser = torch.optim.AdamW(
            [{"params": weights[0::2]}, {"params": weights[1::2], "weight_decay": 0.0}],
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.config.epochs)
        best = torch.full((self.config.members,), math.inf, dtype=dtype)
        waited = torch.zeros(self.config.members)
        kept = [weight.detach().clone() for weight in weights]
        kept_residual = torch.ones(self.config.members, z.shape[1], dtype=dtype)
        for step in range(self.config.epochs):
            squares = (_forward(weights, inputs) - targets).square()
            loss = (squares * ~held[..., None]).sum(dim=(1, 2)) / ((~held).sum(dim=1) * z.shape[1])
            if step % PATIENCE_STEP == 0:
                with torch.no_grad():
                    residual = (squares * held[..., None]).sum(dim=1) / held.sum(dim=1, keepdim=True)
                    error = residual.mean(dim=1)
                    better = error < best
                    best, waited = (
                        torch.where(better, error, best),
                        torch.where(better, 0, waited + PATIENCE_STEP),
                    )
                    kept_residual[better] = residual[better]
                    for old, new in zip(kept, weights, strict=True):
                        old[better] = new[better]
                    if bool((waited > self.config.patience).all()):
                        break
            optimiser.zero_grad()
            loss.sum().backward()
            optimiser.step()
            schedule.step()
        self.weights_ = kept
        self.residual_variance_ = kept_residual.mean(dim=0)
        return self

    def _first_weights(
        self, p: int, r: int, generator: torch.Generator, dtype: torch.dtype
    ) -> list[torch.Tensor]:
        """Weights and biases, layer by layer, of all members; Glorot's uniform limit sqrt(6 / (n + m))."""
        sizes = [p, *self.config.hidden, r]
        weights = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            limit = math.sqrt(6.0 / (fan_in + fan_out))
            draw = torch.rand(self.config.members, fan_in, fan_out, generator=generator, dtype=dtype)
            weights += [limit * (2.0 * draw - 1.0), torch.zeros(self.config.members, 1, fan_out, dtype=dtype)]
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
            members = _forward(self.weights_, torch.as_tensor(x, dtype=first.dtype, device=first.device))
            variance = members.var(dim=0, unbiased=True) + self.residual_variance_
            std = torch.sqrt(variance + LEAST_STD**2)
            return members.mean(dim=0).double().cpu().numpy(), std.double().cpu().numpy()

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
    """Outputs (members, q, r) of tanh networks at x (q, p)."""
    layer = x.expand(len(weights[0]), *x.shape)
    for weight, bias in zip(weights[0:-2:2], weights[1:-2:2], strict=True):
        layer = torch.tanh(torch.baddbmm(bias, layer, weight))
    return torch.baddbmm(weights[-1], layer, weights[-2])


register(MLPConfig, MLP)
