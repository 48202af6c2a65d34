"""Reductions: one module each, found here by itself once it ends in `register(Config, Class)`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from fieldwright.data.errors import StudyError
from fieldwright.surrogates.fields.settings import config_of

if TYPE_CHECKING:
    from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct


class Matrix(Protocol):
    """Snapshots as rows: anything with a shape (n, m), a dtype and numpy's slicing (ndarray, zarr.Array)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of snapshots and of values of each."""
        ...

    @property
    def dtype(self) -> Any:
        """Type of the values."""
        ...

    def __getitem__(self, key: Any, /) -> Any: ...


class ReductionConfig(BaseModel):
    """Settings of a reduction; subclasses set `kind: Literal["..."] = "..."` and add their own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = ""


class Reduction(Protocol):
    """Contract of a reduction. The constructor only stores; what is learned ends in `_`."""

    config: Any

    def __init__(self, config: Any) -> None: ...

    def fit(self, snapshots: Matrix, weights: np.ndarray | InnerProduct | None = None, seed: int = 0) -> Self:
        """Learns from snapshots (n, m); weights (m,) > 0 are the diagonal of the inner product.

        An `InnerProduct` says more: a mass matrix, fields scaled apart, columns outside the domain.
        """
        ...

    def encode(self, snapshots: Matrix) -> np.ndarray:
        """Latent coordinates (q, r) float64 of snapshots (q, m)."""
        ...

    def decode(self, latent: np.ndarray) -> np.ndarray:
        """Snapshots (q, m) of latent coordinates (q, r)."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        ...

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted reduction again, without pickle."""
        ...


class Reductions:
    """The register of reductions by name."""

    configs: ClassVar[dict[str, type[ReductionConfig]]] = {}
    classes: ClassVar[dict[str, type[Reduction]]] = {}


def register(config: type[ReductionConfig], reduction: type[Reduction]) -> None:
    """Makes a reduction known under the default of its config's `kind`."""
    name = config.model_fields["kind"].default
    Reductions.configs[name] = config
    Reductions.classes[name] = reduction


def load_reductions() -> Reductions:
    """All reductions in this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return Reductions()


def reduction_config(settings: Mapping[str, Any]) -> ReductionConfig:
    """The config of a reduction's settings, such as {"kind": "svd"}; raises StudyError in one sentence."""
    return config_of(settings, load_reductions().configs, "reduction")


def reduction_for(config: ReductionConfig) -> Reduction:
    """An unfitted reduction for the settings."""
    name = config.kind
    reductions = load_reductions()
    if name not in reductions.classes:
        raise StudyError(
            f"The reduction's 'kind' must be one of {', '.join(sorted(reductions.classes))}",
            f"'{name}'",
            "Correct it in the study file",
        )
    return reductions.classes[name](config)
