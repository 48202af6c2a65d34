"""Variational autoencoder: latent coordinates that follow a standard normal distribution, for sampling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from fieldwright.surrogates.reductions import register
from fieldwright.surrogates.reductions.neural.reduction import NeuralConfig, NeuralReduction

if TYPE_CHECKING:
    import torch

    from fieldwright.surrogates.reductions.neural.networks import CorrectedPod


class VAEConfig(NeuralConfig):
    """Settings of the variational autoencoder, see `NeuralConfig`."""

    kind: Literal["vae"] = "vae"


class VAE(NeuralReduction):
    """Encoder q(z|f) = N(mu(f), diag exp(l(f))), prior N(0, I), decoder N(g(z), v), all learned.

    Minimises the negative evidence lower bound (Kingma & Welling 2014). `encode` gives mu.
    """

    codes = 2

    def _prepare(self, model: CorrectedPod) -> None:
        import torch

        # The encoder starts a little uncertain, the decoder as wrong as the POD of its rank is.
        model.register_parameter("log_code_variance", torch.nn.Parameter(torch.tensor(-4.0)))
        share = max(1e-6, 1.0 - float(self.pod_.energy_[min(self.config.rank, len(self.pod_.energy_)) - 1]))
        energy = float((self.frame_.weights * self.frame_.spread**2).mean())
        model.register_parameter("log_variance", torch.nn.Parameter(torch.tensor(math.log(share * energy))))

    def _loss(self, features: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        import torch

        r = self.config.rank
        code, parameters = self.model_.encode(features), dict(self.model_.named_parameters())
        mu, log_variance = code[:, :r], code[:, r:] + parameters["log_code_variance"]
        eps = torch.zeros_like(mu)
        if generator is not None:
            eps = torch.randn(mu.shape, generator=generator)
        z = mu + torch.exp(0.5 * log_variance) * eps
        noise = parameters["log_variance"]
        bound = negative_elbo(features, self.model_.decode(z), mu, log_variance, noise, self.weights_)
        return bound.mean() / features.shape[1]


def negative_elbo(
    features: torch.Tensor,
    decoded: torch.Tensor,
    mu: torch.Tensor,
    log_code_variance: torch.Tensor,
    log_variance: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """-log p(f|z) + KL(N(mu, exp l) || N(0, I)), (b,), of features (b, F) decoded from one z of each.

    -log p(f|z) = sum_j (w_j (f_j - g_j)^2 / v + log(2 pi v) - log w_j) / 2, the noise of f_j having variance v / w_j;
    KL = sum_k (mu_k^2 + exp l_k - 1 - l_k) / 2. Features of weight 0 do not count.
    """
    import torch

    counted = weights > 0
    noise = torch.where(counted, log_variance + math.log(2 * math.pi) - torch.log(weights), 0.0)
    misfit = ((features - decoded) ** 2 * weights * torch.exp(-log_variance) + noise).sum(dim=1) / 2
    divergence = (mu**2 + torch.exp(log_code_variance) - 1 - log_code_variance).sum(dim=1) / 2
    return misfit + divergence


register(VAEConfig, VAE)
