"""Autoencoder: a nonlinear reduction that starts as the POD of its rank and learns what to add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fieldwright.surrogates.reductions import register
from fieldwright.surrogates.reductions.neural.reduction import NeuralConfig, NeuralReduction

if TYPE_CHECKING:
    import torch

    from fieldwright.surrogates.reductions.neural.networks import CorrectedPod


class AutoencoderConfig(NeuralConfig):
    """Settings of the autoencoder, see `NeuralConfig`."""

    kind: Literal["autoencoder"] = "autoencoder"


class Autoencoder(NeuralReduction):
    """z = P f + E(f), f ~ P^T z + D(z): the POD projection P and two networks (Fresca & Manzoni 2022).

    Minimises the squared error in the inner product, relative to the energy of the snapshots.
    """

    codes = 1

    def _prepare(self, model: CorrectedPod) -> None:
        pass

    def _loss(self, features: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        residual = features - self.model_.decode(self.model_.encode(features))
        return (residual**2 * self.weights_).mean(dim=0).sum() / (features**2 * self.weights_).mean(
            dim=0
        ).sum()


register(AutoencoderConfig, Autoencoder)
