"""The switches of a physics-informed network: its features, its layers and its activation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.pinn.networks.activation import Activation
from fieldwright.physics.pinn.networks.gated_layers import GatedLayers
from fieldwright.physics.pinn.networks.pirate_layers import PirateLayers
from fieldwright.physics.pinn.networks.plain_layers import PlainLayers
from fieldwright.physics.pinn.networks.residual_layers import ResidualLayers

Layers = PlainLayers | ResidualLayers | GatedLayers | PirateLayers
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Fourier:
    """Random Fourier features of what the network sees.

    scales: standard deviations of the frequencies, in radians for half the width of the domain; each scale passes the
    layers by itself, and the last values of all are joined. time_scales: if given, space and time have waves of
    their own, and the last values of every pair of scales are multiplied (spatio-temporal features).
    count: waves of each scale. trained: whether a factor of each scale is trained.
    """

    scales: tuple[Positive, ...] = (1.0,)
    time_scales: tuple[Positive, ...] = ()
    count: int = Field(default=64, ge=1)
    trained: bool = False


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Architecture:
    """A network's switches, all of which go together.

    hidden: neurons of each layer (the blocks of "pirate" have three layers each).
    layers: "plain"; "residual": each adds to the one before; "gated": each mixes two encodings of the inputs (the
    modified perceptron); "pirate": gated residual blocks that start as the identity.
    activation: "tanh", "swish", or "sine" (SIREN). frequency: of "sine". slopes: of the activation, "fixed", or
    trained for each "layer" or "neuron". slope_scaling: factor of trained slopes.
    own_features: whether the network sees the equation's own features, if it has any; a lift may need them to meet
    its conditions. periods: period of each coordinate in which the solution is periodic, kept exactly. harmonics:
    waves that keep it. fourier: random Fourier features of all that.

    Raises FieldwrightError when layers with skips or gates have unequal widths.
    """

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(20, 20, 20), min_length=1)
    layers: Literal["plain", "residual", "gated", "pirate"] = "plain"
    activation: Literal["tanh", "swish", "sine"] = "tanh"
    frequency: Positive = 30.0
    slopes: Literal["fixed", "layer", "neuron"] = "fixed"
    slope_scaling: Positive = 10.0
    own_features: bool = True
    periods: Mapping[str, Positive] = field(default_factory=dict)
    harmonics: int = Field(default=4, ge=1)
    fourier: Fourier | None = None

    def __post_init__(self) -> None:
        if self.layers != "plain" and len(set(self.hidden)) > 1:
            raise FieldwrightError(
                f"Layers of the kind '{self.layers}' must all have one width",
                f"hidden = {list(self.hidden)}",
                "Give equal widths, or 'plain' layers",
            )

    def build_layers(self) -> Layers:
        """The layers between the features and the output."""
        activation = Activation(self.activation, self.slopes, self.slope_scaling, self.frequency)
        width, depth = self.hidden[-1], len(self.hidden)
        if self.layers == "plain":
            return PlainLayers(self.hidden, activation)
        kind = {"residual": ResidualLayers, "gated": GatedLayers, "pirate": PirateLayers}[self.layers]
        return kind(width, depth, activation)
