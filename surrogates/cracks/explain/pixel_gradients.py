"""How much the log-odds of a crack change with each pixel."""

from __future__ import annotations

from typing import cast

import torch
from captum.attr import NoiseTunnel, Saliency
from torch import nn

SAMPLES = 16
NOISE = 0.1
"""Standard deviation of SmoothGrad's noise, as a share of white."""


def saliency(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return max over colours |d log-odds / d x|, (q, size, size), of photos x (q, 3, size, size).

    Source: Simonyan, Vedaldi & Zisserman, Deep inside convolutional networks, ICLR workshop 2014, section 3.
    """
    gradients = Saliency(network).attribute(x.requires_grad_(), abs=True)
    return cast(torch.Tensor, gradients).amax(dim=1)


def smoothgrad(network: nn.Module, x: torch.Tensor, seed: int) -> torch.Tensor:
    """Return max over colours of |mean over 16 noisy copies of d log-odds / d x|, (q, size, size); seed: of the
    noise.

    Source: Smilkov, Thorat, Kim, Viegas & Wattenberg, SmoothGrad: removing noise by adding noise,
    arXiv:1706.03825, 2017.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mean = NoiseTunnel(Saliency(network)).attribute(
            x.requires_grad_(), nt_type="smoothgrad", nt_samples=SAMPLES, stdevs=NOISE, abs=False
        )
    return cast(torch.Tensor, mean).abs().amax(dim=1)
