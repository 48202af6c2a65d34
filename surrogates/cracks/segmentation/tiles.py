"""Answers for photos of any size, tile by tile, the same as if the photo were answered whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.segmentation.segmentation_networks import Standardised

BLEND = 16
"""Half the width in pixels of the seam over which one tile's answer gives way to the next one's."""
LEAST_CORE = 8 * BLEND


@dataclass(frozen=True)
class TileSpan:
    """One tile along one axis: pixels [first, last) are read; weight (last - first,) is how much they count."""

    first: int
    last: int
    weight: np.ndarray


@dataclass(frozen=True)
class TiledPrediction:
    """Of one photo: probability of crack and its standard deviation over the networks, float32 (h, w)."""

    probability: np.ndarray
    spread: np.ndarray


def tile_spans(extent: int, tile: int, reach: int, multiple: int) -> list[TileSpan]:
    """Tiles of about `tile` pixels along an axis of `extent` pixels, whose weights add up to 1 at each pixel.

    Tiles begin on multiples of `multiple`, where the coarser levels of a network have their pixels; what lies within
    reach of an edge that is none of the photo's has no weight.
    """
    if extent <= tile:
        return [TileSpan(0, extent, np.ones(extent, dtype=np.float32))]
    core = max(LEAST_CORE, tile - 2 * (reach + BLEND))
    count = -(-extent // core)
    seams = [round(extent * k / count / multiple) * multiple for k in range(count)] + [extent]
    places = np.arange(extent) + 0.5
    parts = []
    for left, right in itertools.pairwise(seams):
        first = max(0, (left - reach - BLEND) // multiple * multiple)
        last = min(extent, -(-(right + reach + BLEND) // multiple) * multiple)
        rise = _ramp(places[first:last], left) if left > 0 else 1.0
        fall = _ramp(places[first:last], right) if right < extent else 0.0
        parts.append(
            TileSpan(first, last, np.asarray(rise - fall, dtype=np.float32) * np.ones(last - first, "f4"))
        )
    return parts


def answer_in_tiles(
    networks: Sequence[Standardised],
    photo: np.ndarray,
    tile: int,
    *,
    slope: float = 1.0,
    bias: float = 0.0,
    symmetries: int = 1,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
    at_a_time: int = 1,
) -> TiledPrediction:
    """Return p = sigmoid(slope z + bias), z the mean log-odds over the networks and the symmetries of the square.

    photo: (h, w, 3) uint8. tile: side in pixels of the pieces, which bounds the memory beside photo and answer.
    Tiles overlap by more than the networks' reach and give way to each other along a ramp, so that the answer does
    not depend on them. symmetries: how many of the eight turned and mirrored views are answered, 1 for the photo as
    it is. progress: called with tiles done and tiles in all. at_a_time: so many tiles, each on a core.
    """
    multiple = max(network.multiple for network in networks)
    rows, columns = _grid(networks, photo.shape[:2], tile)
    answer = TiledPrediction(np.zeros(photo.shape[:2], np.float32), np.zeros(photo.shape[:2], np.float32))
    tiles = list(itertools.product(rows, columns))

    def answered(tile: tuple[TileSpan, TileSpan]) -> tuple[np.ndarray, np.ndarray]:
        row, column = tile
        piece = photo[row.first : row.last, column.first : column.last]
        return _answer(networks, piece, multiple, slope, bias, symmetries, device)

    with ThreadPoolExecutor(at_a_time) as cores:
        # No more than are computed at a time are in memory; they add up in their order, whichever is first.
        for first in range(0, len(tiles), at_a_time):
            some = tiles[first : first + at_a_time]
            for (row, column), prediction in zip(some, cores.map(answered, some), strict=True):
                place = np.s_[row.first : row.last, column.first : column.last]
                weight = None if len(tiles) == 1 else row.weight[:, None] * column.weight
                for total, part in zip((answer.probability, answer.spread), prediction, strict=True):
                    total[place] += part if weight is None else part * weight
            if progress is not None:
                progress(first + len(some), len(tiles))
    return answer


def count_tiles(networks: Sequence[Standardised], shape: tuple[int, int], tile: int) -> int:
    """In how many tiles `answer_in_tiles` answers a photo of this height and width."""
    rows, columns = _grid(networks, shape, tile)
    return len(rows) * len(columns)


def _grid(networks: Sequence[Standardised], shape: tuple[int, ...], tile: int) -> tuple[list[TileSpan], ...]:
    multiple = max(network.multiple for network in networks)
    reach = max(network.reach for network in networks)
    return tuple(tile_spans(extent, tile, reach, multiple) for extent in shape)


def _answer(
    networks: Sequence[Standardised],
    piece: np.ndarray,
    multiple: int,
    slope: float,
    bias: float,
    symmetries: int,
    device: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Probability and spread (h, w) of one piece."""
    height, width = piece.shape[:2]
    with torch.inference_mode():
        # The photo's own layout is channels last, the one that convolutions are quick in.
        x = torch.from_numpy(np.ascontiguousarray(piece)).to(device).permute(2, 0, 1)[None].float() / 255.0
        x = torch_functions.pad(x, (0, -width % multiple, 0, -height % multiple), mode="replicate")
        total, first, second, count = 0.0, 0.0, 0.0, len(networks) * symmetries
        for network in networks:
            for turn in range(symmetries):
                logits = _turned_back(network(_turned(x, turn)), turn)[0, 0, :height, :width]
                if count == 1:
                    p = torch.sigmoid(logits * slope + bias)
                    return p.cpu().numpy(), np.zeros((height, width), np.float32)
                p = torch.sigmoid(logits * slope + bias)
                total, first, second = total + logits, first + p, second + p.square()
        mean = torch.sigmoid(torch.as_tensor(total) / count * slope + bias)
        variance = (torch.as_tensor(second) - torch.as_tensor(first) ** 2 / count) / (count - 1)
        return mean.cpu().numpy(), variance.clamp(min=0.0).sqrt().cpu().numpy()


def _turned(x: torch.Tensor, turn: int) -> torch.Tensor:
    """One of the eight symmetries of the square; the first four include the two mirrors and the half turn."""
    x = x.flip(-1) if turn & 1 else x
    x = x.flip(-2) if turn & 2 else x
    return x.transpose(-1, -2) if turn & 4 else x


def _turned_back(x: torch.Tensor, turn: int) -> torch.Tensor:
    x = x.transpose(-1, -2) if turn & 4 else x
    x = x.flip(-2) if turn & 2 else x
    return x.flip(-1) if turn & 1 else x


def _ramp(places: np.ndarray, seam: int) -> np.ndarray:
    return np.clip((places - seam) / (2 * BLEND) + 0.5, 0.0, 1.0)
