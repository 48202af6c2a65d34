"""A backbone from weights by their published names: its size, its maps, and weights that stay as they are."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.cracks.backbones.backbone_weights import backbone_of, read_backbone

State = dict[str, torch.Tensor]


def norm(name: str, width: int) -> State:
    ones = {f"{name}.{part}": torch.ones(width) for part in ("weight", "running_var")}
    return ones | {f"{name}.{part}": torch.zeros(width) for part in ("bias", "running_mean")}


def resnet(widths: tuple[int, ...], blocks: tuple[int, ...], three: bool, groups: int = 1) -> State:
    """Weights as the well-known residual networks name them, of basic blocks or of blocks of three."""
    generator = torch.Generator().manual_seed(0)

    def convolution(outputs: int, inputs: int, kernel: int) -> torch.Tensor:
        return torch.randn(outputs, inputs, kernel, kernel, generator=generator) * 0.05

    state = {"conv1.weight": convolution(widths[0], 3, 7)} | norm("bn1", widths[0])
    inputs = widths[0]
    for layer, (width, count) in enumerate(zip(widths, blocks, strict=True), start=1):
        outputs = 4 * width if three else width
        kernels = [(width, 1, 1), (width, 3, groups), (outputs, 1, 1)] if three else [(width, 3, 1)] * 2
        for block in range(count):
            here, channels = f"layer{layer}.{block}", inputs
            for k, (out, kernel, parts) in enumerate(kernels, start=1):
                state[f"{here}.conv{k}.weight"] = convolution(out, channels // parts, kernel)
                state |= norm(f"{here}.bn{k}", out)
                channels = out
            if block == 0 and (layer > 1 or three):
                state[f"{here}.downsample.0.weight"] = convolution(outputs, inputs, 1)
                state |= norm(f"{here}.downsample.1", outputs)
            inputs = outputs
    return state | {"fc.weight": torch.zeros(10, inputs), "fc.bias": torch.zeros(10)}


@pytest.mark.parametrize(
    ("blocks", "three", "groups", "weights"),
    [((2, 2, 2, 2), False, 1, 11_689_512), ((3, 4, 6, 3), True, 1, 25_557_032)],
    ids=["resnet18", "resnet50"],
)
def test_has_the_published_number_of_weights(
    blocks: tuple[int, ...], three: bool, groups: int, weights: int
) -> None:
    network = backbone_of(resnet((64, 128, 256, 512), blocks, three, groups), frozen=False)
    last_layer = 1000 * network.widths[-1] + 1000
    assert sum(one.numel() for one in network.parameters()) == weights - last_layer


@pytest.mark.parametrize(("three", "groups"), [(False, 1), (True, 1), (True, 4)])
def test_maps_halve_and_weights_under_a_prefix_are_the_files(
    tmp_path: Path, three: bool, groups: int
) -> None:
    state = resnet((8, 8, 16), (1, 2, 1), three, groups)
    save_file({f"encoder.{name}": tensor for name, tensor in state.items()}, tmp_path / "weights.safetensors")
    network = read_backbone(tmp_path / "weights.safetensors", frozen=False).eval()
    maps = network.maps(torch.rand(2, 3, 64, 96))
    assert [tuple(one.shape[1:]) for one in maps] == [
        (width, 64 // 2**k, 96 // 2**k) for k, width in enumerate(network.widths, start=1)
    ]
    kept = network.state_dict()
    for name in ("conv1.weight", "layer2.1.conv2.weight", "layer3.0.downsample.0.weight"):
        assert torch.equal(kept[name], state[name])


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_backbone_keeps_weights_and_running_means(frozen: bool) -> None:
    network = backbone_of(resnet((4, 8), (1, 1), three=False), frozen).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.maps(torch.rand(2, 3, 32, 32))
    same = all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert same == frozen
    assert all(one.requires_grad != frozen for one in network.parameters())


def test_no_logit_depends_on_pixels_beyond_the_reach() -> None:
    network = backbone_of(resnet((4, 8), (1, 1), three=False), frozen=False).double().eval()
    x = torch.rand(1, 3, 256, 256, dtype=torch.double, requires_grad=True)
    gradient = torch.autograd.grad(network.maps(x)[-1][0, :, 16, 16].sum(), x)[0].abs().sum(dim=(0, 1))
    touched = torch.nonzero(gradient)
    assert (touched - 16 * 8).abs().max() <= network.reach + 8


def test_says_what_is_wrong_with_other_files(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="readable safetensors"):
        read_backbone(tmp_path / "absent.safetensors", frozen=True)
    save_file({"features.0.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="EfficientNet-Lite"):
        read_backbone(tmp_path / "other.safetensors", frozen=True)
    broken = resnet((4, 8), (1, 1), three=False)
    broken["layer2.0.conv2.weight"] = torch.zeros(8, 5, 3, 3)
    with pytest.raises(ModelError, match="make none"):
        backbone_of(broken, frozen=True)
