"""An ensemble of recurrent networks, trained together on free roll-outs with early stopping."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.regression.radial_basis import RadialBasis
from fieldwright.surrogates.trajectory.recurrent import Network
from fieldwright.surrogates.trajectory.recurrent_settings import CHECK, RecurrentConfig

LEAST_STD = 1e-6


class RecurrentEnsemble:
    """mean = average of the members' free roll-outs, variance = their spread + their held-out errors at each time.

    The first state is measured, or a cubic RBF of the parameters. Inputs of the cell are true values at first and its
    own later (scheduled sampling, Bengio et al., NeurIPS 2015); gradients are clipped (Pascanu, Mikolov & Bengio,
    ICML 2013) and followed back over a limited number of steps. Float64: so small, float32 is no faster.
    """

    cell = ""

    def __init__(self, config: RecurrentConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int, history: int = 0) -> Self:
        """Learns from x (n, p) and trajectories z (n, t, r), of which `history` times will be measured."""
        settings = self.config
        if settings.bidirectional and history < 2:
            raise ModelError(
                "A bidirectional network must have a measured history of two times or more to read",
                f"a history of {history}",
                "Ask for a history in the study, or leave out 'bidirectional'",
            )
        self.first_ = RadialBasis.fit(x, z[:, 0])[0]
        network = Network.first(
            self.cell, settings.members, settings.hidden, x, z, settings.bidirectional, seed
        )
        generator = torch.Generator().manual_seed(seed + 1)
        inputs, targets = torch.tensor(x, dtype=torch.float64), torch.tensor(z, dtype=torch.float64)
        self.times_, n_given = z.shape[1], max(history, 1)
        held_out = _held_out(settings, places(x, decades=False), generator)
        # A single run serves for training and for validation.
        training = ~held_out if len(x) > 1 else held_out
        for weight in network.weights.values():
            weight.requires_grad_()
        optimiser = torch.optim.Adam(network.weights.values(), lr=settings.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.iterations)
        best_weights = {name: weight.detach().clone() for name, weight in network.weights.items()}
        best = torch.full((settings.members,), math.inf, dtype=torch.float64)
        self.residual_variance_ = np.ones(z.shape[1:])
        residual = torch.ones(settings.members, *z.shape[1:], dtype=torch.float64)
        waited = 0
        for iteration in range(settings.iterations + 1):
            if iteration % CHECK == 0 or iteration == settings.iterations:
                with torch.no_grad():
                    squares = (network.roll(inputs, targets[:, :n_given], self.times_) - targets).square()
                member_errors = (
                    torch.einsum("mn,mntr->mtr", held_out.to(squares), squares)
                    / held_out.sum(dim=1)[:, None, None]
                )
                error = member_errors.mean(dim=(1, 2))
                better = error < best
                best, residual[better] = torch.where(better, error, best), member_errors[better]
                for name, weight in network.weights.items():
                    best_weights[name][better] = weight.detach()[better]
                waited = 0 if bool(better.any()) else waited + CHECK
                if waited >= settings.patience or iteration == settings.iterations:
                    break
            rows = torch.randperm(len(x), generator=generator)[: settings.batch]
            forced = max(0.0, 1.0 - iteration / max(1.0, settings.forcing * settings.iterations))
            optimiser.zero_grad()
            loss = self._loss(
                network, inputs[rows], targets[rows], training[:, rows], n_given, forced, generator
            )
            loss.backward()
            _clip(network, settings.clip)
            optimiser.step()
            schedule.step()
        self.network_ = replace(network, weights=best_weights)
        self.residual_variance_ = residual.mean(dim=0).numpy()
        return self

    def _loss(
        self,
        network: Network,
        x: torch.Tensor,
        z: torch.Tensor,
        training: torch.Tensor,
        n_given: int,
        forced: float,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Mean square of the errors in units of the trajectories' spread, each member's over its own runs."""
        members = len(training)
        inputs = x.expand(members, -1, -1)
        state, before = network.read(x, z[:, :n_given]), z[:, n_given - 1].expand(members, -1, -1)
        share = (training / training.sum(dim=1, keepdim=True).clamp(min=1))[..., None]
        steps = z.shape[1] - n_given
        true = torch.rand(steps, members, len(x), 1, generator=generator, dtype=z.dtype) < forced
        outputs = []
        for k in range(steps):
            after, state = network.step(inputs, before, state)
            outputs.append(after)
            before = torch.where(true[k], z[:, n_given + k], after) if forced > 0.0 else after
            if (k + 1) % self.config.truncation == 0:
                before, state = before.detach(), tuple(one.detach() for one in state)
        errors = torch.stack(outputs, dim=2) - z[:, n_given:]
        return (errors.square() * share[..., None]).sum() / steps

    def roll(self, x: np.ndarray, history: np.ndarray | None, steps: int) -> np.ndarray:
        """The mean (q, steps, r) rolled out from x (q, p) and the measured history (q, h, r), if there is one."""
        return self._members(x, history, steps).mean(dim=0).cpu().numpy()

    def _members(self, x: np.ndarray, history: np.ndarray | None, steps: int) -> torch.Tensor:
        start = self.first_(x)[:, None] if history is None else history
        like = self.network_.change
        with torch.no_grad():
            return self.network_.roll(torch.as_tensor(x).to(like), torch.as_tensor(start).to(like), steps)

    def predict(self, x: np.ndarray, history: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, t, r), over the times of training."""
        members = self._members(x, history, self.times_)
        variance = members.var(dim=0, unbiased=True).cpu().numpy() + self.residual_variance_
        return members.mean(dim=0).cpu().numpy(), np.sqrt(variance + LEAST_STD**2)

    def to(self, device: str) -> None:
        """Moves the weights to a torch device."""
        weights = {name: weight.to(device) for name, weight in self.network_.weights.items()}
        self.network_ = replace(self.network_, weights=weights, change=self.network_.change.to(device))

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        network = self.network_
        weights = {name: weight.cpu().numpy() for name, weight in network.weights.items()}
        return (
            prefixed("weights.", weights)
            | {
                "change": network.change.cpu().numpy(),
                "bound": np.array(network.bound),
                "residual_variance": self.residual_variance_,
            }
            | prefixed("first.", self.first_.state())
        )

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted ensemble again."""
        ensemble = cls(config)
        weights = {name: torch.tensor(array) for name, array in part(state, "weights.").items()}
        ensemble.network_ = Network(cls.cell, weights, torch.tensor(state["change"]), float(state["bound"]))
        ensemble.first_ = RadialBasis.restore(part(state, "first."))
        ensemble.residual_variance_ = state["residual_variance"]
        ensemble.times_ = len(ensemble.residual_variance_)
        return ensemble


def _held_out(settings: RecurrentConfig, place: np.ndarray, generator: torch.Generator) -> torch.Tensor:
    """Return (members, n) bool: the validation runs of each member, at least one of their places (n,)."""
    place = place if place.max() > 0 else np.arange(len(place))
    n = int(place.max()) + 1
    number = min(max(1, round(settings.validation * n)), max(n - 1, 1))
    held_out = torch.zeros(settings.members, n, dtype=torch.bool)
    for member in held_out:
        member[torch.randperm(n, generator=generator)[:number]] = True
    return held_out[:, torch.from_numpy(place)]


def _clip(network: Network, largest: float) -> None:
    gradients = [weight.grad for weight in network.weights.values() if weight.grad is not None]
    norm = torch.sqrt(sum((g.square().sum(dim=(1, 2), keepdim=True) for g in gradients), torch.zeros(())))
    for gradient in gradients:
        gradient *= (largest / norm.clamp(min=1e-300)).clamp(max=1.0)


class LSTM(RecurrentEnsemble):
    """An ensemble of networks of one LSTM cell each."""

    cell = "lstm"


class GRU(RecurrentEnsemble):
    """An ensemble of networks of one gated recurrent unit cell each."""

    cell = "gru"
