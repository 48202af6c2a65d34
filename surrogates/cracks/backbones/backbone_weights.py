"""The backbone whose weights a file holds: which network they make follows from their names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from fieldwright.data.disk import fault
from fieldwright.data.errors import ModelError
from fieldwright.surrogates.cracks.backbones import inverted_residual_backbone, residual_backbone
from fieldwright.surrogates.cracks.backbones.backbone import Backbone
from fieldwright.surrogates.cracks.backbones.inverted_residual_backbone import InvertedResidualBackbone
from fieldwright.surrogates.cracks.backbones.named import EFFICIENTNET_LITE0, Named
from fieldwright.surrogates.cracks.backbones.residual_backbone import ResidualBackbone

NETWORKS: dict[str, type[ResidualBackbone] | type[InvertedResidualBackbone]] = {
    residual_backbone.STEM: ResidualBackbone,
    inverted_residual_backbone.STEM: InvertedResidualBackbone,
}
"""By the name of the weight that each kind begins with."""

State = Mapping[str, torch.Tensor]


def backbone_of_shapes(shapes: Mapping[str, torch.Size], frozen: bool) -> Backbone:
    """A backbone with first weights of these shapes, by their published names."""
    return next(network for stem, network in NETWORKS.items() if stem in shapes)(shapes, frozen)


def backbone_of(state: State, frozen: bool) -> Backbone:
    """With the weights of a state dict by their published names; raises ModelError where they make no network."""
    shapes = {name: tensor.shape for name, tensor in state.items()}
    try:
        network = backbone_of_shapes(shapes, frozen)
        names = {name for name in network.state_dict() if not name.endswith("num_batches_tracked")}
        network.load_state_dict({name: state[name].float() for name in names}, strict=False)
    except (KeyError, ValueError, RuntimeError, ZeroDivisionError, StopIteration) as error:
        raise ModelError(
            "A backbone must be a residual network with weights named conv1, bn1, layer1.0.conv1 and so on, or an "
            "EfficientNet-Lite with _conv_stem, _bn0, _blocks.0._depthwise_conv and so on",
            f"weights that make none ({(str(error) or 'none of these names').splitlines()[0]})",
            "Bring the state dict of a ResNet, a ResNeXt or an EfficientNet-Lite",
        ) from error
    return network


def read_backbone(path: Path | Named, frozen: bool) -> Backbone:
    """The one that comes along, or of a safetensors file, whose names may all stand under one prefix.

    Raises ModelError.
    """
    if path == EFFICIENTNET_LITE0:
        path = Path(__file__).parent / f"{EFFICIENTNET_LITE0}.safetensors"
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        cause = fault(error, f"the backbone '{path}'") if isinstance(error, OSError) else None
        if cause is not None:
            raise ModelError(cause[0], str(error), cause[1]) from error
        raise ModelError(
            "A backbone must be a readable safetensors file",
            f"'{path}' ({error})",
            "Give the path of a file that safetensors wrote",
        ) from error
    ends = [
        name
        for name in state
        if name.endswith(tuple(NETWORKS)) and not residual_backbone.CONVOLUTION.search(name)
    ]
    first = min(ends, key=len, default="")
    prefix = next((first.removesuffix(stem) for stem in NETWORKS if first.endswith(stem)), "")
    weights = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    return backbone_of(weights, frozen)
