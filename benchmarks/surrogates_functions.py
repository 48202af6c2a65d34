"""Functions of engineering that surrogates of scalars are commonly tried on, with their boxes.

Source: Surjanovic & Bingham, Virtual Library of Simulation Experiments, Simon Fraser University, 2013; wing
weight: Forrester, Sobester & Keane, Engineering Design via Surrogate Modelling, 2008; OTL circuit and piston:
Ben-Ari & Steinberg, Quality Engineering 19, 2007; borehole: Morris, Mitchell & Ylvisaker, Technometrics 35, 1993.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]
Box = list[tuple[float, float]]


def branin(x: np.ndarray) -> np.ndarray:
    """Two parameters, three equal minima."""
    a, b = x.T
    valley = b - 5.1 / (4 * np.pi**2) * a**2 + 5 / np.pi * a - 6
    return valley**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(a) + 10


def borehole(x: np.ndarray) -> np.ndarray:
    """Flow of water through a borehole [m3/yr]."""
    rw, r, tu, hu, tl, hl, length, kw = x.T
    log = np.log(r / rw)
    return 2 * np.pi * tu * (hu - hl) / (log * (1 + 2 * length * tu / (log * rw**2 * kw) + tu / tl))


def wing_weight(x: np.ndarray) -> np.ndarray:
    """Weight of the wing of a light aircraft [lb]; the sweep is in degrees."""
    sw, wfw, aspect, sweep, q, taper, tc, nz, wdg, wp = x.T
    cos = np.cos(np.radians(sweep))
    return (
        0.036
        * (sw**0.758 * wfw**0.0035 * (aspect / cos**2) ** 0.6 * q**0.006 * taper**0.04)
        * ((100 * tc / cos) ** -0.3 * (nz * wdg) ** 0.49)
        + sw * wp
    )


def otl_circuit(x: np.ndarray) -> np.ndarray:
    """Midpoint voltage of an output transformerless push-pull circuit [V]."""
    rb1, rb2, rf, rc1, rc2, beta = x.T
    vb1 = 12 * rb2 / (rb1 + rb2)
    gain = beta * (rc2 + 9)
    return ((vb1 + 0.74) * gain + 11.35 * rf) / (gain + rf) + 0.74 * rf * gain / ((gain + rf) * rc1)


def piston(x: np.ndarray) -> np.ndarray:
    """Cycle time of a piston in a cylinder [s]."""
    m, s, v0, k, p0, ta, t0 = x.T
    a = p0 * s + 19.62 * m - k * v0 / s
    v = s / (2 * k) * (np.sqrt(a**2 + 4 * k * p0 * v0 / t0 * ta) - a)
    return 2 * np.pi * np.sqrt(m / (k + s**2 * p0 * v0 / t0 * ta / v**2))


FUNCTIONS: dict[str, tuple[Function, Box]] = {
    "Branin": (branin, [(-5, 10), (0, 15)]),
    "Borehole": (
        borehole,
        [(0.05, 0.15), (100, 50000), (63070, 115600), (990, 1110), (63.1, 116), (700, 820), (1120, 1680),
         (9855, 12045)],
    ),
    "wing weight": (
        wing_weight,
        [(150, 200), (220, 300), (6, 10), (-10, 10), (16, 45), (0.5, 1), (0.08, 0.18), (2.5, 6), (1700, 2500),
         (0.025, 0.08)],
    ),
    "OTL circuit": (otl_circuit, [(50, 150), (25, 70), (0.5, 3), (1.2, 2.5), (0.25, 1.2), (50, 300)]),
    "piston": (
        piston,
        [(30, 60), (0.005, 0.020), (0.002, 0.010), (1000, 5000), (90000, 110000), (290, 296), (340, 360)],
    ),
}  # fmt: skip


def samples(name: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n points (n, p) of a Latin hypercube in the function's box, and the function there, (n,)."""
    from scipy.stats import qmc

    function, box = FUNCTIONS[name]
    low, high = np.array(box, dtype=float).T
    x = low + (high - low) * qmc.LatinHypercube(len(box), rng=seed).random(n)
    return x, function(x)
