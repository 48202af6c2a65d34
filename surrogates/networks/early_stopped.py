"""A small deep ensemble of multilayer perceptrons that stop to learn when held-out runs say so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import torch

from fieldwright.surrogates.autograd import jacobian
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.networks.held_out import held_out
from fieldwright.surrogates.networks.network_ensemble import NetworkEnsemble, Tensors
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regressors.mlp import CHECK, MLPConfig

LEAST_STD = 1e-6
ADAM_STEPS = 10
"""Steps of Adam for one iteration of L-BFGS, which looks some ten times as far."""


class EarlyStoppedEnsemble:
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
        size = self.config.size(len(x))
        networks, generator = networks_of(self.config), torch.Generator().manual_seed(seed)
        inputs, targets = torch.tensor(x, dtype=torch.float64), torch.tensor(z, dtype=torch.float64)
        rng = np.random.default_rng(seed)
        held_out_runs = torch.from_numpy(
            held_out(places(x, decades=False), size.members, self.config.validation, rng)
        )
        share = (~held_out_runs / (~held_out_runs).sum(dim=1, keepdim=True))[..., None].to(torch.float64)
        tensors = networks.first(x.shape[1], z.shape[1], generator)

        def misfit() -> torch.Tensor:
            answers = networks.trained(tensors, inputs, share, generator)
            return ((answers - targets).square() * share).sum() / z.shape[1]

        advance = (self._adam if self.config.by_adam else self._lbfgs)(tensors, misfit, len(x))
        best = torch.full((size.members,), math.inf, dtype=torch.float64)
        best_tensors: Tensors = {}
        best_residual = torch.ones(size.members, z.shape[1], dtype=torch.float64)
        waited = 0
        for _ in range(0, size.iterations, CHECK):
            advance()
            now = {name: tensor.detach() for name, tensor in tensors.items()}
            now |= networks.statistics(now, inputs, share)
            with torch.no_grad():
                squares = (networks(now, inputs) - targets).square()
            residual = (squares * held_out_runs[..., None]).sum(dim=1) / held_out_runs.sum(
                dim=1, keepdim=True
            )
            error = residual.mean(dim=1)
            better = error < best
            best_tensors = best_tensors or {name: tensor.clone() for name, tensor in now.items()}
            best, best_residual[better] = torch.where(better, error, best), residual[better]
            for name, tensor in now.items():
                best_tensors[name][better] = tensor[better]
            waited = 0 if bool(better.any()) else waited + CHECK
            if waited >= self.config.patience:
                break
        self.tensors_ = best_tensors
        self.residual_variance_ = best_residual.mean(dim=0)
        return self

    def _lbfgs(self, tensors: Tensors, misfit: Callable[[], torch.Tensor], runs: int) -> Callable[[], Any]:
        """What goes on by CHECK iterations of L-BFGS."""
        optimiser = torch.optim.LBFGS(
            list(tensors.values()),
            max_iter=CHECK,
            history_size=20,
            line_search_fn="strong_wolfe",
            tolerance_change=1e-12,
        )
        penalised = [tensor for name, tensor in tensors.items() if name.startswith("weight.")]

        def closure() -> torch.Tensor:
            optimiser.zero_grad()
            decay = sum((weight.square().sum() for weight in penalised), torch.zeros(()))
            loss = misfit() + self.config.weight_decay / runs * decay
            loss.backward()
            return loss

        return lambda: optimiser.step(closure)

    def _adam(self, tensors: Tensors, misfit: Callable[[], torch.Tensor], runs: int) -> Callable[[], Any]:
        """What goes on by as many steps of Adam, with decoupled weight decay (Loshchilov & Hutter, ICLR 2019)."""
        penalised = [tensor for name, tensor in tensors.items() if name.startswith("weight.")]
        free = [tensor for name, tensor in tensors.items() if not name.startswith("weight.")]
        decay = self.config.weight_decay / runs
        optimiser = torch.optim.AdamW(
            [{"params": penalised, "weight_decay": decay}, {"params": free, "weight_decay": 0.0}],
            lr=self.config.learning_rate,
        )
        steps = ADAM_STEPS * CHECK
        checks = math.ceil(self.config.size(runs).iterations / CHECK)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps * checks)

        def advance() -> None:
            for _ in range(steps):
                optimiser.zero_grad()
                misfit().backward()
                optimiser.step()
                schedule.step()

        return advance

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the ensemble at x (q, p)."""
        with torch.no_grad():
            members = networks_of(self.config)(self.tensors_, self._inputs(x))
            variance = members.var(dim=0, unbiased=True) + self.residual_variance_
            std = torch.sqrt(variance + LEAST_STD**2)
            return members.mean(dim=0).cpu().numpy(), std.cpu().numpy()

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), of the ensemble at x (p,)."""
        arrays = {name: tensor.cpu().numpy() for name, tensor in self.tensors_.items()}
        members = networks_of(self.config).graph(arrays, x)
        outputs = members.shape[1]
        mean = np.full((1, len(arrays["straight"])), 1.0 / len(arrays["straight"])) @ members
        spread = np.full((1, members.shape[0]), 1.0 / (members.shape[0] - 1.0)) @ graph.square(members - mean)
        variance = spread.reshape(outputs) + (self.residual_variance_.cpu().numpy() + LEAST_STD**2)
        return mean.reshape(outputs), graph.sqrt(variance)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p), by autograd."""
        networks = networks_of(self.config)
        return jacobian(lambda u: networks(self.tensors_, u).mean(dim=0), self._inputs(x))

    def _inputs(self, x: np.ndarray) -> torch.Tensor:
        first = self.tensors_["straight"]
        return torch.tensor(x, dtype=first.dtype, device=first.device)

    def to(self, device: str) -> None:
        """Moves the weights to a torch device."""
        self.tensors_ = {name: tensor.to(device) for name, tensor in self.tensors_.items()}
        self.residual_variance_ = self.residual_variance_.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {name: tensor.cpu().numpy() for name, tensor in self.tensors_.items()}
        return arrays | {"residual_variance": self.residual_variance_.cpu().numpy()}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted ensemble again."""
        ensemble = cls(config)
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        ensemble.residual_variance_ = tensors.pop("residual_variance")
        ensemble.tensors_ = tensors
        return ensemble


def networks_of(config: MLPConfig) -> NetworkEnsemble:
    """The networks, without their weights."""
    size = config.size(0)
    return NetworkEnsemble(size.members, size.hidden, config.activation, config.dropout, config.batch_norm)
