"""Small pictures of concrete with a crack across, and the published collections where they are at hand."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REAL = Path(__file__).parents[4] / "shared" / "data" / "cracks"


def _surface(
    seed: int, height: int = 48, width: int = 64, crack: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """A grainy grey surface uint8 (h, w, 3), and the mask (h, w) of a dark line across, if any."""
    rng = np.random.default_rng(seed)
    blobs = np.kron(rng.normal(0.0, 25.0, (height // 4 + 1, width // 4 + 1)), np.ones((4, 4)))[
        :height, :width
    ]
    grey = 150.0 + blobs + rng.normal(0.0, 8.0, (height, width))
    mask = np.zeros((height, width), dtype=bool)
    if crack:
        start, end = rng.uniform(6, height - 8, 2)
        rows = np.linspace(start, end, width).astype(int)
        for thickness in range(3):
            mask[rows + thickness, np.arange(width)] = True
    grey[mask] -= 90.0
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2), mask


def _save(path: Path, pixels: np.ndarray, **how) -> Path:
    """Writes pixels (bool as black and white) in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.uint8) * 255).save(path, **how)
    return path


@pytest.fixture
def surface() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """surface(seed, height, width, crack) draws a photo and its mask."""
    return _surface


@pytest.fixture
def save() -> Callable[..., Path]:
    """save(path, pixels) writes a picture and the folders to it."""
    return _save


@pytest.fixture
def real_collection(tmp_path: Path) -> Callable[[str], Path]:
    """real_collection("metu_subset") unpacks a published collection; the test is skipped where there is none."""

    def unpack(name: str) -> Path:
        tar = REAL / f"{name}.tar"
        if not tar.exists():
            pytest.skip(f"{tar.name} is not under {REAL}")
        with tarfile.open(tar) as archive:
            archive.extractall(tmp_path / name, filter="data")
        return next((tmp_path / name).iterdir())

    return unpack
