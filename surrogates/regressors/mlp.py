"""A small deep ensemble of multilayer perceptrons, trained together with early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator

from fieldwright.surrogates.autograd import jacobian
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regressors import KindConfig, register
from fieldwright.surrogates.regressors.network_ensemble import NetworkEnsemble, Tensors
from fieldwright.surrogates.search.search_space import Choice, Choices, NumberRange

LEAST_STD = 1e-6
CHECK = 20
"""Iterations between two looks at the held-out runs."""
ADAM_STEPS = 10
"""Steps of Adam for one iteration of L-BFGS, which looks some ten times as far."""


class MLPConfig(KindConfig):
    """Settings of the ensemble.

    hidden: widths of the hidden layers. members: networks of the ensemble.
    activation: of the hidden layers, which begin with the weights that suit it: Glorot's for tanh, LeCun's for selu,
        He's for the others.
    optimiser: "lbfgs" on all runs at once, or "adamw"; "auto" takes the first unless there is dropout or batch
        normalisation.
    iterations: of L-BFGS at most; Adam has ten steps for each. patience: iterations without a better held-out
        error before it stops.
    learning_rate: of Adam; it falls to zero as a cosine.
    weight_decay: penalty of the squared weights, divided by the number of runs.
    dropout: share of the hidden units that each step leaves out. batch_norm: standardise hidden units over the runs.
    validation: share of the runs that each member holds out to stop early, other ones for each member.
    """

    space: ClassVar[Mapping[str, Choice]] = {
        "hidden": Choices(((64, 64), (32, 32), (128, 128), (64, 64, 64))),
        "activation": Choices(("tanh", "silu", "gelu", "selu")),
        "weight_decay": NumberRange(1e-5, 1.0, log=True),
    }

    kind: Literal["mlp"] = "mlp"
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(64, 64), min_length=1)
    members: int = Field(default=5, ge=2, le=50)
    activation: Literal["tanh", "relu", "selu", "gelu", "silu"] = "tanh"
    optimiser: Literal["auto", "lbfgs", "adamw"] = "auto"
    iterations: int = Field(default=300, ge=1)
    patience: int = Field(default=100, ge=CHECK)
    learning_rate: float = Field(default=1e-2, gt=0.0)
    weight_decay: float = Field(default=1e-2, ge=0.0)
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    batch_norm: bool = False
    validation: float = Field(default=0.15, gt=0.0, lt=0.9)

    @model_validator(mode="after")
    def _one_objective_for_a_line_search(self) -> Self:
        if self.optimiser == "lbfgs" and (self.dropout or self.batch_norm):
            raise ValueError("dropout and batch_norm change the objective at every step: they need 'adamw'")
        return self

    @property
    def by_adam(self) -> bool:
        """Whether it is trained by Adam."""
        return self.optimiser == "adamw" or bool(self.dropout) or self.batch_norm

    @property
    def networks(self) -> NetworkEnsemble:
        """The networks, without their weights."""
        return NetworkEnsemble(self.members, self.hidden, self.activation, self.dropout, self.batch_norm)

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Where there are runs to hold out and to learn from."""
        return runs >= 20


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
        networks, generator = self.config.networks, torch.Generator().manual_seed(seed)
        inputs, targets = torch.tensor(x, dtype=torch.float64), torch.tensor(z, dtype=torch.float64)
        held_out_runs = held_out(
            places(x, decades=False), self.config.members, self.config.validation, generator
        )
        share = (~held_out_runs / (~held_out_runs).sum(dim=1, keepdim=True))[..., None].to(torch.float64)
        tensors = networks.first(x.shape[1], z.shape[1], generator)

        def misfit() -> torch.Tensor:
            answers = networks.trained(tensors, inputs, share, generator)
            return ((answers - targets).square() * share).sum() / z.shape[1]

        advance = (self._adam if self.config.by_adam else self._lbfgs)(tensors, misfit, len(x))
        best = torch.full((self.config.members,), math.inf, dtype=torch.float64)
        best_tensors: Tensors = {}
        best_residual = torch.ones(self.config.members, z.shape[1], dtype=torch.float64)
        waited = 0
        for _ in range(0, self.config.iterations, CHECK):
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
        checks = math.ceil(self.config.iterations / CHECK)
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
            members = self.config.networks(self.tensors_, self._inputs(x))
            variance = members.var(dim=0, unbiased=True) + self.residual_variance_
            std = torch.sqrt(variance + LEAST_STD**2)
            return members.mean(dim=0).cpu().numpy(), std.cpu().numpy()

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), of the ensemble at x (p,)."""
        arrays = {name: tensor.cpu().numpy() for name, tensor in self.tensors_.items()}
        members = self.config.networks.graph(arrays, x)
        outputs = members.shape[1]
        mean = np.full((1, len(arrays["straight"])), 1.0 / len(arrays["straight"])) @ members
        spread = np.full((1, members.shape[0]), 1.0 / (members.shape[0] - 1.0)) @ graph.square(members - mean)
        variance = spread.reshape(outputs) + (self.residual_variance_.cpu().numpy() + LEAST_STD**2)
        return mean.reshape(outputs), graph.sqrt(variance)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p), by autograd."""
        networks = self.config.networks
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


def held_out(place: np.ndarray, members: int, share: float, generator: torch.Generator) -> torch.Tensor:
    """(members, n) bool: which runs each member does not learn from, of their places (n,) one at least, never all."""
    place = place if place.max() > 0 else np.arange(len(place))
    n = int(place.max()) + 1
    number = min(max(1, round(share * n)), n - 1)
    masks = torch.zeros(members, n, dtype=torch.bool)
    for member in masks:
        member[torch.randperm(n, generator=generator)[:number]] = True
    return masks[:, torch.from_numpy(place)]


register(MLPConfig, MLP)
