"""Small crack models, learned from drawn photos, on the shelf of an endpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.photos.photo import png_bytes
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

SIDE = 64


def drawn(seed: int, cracked: bool) -> tuple[np.ndarray, np.ndarray]:
    """A grey wall (64, 64, 3), uint8, with a dark line from edge to edge if cracked, and the line's mask."""
    rng = np.random.default_rng(seed)
    wall = rng.normal(170.0, 8.0, (SIDE, SIDE, 1)).repeat(3, axis=2)
    row, column = np.mgrid[:SIDE, :SIDE]
    angle, offset = rng.uniform(0.0, np.pi), rng.uniform(-8.0, 8.0)
    across = np.cos(angle) * (row - SIDE / 2) + np.sin(angle) * (column - SIDE / 2) - offset
    mask = (np.abs(across) < 2.0) & cracked
    wall[mask] -= 110.0
    return np.clip(wall, 0.0, 255.0).astype(np.uint8), mask


def files(*photos: np.ndarray) -> list[tuple[str, tuple[str, bytes, str]]]:
    """The photos as files of a multipart form."""
    return [("photo", (f"wall{k}.png", png_bytes(photo), "image/png")) for k, photo in enumerate(photos)]


@pytest.fixture(scope="session")
def segmenter() -> CrackSegmenter:
    """Learned from drawn walls in two seconds."""
    photos, masks = zip(*(drawn(k, True) for k in range(16)), strict=True)
    return CrackSegmenter.train(
        CrackUNetConfig(widths=(8, 16), crop=48, batch=8, steps=60, checks=2, members=2),
        photos[:12],
        masks[:12],
        validation=(photos[12:], masks[12:]),
        seed=0,
        name="walls",
    )


@pytest.fixture
def shelved(tmp_path: Path):
    """Puts a trained model on a shelf and gives what a worker answers with that finds it there."""

    def put(model) -> Champion:
        shelf = Shelf(tmp_path)
        shelf.folder.mkdir(exist_ok=True)
        model.save(shelf.folder / "1-a")
        shelf.point_to(Shelved("walls", "1", "1-a"))
        champion = Champion(shelf)
        champion.refresh()
        assert champion.failure == ""
        return champion

    return put


@pytest.fixture(scope="session")
def wall():
    """`wall(seed, cracked)`: a drawn photo and its mask."""
    return drawn


@pytest.fixture(scope="session")
def form():
    """`form(photo, ...)`: the files of a multipart request."""
    return files
