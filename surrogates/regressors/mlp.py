"""An ensemble of multilayer perceptrons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from fieldwright.surrogates.regressors import KindConfig, register
from fieldwright.surrogates.search.search_space import Choice, Choices, NumberRange

CHECK = 20
"""Iterations between two looks at the held-out runs."""
MANY_RUNS = 1000
"""From so many on, more units pay and members differ less."""
Width = Annotated[int, Field(ge=1)]


class Size(NamedTuple):
    """What "auto" means: widths of the hidden layers, networks, iterations."""

    hidden: tuple[int, ...]
    members: int
    iterations: int


FEW, MANY, EARLY_STOPPED = Size((128,), 4, 30), Size((256,), 2, 100), Size((64, 64), 5, 300)


class MLPConfig(KindConfig):
    """Settings of the ensemble.

    optimiser: "evidence" maximises the evidence of the last layer by the hidden weights, "lbfgs" and "adamw" lessen
        the squared error until that of held-out runs grows; "auto" is "evidence" unless there is dropout or batch
        normalisation, which need "adamw".
    hidden: widths of the hidden layers; "auto" is 128 units, or 256 from 1,000 runs on, and two layers of 64 where
        training is stopped early. members: networks of the ensemble; "auto" is 4, 2 and 5 in these cases.
    iterations: at most; "auto" is 30, 100 and 300. Adam has ten steps for each.
    activation: of the hidden layers. Those stopped early begin with the weights that suit it: Glorot's for tanh,
        LeCun's for selu, He's for the others.
    freedom: std by which the evidence lets hidden weights leave the standard normal ones that were drawn; 0 leaves
        them there, and learns how each input is scaled.
    validation: share of the runs that each member holds out, to size the std or to stop early, other ones for each
        member.
    patience: iterations without a better held-out error before early stopping.
    learning_rate: of Adam; it falls to zero as a cosine.
    weight_decay: penalty of the squared weights, divided by the number of runs, where training is stopped early.
    dropout: share of the hidden units that each step leaves out. batch_norm: standardise hidden units over the runs.
    """

    cost: ClassVar[float] = 3.0
    space: ClassVar[Mapping[str, Choice]] = {
        "hidden": Choices(("auto", (64,), (256,), (64, 64))),
        "activation": Choices(("tanh", "silu", "gelu", "selu")),
        "freedom": NumberRange(0.05, 5.0, log=True),
    }

    kind: Literal["mlp"] = "mlp"
    optimiser: Literal["auto", "evidence", "lbfgs", "adamw"] = "auto"
    hidden: Literal["auto"] | Annotated[tuple[Width, ...], Field(min_length=1)] = "auto"
    members: Literal["auto"] | Annotated[int, Field(ge=2, le=50)] = "auto"
    iterations: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    activation: Literal["tanh", "relu", "selu", "gelu", "silu"] = "tanh"
    freedom: float = Field(default=1.0, ge=0.0)
    validation: float = Field(default=0.125, gt=0.0, lt=0.9)
    patience: int = Field(default=100, ge=CHECK)
    learning_rate: float = Field(default=1e-2, gt=0.0)
    weight_decay: float = Field(default=1e-2, ge=0.0)
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    batch_norm: bool = False

    @model_validator(mode="after")
    def _one_objective_for_a_line_search(self) -> Self:
        if self.optimiser in ("evidence", "lbfgs") and (self.dropout or self.batch_norm):
            raise ValueError("dropout and batch_norm change the objective at every step: they need 'adamw'")
        return self

    @property
    def by_adam(self) -> bool:
        """Whether it is trained by Adam."""
        return self.optimiser == "adamw" or bool(self.dropout) or self.batch_norm

    @property
    def by_evidence(self) -> bool:
        """Whether hidden weights maximise the evidence of the last layer."""
        return self.optimiser == "evidence" or (self.optimiser == "auto" and not self.by_adam)

    def size(self, runs: int) -> Size:
        """What the settings mean for so many runs."""
        auto = EARLY_STOPPED if not self.by_evidence else MANY if runs >= MANY_RUNS else FEW
        return Size(
            auto.hidden if self.hidden == "auto" else self.hidden,
            auto.members if self.members == "auto" else self.members,
            auto.iterations if self.iterations == "auto" else self.iterations,
        )

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Where there are runs to hold out and to learn from."""
        return runs >= 20


register(MLPConfig, "fieldwright.surrogates.networks.mlp:MLP")
