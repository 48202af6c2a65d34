"""The networks of the segmenter: their size, how far they see, and that they are restored."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from fieldwright.surrogates.cracks.segmentation.folded_norms import with_folded_norms
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import segmentation_network
from fieldwright.surrogates.cracks.segmentation.separable_unet import SeparableUNet
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

RESIDUAL = CrackUNetConfig(widths=(4, 6, 8), deep_supervision=0.3)
PLAIN = CrackUNetConfig(architecture="plain", widths=(4, 6, 8))
SEPARABLE = CrackUNetConfig(architecture="separable", widths=(4, 6, 8))


def test_separable_network_has_the_published_size() -> None:
    network = SeparableUNet((32, 64, 128, 256))
    weights = sum(one.numel() for one in network.parameters())
    running = sum(one.numel() for name, one in network.named_buffers() if "running" in name)
    # The published table counts the running means too, and three outputs of 3 x 3 x 32 weights and a bias each.
    assert weights + running + 2 * (9 * 32 + 1) == 2_058_979


@pytest.mark.parametrize("config", [RESIDUAL, SEPARABLE, PLAIN], ids=["residual", "separable", "plain"])
def test_no_logit_depends_on_pixels_beyond_the_reach(config: CrackUNetConfig) -> None:
    network = segmentation_network(config, seed=0).double()
    side = 4 * network.reach // network.multiple * network.multiple
    x = torch.rand(1, 3, side, side, dtype=torch.double, requires_grad=True)
    furthest = 0
    for row, column in ((side // 2, side // 2), (side // 2 - 1, side // 2 + 1)):
        gradient = torch.autograd.grad(network(x)[0, 0, row, column], x)[0].abs().sum(dim=(0, 1))
        touched = torch.nonzero(gradient) - torch.tensor([row, column])
        furthest = max(furthest, int(touched.abs().max()))
    assert 0.5 * network.reach < furthest <= network.reach


def test_deep_supervision_has_a_head_for_each_level_between() -> None:
    network = segmentation_network(RESIDUAL, seed=0)
    finest, *coarser = network.at_all_levels(torch.rand(2, 3, 32, 48))
    assert finest.shape == (2, 1, 32, 48)
    assert [tuple(one.shape) for one in coarser] == [(2, 1, 8, 12)]


def test_backbone_is_restored_without_its_file_and_frozen_weights_stay(tmp_path: Path) -> None:
    shapes = {
        "conv1.weight": (6, 3, 7, 7),
        "layer1.0.conv1.weight": (6, 6, 3, 3),
        "layer1.0.conv2.weight": (6, 6, 3, 3),
    }
    weights = {name: torch.randn(shape) for name, shape in shapes.items()}
    for norm in ("bn1", "layer1.0.bn1", "layer1.0.bn2"):
        weights |= {f"{norm}.{part}": torch.rand(6) + 0.5 for part in ("weight", "bias")}
        weights |= {f"{norm}.{part}": torch.rand(6) + 0.5 for part in ("running_mean", "running_var")}
    path = tmp_path / "weights.safetensors"
    save_file(weights, path)
    config = CrackUNetConfig(backbone=path, frozen=True)
    network = segmentation_network(config, seed=0)
    path.unlink()
    again = segmentation_network(config, seed=5, state=network.state_dict())
    x = torch.rand(1, 3, 32, 48)
    assert torch.equal(network(x), again(x))
    network.train()(x).sum().backward()
    touched = {name for name, one in network.named_parameters() if one.grad is not None}
    assert touched
    assert not any("backbone" in name for name in touched)


def test_crops_must_halve_to_the_coarsest_level() -> None:
    with pytest.raises(ValueError, match="'crop' must be a multiple of 8"):
        CrackUNetConfig(widths=(4, 6, 8), crop=36)


LITE = CrackUNetConfig(backbone="efficientnet-lite0", crop=32)


@pytest.mark.parametrize(
    "config", [RESIDUAL, SEPARABLE, PLAIN, LITE], ids=["residual", "separable", "plain", "lite"]
)
def test_networks_without_norms_of_their_own_answer_the_same(config: CrackUNetConfig) -> None:
    network = segmentation_network(config, seed=0)
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.running_mean, module.running_var, module.weight.data, module.bias.data):
                assert tensor is not None
                tensor.mul_(1.0 + 0.2 * torch.rand(tensor.shape, generator=generator)).add_(0.01)
    folded, x = with_folded_norms(network), torch.rand(1, 3, 64, 96, generator=generator)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    with torch.no_grad():
        logits = network(x)
        torch.testing.assert_close(folded(x), logits, rtol=1e-4, atol=1e-4 * float(logits.abs().max()))
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
