"""Adam and SOAP on one set of weights, each with what it has gathered, which can be kept and taken up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from fieldwright.physics.pinn.optimisers.soap import Soap


class Descents:
    """Optimisers by name ("adam", "soap") that go by single gradients of weights, made when first asked for."""

    def __init__(self, weights: Sequence[torch.nn.Parameter], rate: float) -> None:
        self._weights, self._rate = list(weights), rate
        self._made: dict[str, torch.optim.Optimizer] = {}

    def __getitem__(self, name: str) -> torch.optim.Optimizer:
        """The optimiser of that name, as it stands."""
        if name not in self._made:
            soap = name == "soap"
            self._made[name] = (
                Soap(self._weights, rate=self._rate)
                if soap
                else torch.optim.Adam(self._weights, lr=self._rate)
            )
        return self._made[name]

    def forget(self) -> None:
        """All of them start anew."""
        self._made = {}

    def state(self) -> dict[str, np.ndarray]:
        """What they have gathered, as named arrays."""
        return {
            f"descent.{name}.{i}.{key}": value.cpu().numpy()
            for name, optimiser in self._made.items()
            for i, weight in enumerate(self._weights)
            for key, value in optimiser.state.get(weight, {}).items()
        }

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Takes what `state` gave, among other arrays."""
        self.forget()
        for name, array in arrays.items():
            if name.startswith("descent."):
                _, optimiser, number, key = name.split(".")
                weight = self._weights[int(number)]
                # torch counts steps on the processor, wherever the weights are.
                device = "cpu" if key == "step" else weight.device
                self[optimiser].state[weight][key] = torch.as_tensor(array, device=device)
