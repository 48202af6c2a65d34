"""What a photo looks like in 64 bits and in 64 x 64 greys: enough to find its copies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.fft import dctn, irfft2, rfft2
from scipy.ndimage import gaussian_filter

SIDE = 64
CANDIDATE_BITS = 18
"""Of 63 bits that may differ; copies shifted by 2 % differ by 16 at most."""
ALIKE = 0.65
"""Least correlation of two copies; of 2,000 patches of concrete no two other ones but a handful reach it."""
REACH = SIDE // 8
"""Shifts that are tried, in pixels of the small picture."""
_BLUR = 4.0
_AT_ONCE = 1024


def small_grey(pixels: np.ndarray) -> np.ndarray:
    """(64, 64) uint8: the photo (h, w, 3) in grey, averaged over equal blocks."""
    return np.asarray(Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX))


def perceptual_hash(small: np.ndarray) -> np.uint64:
    """63 signs of the lowest cosine coefficients against their median (Zauner 2010, "pHash"), of `small_grey`."""
    halved = small.astype(np.float32).reshape(SIDE // 2, 2, SIDE // 2, 2).mean(axis=(1, 3))
    low = np.asarray(dctn(halved, norm="ortho"))[:8, :8].ravel()[1:]
    return np.packbits(np.append(low > np.median(low), False)).view(np.uint64)[0]


def near_duplicates(
    small: np.ndarray, progress: Callable[[int, int], None] | None = None
) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of photos that are copies: shifted a little, compressed anew, brighter, scaled.

    small: (n, 64, 64) uint8 from `small_grey`. Hashes find candidates; a pair is kept where the greys without their
    slow changes correlate by 0.65 at the best shift. Hashes alone take plain patches of concrete for one another.
    progress: called with pairs of candidates compared and their number.
    """
    hashes = np.array([perceptual_hash(one) for one in small], dtype=np.uint64)
    pairs = _close(hashes)
    details = _details(small)
    duplicates = []
    for start in range(0, len(pairs), _AT_ONCE):
        block = pairs[start : start + _AT_ONCE]
        alike = _correlation(details[block[:, 0]], details[block[:, 1]]) >= ALIKE
        duplicates += [(int(i), int(j)) for i, j in block[alike]]
        if progress is not None:
            progress(start + len(block), len(pairs))
    return duplicates


def _close(hashes: np.ndarray) -> np.ndarray:
    """(k, 2) indices of hashes that differ in few bits, in order."""
    blocks = [np.empty((0, 2), dtype=np.intp)]
    for start in range(0, len(hashes), _AT_ONCE):
        rows = hashes[start : start + _AT_ONCE, None]
        i, j = np.nonzero(np.bitwise_count(rows ^ hashes[None, start:]) <= CANDIDATE_BITS)
        blocks.append(np.column_stack([i, j])[j > i] + start)
    return np.concatenate(blocks)


def _details(small: np.ndarray) -> np.ndarray:
    """Without light and shade, each of mean 0 and norm 1; a picture without any detail is 0."""
    # Half precision: of forty thousand photos that is a third of a gigabyte.
    details = np.zeros(small.shape, dtype=np.float16)
    for k, one in enumerate(small):
        grey = one.astype(np.float32)
        fine = grey - gaussian_filter(grey, _BLUR)
        fine -= fine.mean()
        norm = np.linalg.norm(fine)
        if norm > SIDE * 1e-3:
            details[k] = fine / norm
    return details


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(k,) the largest circular cross-correlation within the reach, by FFT."""
    first, second = first.astype(np.float32), second.astype(np.float32)
    spectrum = np.asarray(rfft2(first)) * np.conj(np.asarray(rfft2(second)))
    across = np.asarray(irfft2(spectrum, s=(SIDE, SIDE)))
    near = np.roll(across, (REACH, REACH), axis=(1, 2))[:, : 2 * REACH + 1, : 2 * REACH + 1]
    return near.max(axis=(1, 2))
