"""What the autoencoders share: fitting a network on top of a POD, and its state without pickle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field

from fieldwright.surrogates.reductions import Matrix, ReductionConfig
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction

if TYPE_CHECKING:
    import torch

    from fieldwright.surrogates.reductions.neural.networks import CorrectedPod


class NeuralConfig(ReductionConfig):
    """Settings that autoencoders share.

    rank: number of latent coordinates. pod_energy: of the POD whose coordinates a dense network sees.
    grid: None for points anywhere, (nx,) or (ny, nx) where they form a grid, row by row: then the networks are
        convolutional. components: values of each grid point.
    hidden: widths of the dense layers; with a grid, the first is the number of channels of the finest level.
    epochs, patience, rate, batch: see `neural.training.Schedule`.
    """

    rank: int = Field(ge=1)
    grid: tuple[int, ...] | None = Field(default=None, min_length=1, max_length=2)
    components: int = Field(default=1, ge=1)
    hidden: tuple[int, ...] = Field(default=(128, 128), min_length=1)
    pod_energy: float = Field(default=1 - 1e-6, gt=0.0, le=1.0)
    epochs: int = Field(default=3000, ge=0)
    patience: int = Field(default=500, ge=1)
    rate: float = Field(default=3e-3, gt=0.0)
    batch: int = Field(default=64, ge=1)
    memory_mb: int = Field(default=256, ge=16)


class NeuralReduction(ABC):
    """A network on top of a POD, under the contract of a reduction; subclasses say what is minimised."""

    codes: int
    """1, or 2 where the encoder also gives the logarithm of a variance."""

    def __init__(self, config: Any) -> None:
        self.config = config

    @abstractmethod
    def _prepare(self, model: CorrectedPod) -> None:
        """Gives the untrained model what else it must learn."""

    @abstractmethod
    def _loss(self, features: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        """The training loss; without a generator, the validation loss."""

    def fit(self, snapshots: Matrix, weights: np.ndarray | InnerProduct | None = None, seed: int = 0) -> Self:
        """Learns from snapshots (n, m); raises ModelError."""
        import torch

        from fieldwright.surrogates.reductions.neural.training import Schedule, train_autoencoder

        self.pod_ = SVDReduction(self._pod_config()).fit(snapshots, weights, seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._build()
        features = torch.from_numpy(self.frame_.features(snapshots))
        settings = self.config
        schedule = Schedule(settings.epochs, settings.patience, settings.rate, settings.batch)
        self.best_ = train_autoencoder(
            self.model_, features, self._loss, lambda f: self._loss(f, None), schedule, seed
        )
        return self

    def _pod_config(self) -> SVDConfig:
        # A convolutional network sees the values themselves and needs no more modes than it has coordinates.
        how_many = (
            {"energy": self.config.pod_energy} if self.config.grid is None else {"rank": self.config.rank}
        )
        return SVDConfig(memory_mb=self.config.memory_mb, **how_many)

    def _build(self) -> None:
        import torch

        from fieldwright.surrogates.reductions.neural.frame import Frame
        from fieldwright.surrogates.reductions.neural.networks import CorrectedPod

        settings = self.config
        self.frame_ = Frame(self.pod_, settings.rank, settings.grid, settings.components)
        self.model_ = CorrectedPod(self.frame_, settings.rank, settings.hidden, self.codes)
        self._prepare(self.model_)
        self.weights_ = torch.as_tensor(self.frame_.weights, dtype=torch.float32)

    def encode(self, snapshots: Matrix) -> np.ndarray:
        """Latent coordinates (q, rank) float64 of snapshots (q, m)."""
        import torch

        with torch.no_grad():
            code = self.model_.encode(torch.from_numpy(self.frame_.features(snapshots)))
        return code[:, : self.config.rank].numpy().astype(np.float64)

    def decode(self, latent: np.ndarray) -> np.ndarray:
        """Snapshots (q, m) of latent coordinates (q, rank)."""
        import torch

        with torch.no_grad():
            features = self.model_.decode(torch.as_tensor(np.asarray(latent), dtype=torch.float32))
        return self.frame_.snapshots(features.numpy())

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {f"pod.{name}": array for name, array in self.pod_.state().items()}
        return arrays | {f"net.{name}": value.numpy() for name, value in self.model_.state_dict().items()}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted reduction again, without pickle."""
        import torch

        restored = cls(config)
        parts = {"pod.": {}, "net.": {}}
        for name, array in state.items():
            parts[name[:4]][name[4:]] = array
        restored.pod_ = SVDReduction.restore(restored._pod_config(), parts["pod."])
        with torch.random.fork_rng(devices=[]):
            restored._build()
        restored.model_.load_state_dict({name: torch.tensor(array) for name, array in parts["net."].items()})
        return restored
