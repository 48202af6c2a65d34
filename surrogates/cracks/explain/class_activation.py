"""Which of a network's coarse features speak for a crack, and where in the photo they are."""

from __future__ import annotations

from typing import cast

import torch
from captum.attr import LayerGradCam
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.classification.cnn_network import PhotoNetwork

CHUNK = 16
"""Masked photos of one call."""


def grad_cam(network: PhotoNetwork, x: torch.Tensor) -> torch.Tensor:
    """relu(sum_k a_k A_k) of the maps A_k of the last stage, a_k the mean of d log-odds / d A_k; (q, size,
    size).

    Source: Selvaraju, Cogswell, Das, Vedantam, Parikh & Batra, Grad-CAM, ICCV 2017, equations 1 and 2.
    """
    maps = LayerGradCam(network, network.last).attribute(x, relu_attributions=True)
    return _enlarged(cast(torch.Tensor, maps), x.shape[-1])[:, 0].detach()


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
