"""Random fields and random lines with a chosen spectrum."""

from __future__ import annotations

import numpy as np
from scipy import fft

Shape = tuple[int, int]


def field(
    rng: np.random.Generator, shape: Shape, slope: float, finest: float = 1.0, coarsest: float = 1e9
) -> np.ndarray:
    """Gaussian field (h, w) of mean 0 and deviation 1 with amplitude |k|^-slope between two wavelengths, px.

    slope: 0 white, 1 cloudy, 2 smooth. Beyond the band the amplitude falls off as a Gaussian, without ringing.
    """
    height, width = shape
    ky = fft.fftfreq(height).astype(np.float32)[:, None]
    kx = fft.rfftfreq(width).astype(np.float32)[None, :]
    k = np.sqrt(ky**2 + kx**2)
    k[0, 0] = 1.0
    gain = np.exp(-0.5 * (k * finest / 0.7) ** 2) * (1.0 - np.exp(-0.5 * (k * coarsest / 0.7) ** 2))
    if slope:
        gain *= k**-slope
    gain[0, 0] = 0.0
    white = np.asarray(fft.rfft2(rng.standard_normal(shape, dtype=np.float32)))
    values = np.asarray(fft.irfft2(white * gain, s=shape))
    return values / (values.std() + 1e-12)


def line(rng: np.random.Generator, samples: int, smoothness: float, finest: float) -> np.ndarray:
    """Random line (samples,) of amplitude f^-(smoothness + 1/2), no wave below `finest` samples; deviation 1.

    smoothness: the Hurst exponent of fractional Brownian motion; the fracture surfaces of concrete have about 0.8
    (Bouchaud, J. Phys.: Condens. Matter 9, 1997).
    """
    padded = 2 * samples
    spectrum = np.asarray(fft.rfft(rng.standard_normal(padded)))
    f = np.arange(len(spectrum)) / padded
    gain = np.exp(-0.5 * (f * finest / 0.7) ** 2)
    gain[1:] *= f[1:] ** -(smoothness + 0.5)
    gain[0] = 0.0
    values = np.asarray(fft.irfft(spectrum * gain, n=padded))[:samples]
    return (values - values.mean()) / (values.std() + 1e-12)


def bridge(rng: np.random.Generator, samples: int, smoothness: float, finest: float) -> np.ndarray:
    """Random line (samples,) that begins and ends at 0, of deviation about 1."""
    values = line(rng, samples, smoothness, finest)
    return values - np.linspace(values[0], values[-1], samples)
