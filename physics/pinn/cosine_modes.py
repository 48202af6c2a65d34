"""Amplitudes of cosine modes: which frequencies of a field on a line are there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.fft import dct


def cosine_amplitudes(values: np.ndarray, modes: Sequence[int]) -> np.ndarray:
    """a_k (..., modes) of u = sum_k a_k cos(k pi x) through values (..., n) at n even points from x = 0 to 1.

    Exact where no mode above n - 1 is there; those above would be taken for lower ones.
    Source: Trefethen, Spectral Methods in MATLAB (2000), chapter 8 (the discrete cosine transform of type I).
    """
    n = values.shape[-1]
    amplitudes = dct(values, type=1, axis=-1) / (n - 1)
    amplitudes[..., [0, -1]] /= 2
    return amplitudes[..., list(modes)]
