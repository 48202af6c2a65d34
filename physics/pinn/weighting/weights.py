"""The weights of a training as they stand: causal, balanced and attentive, multiplied."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.physics.pinn.weighting.attention import attention
from fieldwright.physics.pinn.weighting.balance import gradient_norm_weights, tangent_kernel_weights
from fieldwright.physics.pinn.weighting.causal import causal_weights
from fieldwright.physics.pinn.weighting.loss_slopes import gradient_norms, kernel_traces
from fieldwright.physics.pinn.weighting.settings import Weighting

CAUGHT_UP = 0.99
"""Once the least causal weight is above this, the next strictness begins."""


class RunningWeights:
    """The weights of one training, of rows that may change: `renew` them, `of` the rows as they are."""

    def __init__(self, weighting: Weighting, problem: Problem) -> None:
        self._weighting = weighting
        self._time = len(problem.coordinates) - 1
        self._balance: dict[str, float] = {}
        self._strictness = 0
        self._attention: Tensor | None = None

    def renew_balance(self, rows: ResidualRows, theta: Tensor) -> None:
        """Compares the losses anew."""
        if self._weighting.balance == "none":
            return
        if self._weighting.balance == "gradient_norm":
            new = gradient_norm_weights(gradient_norms(rows, theta))
        else:
            new = tangent_kernel_weights(kernel_traces(rows, theta))
        keep = self._weighting.memory
        for name, value in new.items():
            old = self._balance.get(name)
            self._balance[name] = value if old is None else keep * old + (1 - keep) * value

    def forget_points(self) -> None:
        """New collocation points have no attention of their own yet."""
        self._attention = None

    def of(self, rows: ResidualRows, terms: Mapping[str, Tensor]) -> Tensor:
        """Weights (m,) of the rows with these pieces; counts as one look at them."""
        pieces = {name: piece.detach() for name, piece in terms.items()}
        causal = self._causal(rows, pieces)
        weights = torch.cat(
            [
                self._balance.get(name, 1.0)
                * (causal if causal is not None and name.startswith("equation") else torch.ones_like(piece))
                for name, piece in pieces.items()
            ]
        )
        if self._weighting.attention:
            residuals = torch.cat(list(pieces.values()))
            if self._attention is None or len(self._attention) != len(residuals):
                self._attention = torch.ones_like(residuals)
            self._attention = attention(
                self._attention, residuals, self._weighting.decay, self._weighting.attention
            )
            weights = weights * self._attention
        return weights

    def _causal(self, rows: ResidualRows, pieces: Mapping[str, Tensor]) -> Tensor | None:
        if not self._weighting.causal:
            return None
        equations = [piece for name, piece in pieces.items() if name.startswith("equation")]
        squares = torch.stack(equations).square().sum(dim=0) * len(equations[0])  # rows are shares of a mean
        strictness = self._weighting.causal[self._strictness]
        weights = causal_weights(rows.points[:, self._time], squares, strictness, self._weighting.slices)
        if float(weights.min()) > CAUGHT_UP:
            self._strictness = min(self._strictness + 1, len(self._weighting.causal) - 1)
        return weights

    def state(self) -> tuple[dict[str, object], dict[str, np.ndarray]]:
        """All of it, as what JSON holds and as arrays."""
        arrays = {} if self._attention is None else {"attention": self._attention.cpu().numpy()}
        return {"balance": self._balance, "strictness": self._strictness}, arrays

    def restore(self, values: Mapping, arrays: Mapping[str, np.ndarray], device: torch.device) -> None:
        """Takes what `state` gave."""
        self._balance, self._strictness = dict(values["balance"]), int(values["strictness"])
        self._attention = None
        if "attention" in arrays:
            self._attention = torch.as_tensor(arrays["attention"], device=device)
