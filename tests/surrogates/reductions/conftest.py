"""Snapshots on disk for the tests of reductions."""

import numpy as np
import pytest
import zarr


@pytest.fixture
def stored(tmp_path):
    """A function that writes snapshots (n, m) to a Zarr array of given chunks and opens it for reading."""

    def write(snapshots: np.ndarray, chunks: tuple[int, int]) -> zarr.Array:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.zarr"
        array = zarr.create_array(path, shape=snapshots.shape, chunks=chunks, dtype=snapshots.dtype)
        array[:] = snapshots
        return zarr.open_array(path, mode="r")

    return write


@pytest.fixture
def graded():
    """A function that makes snapshots (n, m) of known singular values s, uncentred."""

    def make(s: np.ndarray, n: int, m: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        left = np.linalg.qr(rng.normal(size=(n, len(s))))[0]
        right = np.linalg.qr(rng.normal(size=(m, len(s))))[0]
        return (left * s) @ right.T

    return make
