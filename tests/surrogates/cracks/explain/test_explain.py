import numpy as np
import pytest
import torch
from torch import nn

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.classification.cnn_network import CrackCnn
from fieldwright.surrogates.cracks.explain import METHODS, free_mask, heat
from fieldwright.surrogates.cracks.explain.class_activation import grad_cam, score_cam
from fieldwright.surrogates.cracks.explain.pixel_gradients import saliency, smoothgrad


class Linear(nn.Module):
    """Log-odds (w, x), whose gradient is w everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.randn(3, 6, 6, generator=torch.Generator().manual_seed(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.weight * x).sum(dim=(1, 2, 3))


def test_gradients_of_a_linear_network_are_its_weights():
    network, x = Linear(), torch.rand(2, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    expected = network.weight.abs().amax(dim=0).expand(2, -1, -1)
    torch.testing.assert_close(saliency(network, x.clone()), expected)
    torch.testing.assert_close(smoothgrad(network, x.clone(), seed=0), expected)


@pytest.fixture
def network() -> CrackCnn:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return CrackCnn((4, 8), dropout=0.0).folded()


def test_grad_cam_weighs_each_place_of_the_finest_maps_by_its_gradient(network):
    x = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    finest = network.stem(2.0 * x - 1.0).detach().requires_grad_()
    last = network.stages[0](finest)
    network.scored(torch.cat([last.mean(dim=(2, 3)), last.amax(dim=(2, 3))], dim=1)).sum().backward()
    assert finest.grad is not None
    expected = (finest.grad.clamp_min(0.0) * finest).sum(dim=1, keepdim=True).clamp_min(0.0)
    assert expected.max() > 0.0
    expected = nn.functional.interpolate(expected, size=(16, 16), mode="bilinear", align_corners=False)
    torch.testing.assert_close(grad_cam(network, x), expected[:, 0].detach())


def test_score_cam_weighs_all_maps_alike_where_hiding_changes_nothing(network):
    x = torch.full((1, 3, 16, 16), 0.4)
    expected = torch.relu(network.maps(x)[-1].mean(dim=1, keepdim=True))
    expected = nn.functional.interpolate(expected, size=(16, 16), mode="bilinear", align_corners=False)
    torch.testing.assert_close(score_cam(network, x), expected[:, 0].detach())


@pytest.mark.parametrize("method", METHODS)
def test_heat_is_greater_on_the_crack_than_beside_it(classifier, make_surfaces, method):
    some = make_surfaces(24, 3)
    on, beside = [], []
    for photo, mask in zip(some.photos[::2], some.masks[::2], strict=True):
        found = heat(classifier, photo, method)
        assert found.dtype == np.float32
        assert found.shape == mask.shape
        assert found.min() >= 0.0
        assert found.max() == pytest.approx(1.0)
        near = mask | np.roll(mask, 2, 0) | np.roll(mask, -2, 0) | np.roll(mask, 2, 1) | np.roll(mask, -2, 1)
        on.append(found[near].mean())
        beside.append(found[~near].mean())
    assert np.mean(on) > 1.2 * np.mean(beside)


def test_the_same_photo_has_the_same_heat_and_smoothgrad_s_noise_a_seed(classifier, make_surfaces):
    photo = make_surfaces(1, 3).photos[0]
    before = torch.random.get_rng_state()
    assert np.array_equal(heat(classifier, photo, "smoothgrad"), heat(classifier, photo, "smoothgrad"))
    assert not np.array_equal(
        heat(classifier, photo, "smoothgrad"), heat(classifier, photo, "smoothgrad", seed=1)
    )
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_large_photo_is_hot_where_its_crack_is(classifier, make_surfaces):
    tiles = make_surfaces(20, 5)
    sound = [photo for photo, yes in zip(tiles.photos, tiles.cracked, strict=True) if not yes]
    large = np.concatenate([np.concatenate(sound[3 * k : 3 * k + 3], axis=1) for k in range(3)])
    large[32:64, 32:64] = tiles.photos[0]
    found = heat(classifier, large, "smoothgrad")
    assert found.shape == (96, 96)
    middle = found[32:64, 32:64].mean()
    assert middle > 1.5 * (found.sum() - found[32:64, 32:64].sum()) / (96 * 96 - 32 * 32)


def test_the_free_mask_parts_two_levels():
    values = np.random.default_rng(0).normal(0.1, 0.03, (20, 20))
    values[3:5] += 0.7
    expected = np.zeros((20, 20), dtype=bool)
    expected[3:5] = True
    assert np.array_equal(free_mask(values), expected)


def test_an_unknown_method_is_refused(classifier, make_surfaces):
    with pytest.raises(QueryError, match=r"one of saliency, smoothgrad, grad_cam, score_cam\. Got 'lime'"):
        heat(classifier, make_surfaces(1, 0).photos[0], "lime")
