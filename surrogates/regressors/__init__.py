"""Model kinds: one module each, found here by itself once it ends in `register(Config, Class)`.

A kind is a regressor from scaled parameters to scaled latent coordinates; `surrogates.fields.surrogate` joins it
with scaling, reduction and calibration.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
from pydantic import BaseModel, ConfigDict

from fieldwright.data.errors import StudyError
from fieldwright.surrogates.fields.physics_hints import PhysicsHints
from fieldwright.surrogates.fields.settings import config_of
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.search.search_space import Choice


class KindConfig(BaseModel):
    """Settings of one candidate; subclasses set `kind: Literal["..."] = "..."` and add their own settings.

    inputs: "auto" lets each parameter enter as given, as logarithm or as reciprocal, whichever predicts
        left-out runs best; "raw" takes all as given; a list names "auto", "raw", "log" or "reciprocal" for
        each parameter in the order of the study.
    outputs: "auto" reduces the logarithm of a positive field over decades where that predicts left-out runs
        better, or the field over a power of the parameters; "raw" never does.
    hints: what the study tells of the physics in `[parameters.derived]` and `[fields.<name>]`, put here by itself.
    modes: of a POD whose rank, energy and error the study leaves open, "predictable" keeps as many as left-out runs
        can tell, "all" those above rounding errors, unless there are more than 2^24 values in them, "affordable"
        all where a covariance of the runs for each has up to 2^21 values together, and else "predictable".
    transient: "trajectory" reduces whole trajectories, one sample for each run; "parameter" reduces all times by
        one basis and takes the time as one more input, so that it answers for any time between; kinds that
        go from step to step have "rollout".

    space: settings that `candidates = "auto"` searches, and what it may try of each; the defaults of the
        others hold. `suits` says whether a search should try the kind at all. cost: order of magnitude of the seconds
        that training on a hundred runs takes; a search tries cheap kinds first.
    """

    space: ClassVar[Mapping[str, Choice]] = {}
    cost: ClassVar[float] = 1.0

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = ""
    outputs: Literal["auto", "raw"] = "auto"
    hints: PhysicsHints = PhysicsHints()
    modes: Literal["predictable", "all", "affordable"] = "predictable"
    transient: Literal["trajectory", "parameter"] = "trajectory"
    inputs: Literal["auto", "raw"] | tuple[Literal["auto", "raw", "log", "reciprocal"], ...] = "auto"

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Whether a search should try this kind on so many runs and parameters; times: None if steady."""
        return True

    def of_field(self, name: str) -> KindConfig:
        """The settings by which the field is learned: these, unless each field has its own."""
        return self


class LatentRegressor(Protocol):
    """Contract of a kind. The constructor only stores; what is learned ends in `_`; predict never mutates."""

    config: Any

    def __init__(self, config: Any) -> None: ...

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r), both float64, zero mean and unit variance column by column."""
        ...

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r) float64, std > 0, of the predictive distribution at x (q, p)."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays: with the config it restores the model bit for bit."""
        ...

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted regressor again, in any process, without pickle."""
        ...


@runtime_checkable
class Movable(Protocol):
    """What a kind offers beside the contract when it can answer from a GPU."""

    def to(self, device: str) -> None:
        """Moves what was learned to a torch device; answers stay numpy arrays."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """What a kind offers beside the contract when it makes choices for all coordinates together."""

    def weigh(self, sizes: np.ndarray) -> None:
        """Take what each coordinate (r,) weighs in the error of the fields, before `fit`."""
        ...


@runtime_checkable
class Differentiable(Protocol):
    """What a kind offers beside the contract when it knows the derivatives of its mean."""

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p)."""
        ...


@runtime_checkable
class Portable(Protocol):
    """What a kind offers beside the contract when its arithmetic can be taken elsewhere."""

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), at x (p,), as a graph of operations."""
        ...


class Kinds:
    """The register of kinds by name."""

    configs: ClassVar[dict[str, type[KindConfig]]] = {}
    regressors: ClassVar[dict[str, type[LatentRegressor] | str]] = {}

    def regressor(self, name: str) -> type[LatentRegressor]:
        """The class of a kind; raises StudyError for a name that is none."""
        if name not in self.regressors:
            raise StudyError(
                f"A candidate's 'kind' must be one of {', '.join(sorted(self.regressors))}",
                f"'{name}'",
                "Correct it in the study file",
            )
        regressor = self.regressors[name]
        return pkgutil.resolve_name(regressor) if isinstance(regressor, str) else regressor


def register(config: type[KindConfig], regressor: type[LatentRegressor] | str) -> None:
    """Makes a kind known under the default of its config's `kind`.

    regressor: its class, or as "module:class" where its import takes long, as torch's does: it is imported when a
    model is made, not when a study file is read.
    """
    name = config.model_fields["kind"].default
    Kinds.configs[name] = config
    Kinds.regressors[name] = regressor


def load_kinds() -> Kinds:
    """All kinds in this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return Kinds()


def kind_config(settings: Mapping[str, Any]) -> KindConfig:
    """The config of a candidate's settings, such as {"kind": "gp"}; raises StudyError in one sentence."""
    return config_of(settings, load_kinds().configs, "candidate")


def regressor_for(config: KindConfig, sizes: np.ndarray | None = None) -> LatentRegressor:
    """An unfitted regressor for the settings; sizes: (r,) what each coordinate weighs, where that is known."""
    regressor = load_kinds().regressor(config.kind)(config)
    if sizes is not None and isinstance(regressor, Weighing):
        regressor.weigh(sizes)
    return regressor
