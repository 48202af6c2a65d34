"""A small deep ensemble of multilayer perceptrons, trained together with early stopping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from fieldwright.surrogates.regressors import KindConfig, register
from fieldwright.surrogates.search.search_space import Choice, Choices, NumberRange

CHECK = 20
"""Iterations between two looks at the held-out runs."""


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

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Where there are runs to hold out and to learn from."""
        return runs >= 20


register(MLPConfig, "fieldwright.surrogates.networks.mlp_ensemble:MLP")
