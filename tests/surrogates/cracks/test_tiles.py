"""Tiles along an axis: their weights, their margins, and a network whose answer is known."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from fieldwright.surrogates.cracks.segmentation.segmentation_networks import Standardised
from fieldwright.surrogates.cracks.segmentation.tiles import answer_in_tiles, tile_spans


@given(
    extent=st.integers(16, 3000),
    tile=st.integers(64, 1200),
    reach=st.integers(0, 300),
    multiple=st.sampled_from([2, 8, 32]),
)
def test_weights_add_up_to_one_and_vanish_within_reach_of_an_edge(
    extent: int, tile: int, reach: int, multiple: int
) -> None:
    found = tile_spans(extent, tile, reach, multiple)
    total = np.zeros(extent)
    for span in found:
        assert span.first % multiple == 0
        assert span.last == extent or span.last % multiple == 0
        assert (span.weight >= 0.0).all()
        total[span.first : span.last] += span.weight
        weighed = np.flatnonzero(span.weight)
        if span.first > 0:
            assert weighed[0] >= reach
        if span.last < extent:
            assert weighed[-1] < span.last - span.first - reach
    np.testing.assert_allclose(total, 1.0, atol=1e-6)


@given(extent=st.integers(1000, 20_000))
def test_tiles_stay_within_their_size(extent: int) -> None:
    assert max(span.last - span.first for span in tile_spans(extent, 768, 100, 16)) <= 768 + 2 * 16


class Neighbour(nn.Module):
    """Log-odds = 8 (red - green) of the pixel seven rows further down."""

    multiple, reach = 4, 7

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 8.0 * torch.roll(x[:, :1] - x[:, 1:2], -7, dims=2)


def test_every_pixel_gets_the_answer_of_the_whole_photo() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (419, 533, 3), dtype=np.uint8)
    found = answer_in_tiles([Standardised(Neighbour())], photo, 160, slope=0.5, bias=-1.0)
    odds = 4.0 * (photo[7:, :, 0] / 255.0 - photo[7:, :, 1] / 255.0) - 1.0
    np.testing.assert_allclose(found.probability[:-7], 1.0 / (1.0 + np.exp(-odds)), atol=1e-6)
    assert (found.spread == 0.0).all()


class Constant(nn.Module):
    """The same log-odds everywhere."""

    multiple, reach = 2, 0

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full_like(x[:, :1], self.value)


def test_spread_is_the_standard_deviation_of_the_networks() -> None:
    photo = np.zeros((40, 40, 3), dtype=np.uint8)
    odds = np.array([-1.0, 0.5, 2.0])
    found = answer_in_tiles([Standardised(Constant(value)) for value in odds], photo, 64)
    each = 1.0 / (1.0 + np.exp(-odds))
    np.testing.assert_allclose(found.spread, each.std(ddof=1), atol=1e-5)
    np.testing.assert_allclose(found.probability, 1.0 / (1.0 + np.exp(-odds.mean())), atol=1e-6)
