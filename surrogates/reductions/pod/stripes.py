"""Reading a snapshot matrix stripe by stripe: all rows of some neighbouring columns."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from fieldwright.surrogates.reductions import Matrix

log = logging.getLogger(__name__)

STRIPE = 8 * 2**20
"""Bytes of a stripe that is large enough to read fast; more only costs memory."""
PIECE = 2 * 2**20
"""Bytes asked of Zarr at a time, or one chunk."""


def stripe_width(source: Matrix, memory: int, per_value: int = 0) -> int:
    """Columns of a stripe: whole chunks, two stripes and `per_value` bytes more for each value in memory/4."""
    n, m = source.shape
    size = np.dtype(source.dtype).itemsize
    affordable = max(1, memory // 4 // max(1, n * (2 * size + per_value)))
    chunks = getattr(source, "chunks", None)
    if chunks is None or not isinstance(chunks[1], int):
        return min(m, affordable, max(1, STRIPE // (n * size)))
    chunk = min(m, chunks[1])
    if affordable >= chunk:
        return chunk * max(1, min(STRIPE // (n * size), affordable) // chunk)
    log.warning(
        "chunks of %d columns are too wide for %d snapshots in %d MB: each is read %d times. "
        "Raise the memory or store narrower chunks.",
        chunk, n, memory >> 20, -(-chunk // affordable),
    )  # fmt: skip
    return affordable


def stripes(source: Matrix, start: int, stop: int, width: int) -> Iterator[tuple[int, np.ndarray]]:
    """(first column, values (n, k)) for columns start..stop; valid until the next is asked for.

    A thread reads the next stripe while the caller works on this one, into buffers that are used again: first
    touch of memory is many times slower than its reuse.
    """
    edges = [(a, min(a + width, stop)) for a in range(start, stop, width)]
    if isinstance(source, np.ndarray):
        yield from ((a, source[:, a:b]) for a, b in edges)
        return
    n = source.shape[0]
    buffers = [np.empty(n * min(width, stop - start), dtype=source.dtype) for _ in edges[:2]]
    with ThreadPoolExecutor(1, thread_name_prefix="stripes") as reader:
        ahead = [reader.submit(_read, source, *edge, buffers[i]) for i, edge in enumerate(edges[:2])]
        for i, (first, _) in enumerate(edges):
            yield first, ahead[i % 2].result()
            if i + 2 < len(edges):
                ahead[i % 2] = reader.submit(_read, source, *edges[i + 2], buffers[i % 2])


def _read(source: Any, start: int, stop: int, buffer: np.ndarray) -> np.ndarray:
    """Columns start..stop, of a Zarr array straight into the buffer."""
    if not hasattr(source, "get_basic_selection"):
        return np.asarray(source[:, start:stop])
    from zarr.buffer.cpu import NDBuffer

    n = source.shape[0]
    values = buffer[: n * (stop - start)].reshape(n, stop - start)
    rows, columns = getattr(source, "shards", None) or source.chunks
    # A few chunks at a time: asked for all at once, Zarr would hold ten of them decoded.
    columns *= max(1, PIECE // (rows * columns * values.itemsize))
    for a in range(0, n, rows):
        for b in range(start, stop, columns):
            part = values[a : a + rows, b - start : b - start + columns]
            key = slice(a, a + part.shape[0]), slice(b, b + part.shape[1])
            source.get_basic_selection(key, out=NDBuffer.from_numpy_array(part))
    return values
