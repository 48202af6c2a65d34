"""The backbone that comes along: its maps are those of the published network, in a segmenter and in a classifier."""

import re
from importlib.resources import files

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional

from fieldwright.surrogates.cracks.backbones.backbone_weights import read_backbone
from fieldwright.surrogates.cracks.backbones.inverted_residual_backbone import InvertedResidualBackbone
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import segmentation_network
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

NAME = "efficientnet-lite0"


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    path = files("fieldwright.surrogates.cracks.backbones") / f"{NAME}.safetensors"
    return {name: one.double() for name, one in load_file(str(path)).items()}


def backbone(frozen: bool = False) -> InvertedResidualBackbone:
    network = read_backbone(NAME, frozen)
    assert isinstance(network, InvertedResidualBackbone)
    return network


def written_out(x: torch.Tensor, weights: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """The first eleven blocks from their published table: kernels, strides and residuals by number of the block."""

    def normal(x: torch.Tensor, name: str) -> torch.Tensor:
        mean, variance, gain, bias = (
            weights[f"{name}.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (variance + 1e-3).sqrt() * gain + bias

    def convolved(x: torch.Tensor, name: str, stride: int, groups: int) -> torch.Tensor:
        kernel = weights[name].shape[-1]
        # TensorFlow's "same": what is missing in all, the smaller half before.
        missing = max(kernel - stride, 0)
        x = functional.pad(x, (missing // 2, missing - missing // 2) * 2)
        return functional.conv2d(x, weights[name], stride=stride, groups=groups)

    strides = {1: 2, 3: 2, 5: 2}
    x = normal(convolved(x, "_conv_stem.weight", 2, 1), "_bn0").clamp(0, 6)
    maps = []
    for k in range(11):
        name, inner = f"_blocks.{k}", x
        if k:
            inner = normal(convolved(inner, f"{name}._expand_conv.weight", 1, 1), f"{name}._bn0").clamp(0, 6)
        inner = convolved(inner, f"{name}._depthwise_conv.weight", strides.get(k, 1), inner.shape[1])
        inner = normal(inner, f"{name}._bn1").clamp(0, 6)
        inner = normal(convolved(inner, f"{name}._project_conv.weight", 1, 1), f"{name}._bn2")
        x = x + inner if k in (2, 4, 6, 7, 9, 10) else inner
        if k in (0, 2, 4, 10):
            maps.append(x)
    return maps


def test_maps_are_those_of_the_published_network(weights: dict[str, torch.Tensor]) -> None:
    x = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    network = backbone().eval()
    with torch.no_grad():
        maps = network.maps(x)
        truth = written_out(x.double(), weights)
    assert [one.shape[1] for one in maps] == [16, 24, 40, 112] == list(network.widths)
    for ours, theirs in zip(maps, truth, strict=True):
        assert ours.shape == theirs.shape
        assert (ours - theirs).norm() < 1e-5 * theirs.norm()


def test_has_the_published_number_of_weights(weights: dict[str, torch.Tensor]) -> None:
    kept = {name for name in weights if not re.search("running", name)}
    # Of Tan's table: a stem of 32, then 16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112 channels, widened sixfold.
    widths, kernels = (16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112), (3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5)
    total, inputs = 32 * 27 + 2 * 32, 32
    for k, (outputs, kernel) in enumerate(zip(widths, kernels, strict=True)):
        wide = inputs if k == 0 else 6 * inputs
        total += (inputs * wide + 2 * wide if k else 0) + kernel**2 * wide + 2 * wide
        total += wide * outputs + 2 * outputs
        inputs = outputs
    assert sum(weights[name].numel() for name in kept) == total
    assert sum(one.numel() for one in backbone().parameters()) == total


def test_no_map_depends_on_pixels_beyond_the_reach() -> None:
    network = backbone().eval()
    side = 512
    x = torch.rand(1, 3, side, side, requires_grad=True)
    gradient = torch.autograd.grad(network.maps(x)[-1][0, :, side // 32, side // 32].sum(), x)[0]
    touched = torch.nonzero(gradient.abs().sum(dim=(0, 1))) - side // 2
    assert 0.5 * network.reach < touched.abs().max() <= network.reach + 16


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_one_stays_as_it_is(frozen: bool) -> None:
    network = backbone(frozen).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.maps(torch.rand(2, 3, 32, 32))
    same = all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert same == frozen
    assert all(one.requires_grad != frozen for one in network.parameters())


def test_a_segmenter_on_it_is_restored_from_its_own_weights() -> None:
    config = CrackUNetConfig(backbone=NAME, crop=64)
    network = segmentation_network(config, seed=3)
    again = segmentation_network(config, seed=4, state=network.state_dict())
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(network(x), again(x))
    assert network.mean.flatten().tolist() == [0.0] * 3, "its colours are set when it is trained"
