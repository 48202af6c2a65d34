"""What an answer costs beside the bare passes of the network over its tiles, in time and in memory.

    python -m benchmarks.cracks speed

Weights are drawn, not learned: they cost the same. Medians over rounds in which answer and bare passes take turns.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import Standardised
from fieldwright.surrogates.cracks.segmentation.tiles import tile_spans
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

SIZES = {"patch": (227, 227, 21), "photo": (384, 544, 11), "12 megapixels": (3000, 4000, 3)}
"""Height, width and rounds."""


def main(options: Sequence[str]) -> None:
    """Prints milliseconds of an answer and of the bare passes, and the greatest memory of the process so far."""
    parser = argparse.ArgumentParser("benchmarks.cracks speed", description=__doc__)
    parser.add_argument("--device", default="cpu")
    device = parser.parse_args(options).device
    segmenter = barely_trained(device)
    rng = np.random.default_rng(0)
    print("| photo | answer, ms | bare passes, ms | ratio | memory, MB |\n|---|---|---|---|---|")
    for name, (height, width, rounds) in SIZES.items():
        photo = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        tiles = tiles_of(segmenter, photo)
        seconds = np.array([one_round(segmenter, photo, tiles) for _ in range(rounds)])
        answer, bare = np.median(seconds, axis=0) * 1e3
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        ratio = np.median(seconds[:, 0] / seconds[:, 1])
        print(
            f"| {name}, {width} x {height} | {answer:.1f} | {bare:.1f} | {ratio:.2f} | {memory:.0f} |",
            flush=True,
        )


def one_round(
    segmenter: CrackSegmenter, photo: np.ndarray, tiles: Sequence[torch.Tensor]
) -> tuple[float, float]:
    """Seconds of an answer and of the bare passes."""
    return (
        spent(lambda: segmenter.segment(photo)),
        spent(lambda: passes(segmenter.answering_networks[0], tiles)),
    )


def barely_trained(device: str) -> CrackSegmenter:
    """A segmenter of the default network after one step."""
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(4)]
    masks = [photo[..., 0] > 200 for photo in photos]
    config = CrackUNetConfig(steps=1, crop=64, checks=1)
    return CrackSegmenter.train(
        config, photos, masks, validation=(photos, masks), seed=0, name="speed", device=device
    )


def tiles_of(segmenter: CrackSegmenter, photo: np.ndarray) -> list[torch.Tensor]:
    """The tiles that a photo is answered in, as the network takes them."""
    network, tile = segmenter.networks[0], segmenter.config.tile
    sides = [
        [-(-(span.last - span.first) // network.multiple) * network.multiple for span in along]
        for along in (tile_spans(extent, tile, network.reach, network.multiple) for extent in photo.shape[:2])
    ]
    # One tensor for each size: what stands in a tile does not change its cost, and memory is measured too.
    kept = {
        (h, w): torch.rand(1, 3, h, w, device=segmenter.device).to(memory_format=torch.channels_last)
        for h in sides[0]
        for w in sides[1]
    }
    return [kept[h, w] for h in sides[0] for w in sides[1]]


def passes(network: Standardised, tiles: Sequence[torch.Tensor]) -> None:
    """The bare network over each tile."""
    with torch.inference_mode():
        for tile in tiles:
            network(tile)
        if tiles[0].is_cuda:
            torch.cuda.synchronize()


def spent(call: Callable[[], object]) -> float:
    """Processor seconds on a CPU, where other programs take turns; elapsed ones on a GPU."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    start = clock()
    call()
    return clock() - start
