"""Which of a network's features speak for a crack, and where in the photo they are."""

from __future__ import annotations

import torch
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.classification.cnn_network import PhotoNetwork, pooled

CHUNK = 16
"""Masked photos of one call."""


def grad_cam(network: PhotoNetwork, x: torch.Tensor) -> torch.Tensor:
    """sum_k relu(d log-odds / d A_k) A_k of the maps A_k of the finest stage, at each place; (q, size, size).

    Grad-CAM weighs the maps of the last stage, of which a place is a sixteenth of the photo or more and a crack far
    less. Weights of their own for each place let the finest maps be taken. Source: Jiang, Zhang, Hou, Cheng & Wei,
    LayerCAM, IEEE T-IP 30, 2021; Grad-CAM: Selvaraju et al., ICCV 2017.
    """
    # A backbone's weights may be frozen: the photo itself then makes the maps differentiable.
    maps = network.maps(x.detach().clone().requires_grad_())
    log_odds = network.scored(pooled(maps[-1]))
    (gradient,) = torch.autograd.grad(log_odds.sum(), maps[0])
    activation = torch_functions.relu((torch_functions.relu(gradient) * maps[0]).sum(dim=1, keepdim=True))
    return _enlarged(activation, x.shape[-1])[:, 0].detach()


def score_cam(network: PhotoNetwork, x: torch.Tensor) -> torch.Tensor:
    """relu(sum_k a_k A_k) of the maps A_k of the last stage, a = softmax over k of what the log-odds gain;
    (q, size, size).

    The gain is that of the photo seen through A_k alone, enlarged and scaled to 0..1, over the photo's mean
    colour, which stands in for all that A_k hides: black would draw edges that look like cracks. Source:
    Wang, Wang, Du, Yang, Zhang, Ding, Mardziel & Hu, Score-CAM, CVPR workshops 2020, definitions 2 and 3.
    """
    with torch.inference_mode():
        activations = []
        for one in x:
            mean_colour = one.mean(dim=(1, 2), keepdim=True)
            maps = network.maps(one[None])[-1]
            masks = _enlarged(maps, x.shape[-1])[0]
            low, high = masks.amin(dim=(1, 2), keepdim=True), masks.amax(dim=(1, 2), keepdim=True)
            masks = (masks - low) / (high - low).clamp_min(1e-12)
            gains = [
                network(mean_colour + (one - mean_colour) * chunk[:, None]) for chunk in masks.split(CHUNK)
            ]
            share = torch.softmax(torch.cat(gains) - network(mean_colour.expand_as(one)[None]), dim=0)
            activation = torch_functions.relu((share[:, None, None] * maps[0]).sum(dim=0))
            activations.append(_enlarged(activation[None, None], x.shape[-1])[0, 0])
        return torch.stack(activations)


def _enlarged(maps: torch.Tensor, size: int) -> torch.Tensor:
    return torch_functions.interpolate(maps, size=(size, size), mode="bilinear", align_corners=False)
