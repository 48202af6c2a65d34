"""The network that rolls a latent trajectory out: a recurrent cell that adds increments to the state before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from fieldwright.surrogates.trajectory.cells import CELLS, State

DAMPING = 1e-4
FIRST_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Network:
    """z_{k+1} = z_k + d (L (x, z_k, 1) + W h_{k+1}), h_{k+1} = cell((x, z_k), h_k), all members at once.

    cell: "lstm" or "gru". weights: by name, each (members, ...). change: (r,) d, the size of an increment.
    bound: values beyond it are cut off, so that no roll-out overflows.
    """

    cell: str
    weights: dict[str, torch.Tensor]
    change: torch.Tensor
    bound: float

    @classmethod
    def first(
        cls, cell: str, members: int, hidden: int, x: np.ndarray, z: np.ndarray, both_ways: bool, seed: int
    ) -> Self:
        """Random gates and, as linear path L, the least-squares increments of z (n, t, r) at x (n, p)."""
        p, r, gates = x.shape[1], z.shape[2], CELLS[cell].gates
        increments = np.diff(z, axis=1)
        change = np.sqrt(np.mean(increments**2, axis=(0, 1)))
        change[change == 0.0] = 1.0
        steps = increments.shape[1]
        before = np.concatenate(
            [np.repeat(x[:, None], steps, axis=1), z[:, :-1], np.ones((len(x), steps, 1))], axis=2
        )
        before, after = before.reshape(-1, p + r + 1), (increments / change).reshape(-1, r)
        gram = before.T @ before
        damped = gram + DAMPING * np.trace(gram) / len(gram) * np.eye(len(gram))
        linear = torch.tensor(np.linalg.solve(damped, before.T @ after))
        generator = torch.Generator().manual_seed(seed)

        def uniform(*shape: int) -> torch.Tensor:
            limit = (6.0 / (shape[0] + shape[1])) ** 0.5
            return limit * (
                2.0 * torch.rand((members, *shape), generator=generator, dtype=torch.float64) - 1.0
            )

        weights = {"linear": linear.expand(members, -1, -1).clone(), "out": FIRST_SHARE * uniform(hidden, r)}
        for way in ("", "back_")[: 1 + both_ways]:
            weights[f"{way}in"] = uniform(p + r, gates * hidden)
            weights[f"{way}bias"] = torch.zeros(members, 1, gates * hidden, dtype=torch.float64)
            # A gate that keeps starts half open, so that a new cell remembers (Jozefowicz et al., ICML 2015).
            weights[f"{way}bias"][..., :hidden] = 1.0
            weights[f"{way}recurrent"] = uniform(hidden, gates * hidden)
        return cls(cell, weights, torch.tensor(change), 3.0 * float(np.abs(z).max(initial=1e-300)))

    def read(self, x: torch.Tensor, history: torch.Tensor) -> State:
        """The state before the last of the measured z (q, h, r) is taken in; x (q, p)."""
        state = self._over(x, [history[:, k] for k in range(history.shape[1] - 1)], "")
        if "back_in" in self.weights:
            back = self._over(x, [history[:, k] for k in reversed(range(history.shape[1]))], "back_")
            state = tuple(one + other for one, other in zip(state, back, strict=True))
        return state

    def _over(self, x: torch.Tensor, values: list[torch.Tensor], way: str) -> State:
        members, hidden = self.weights["out"].shape[:2]
        nothing = torch.zeros(members, len(x), hidden, dtype=x.dtype, device=x.device)
        state = (nothing,) * CELLS[self.cell].memory
        for value in values:
            state = self._next(torch.cat([x, value], dim=-1).expand(members, -1, -1), state, way)
        return state

    def _next(self, inputs: torch.Tensor, state: State, way: str = "") -> State:
        w = self.weights
        driven = torch.baddbmm(w[f"{way}bias"], inputs, w[f"{way}in"])
        return CELLS[self.cell].step(driven, w[f"{way}recurrent"], state)

    def step(self, x: torch.Tensor, z: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """The next z (m, q, r) and the next state after z, at x (m, q, p)."""
        inputs = torch.cat([x, z], dim=-1)
        state = self._next(inputs, state)
        linear = self.weights["linear"]
        straight = torch.baddbmm(linear[:, -1:], inputs, linear[:, :-1])
        moved = torch.addcmul(z, self.change, torch.baddbmm(straight, state[0], self.weights["out"]))
        return moved.clamp(-self.bound, self.bound), state

    def roll(self, x: torch.Tensor, history: torch.Tensor, steps: int) -> torch.Tensor:
        """The free roll-out (m, q, steps, r) after the measured z (q, h, r), which stand first; x (q, p)."""
        members, h = len(self.weights["out"]), history.shape[1]
        state, inputs = self.read(x, history), x.expand(members, -1, -1)
        z = history[:, -1].expand(members, -1, -1)
        states = [history[:, k].expand(members, -1, -1) for k in range(h)]
        for _ in range(h, steps):
            z, state = self.step(inputs, z, state)
            states.append(z)
        return torch.stack(states, dim=2)[:, :, :steps]
