"""Functions that surrogates of scalars are commonly tried on, with their boxes.

Sources: Branin, Hartmann (six parameters), Ackley and Rosenbrock: Surjanovic & Bingham, Virtual Library of
Simulation Experiments, Simon Fraser University, 2013; wing weight: Forrester, Sobester & Keane, Engineering Design
via Surrogate Modelling, 2008; OTL circuit and piston: Ben-Ari & Steinberg, Quality Engineering 19, 2007; borehole:
Morris, Mitchell & Ylvisaker, Technometrics 35, 1993; Ishigami & Homma, ISUMA 1990; Friedman, Ann. Statist. 19, 1991;
welded beam: Deb, Comput. Methods Appl. Mech. Eng. 186, 2000, its shear stress. The step is our own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]
Box = list[tuple[float, float]]
NOISE = 0.1
"""Std of the noise of "Friedman, noisy", over the spread of the function."""
NOISE_SEED = 10_000
"""Added to the seed of a design for that of its noise."""


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


def ishigami(x: np.ndarray) -> np.ndarray:
    """Three parameters, one of which acts through another alone."""
    a, b, c = x.T
    return np.sin(a) + 7.0 * np.sin(b) ** 2 + 0.1 * c**4 * np.sin(a)


def friedman(x: np.ndarray) -> np.ndarray:
    """Five parameters, two of which the function is linear in."""
    a, b, c, d, e = x.T
    return 10.0 * np.sin(np.pi * a * b) + 20.0 * (c - 0.5) ** 2 + 10.0 * d + 5.0 * e


HARTMANN_HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_WIDTHS = np.array(
    [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ]
)
HARTMANN_PLACES = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(x: np.ndarray) -> np.ndarray:
    """Six parameters, four narrow hollows."""
    away = HARTMANN_WIDTHS * (x[:, None, :] - HARTMANN_PLACES) ** 2
    return -np.exp(-away.sum(axis=2)) @ HARTMANN_HEIGHTS


def ackley(x: np.ndarray) -> np.ndarray:
    """A funnel with a cusp at the origin and waves of length 1 on it."""
    radius = np.sqrt(np.mean(x**2, axis=1))
    waves = np.mean(np.cos(2.0 * np.pi * x), axis=1)
    return -20.0 * np.exp(-0.2 * radius) - np.exp(waves) + 20.0 + np.e


def rosenbrock(x: np.ndarray) -> np.ndarray:
    """A curved valley: a polynomial of degree four."""
    return np.sum(100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2, axis=1)


def welded_beam(x: np.ndarray) -> np.ndarray:
    """Shear stress in the weld of a beam [psi]: its height and length, and the height of the beam [in]."""
    h, length, t = x.T
    arm = np.sqrt(0.25 * (length**2 + (h + t) ** 2))
    direct = 6000.0 / (np.sqrt(2.0) * h * length)
    bending = (
        6000.0 * (14.0 + 0.5 * length) * arm / (1.414 * h * length * (length**2 / 12.0 + 0.25 * (h + t) ** 2))
    )
    return np.sqrt(direct**2 + bending**2 + length * direct * bending / arm)


def step(x: np.ndarray) -> np.ndarray:
    """A jump by 1 across an inclined line, on a slow wave."""
    a, b = x.T
    return (a + 0.5 * b > 0.7) + 0.3 * np.sin(3.0 * b)


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
    "Ishigami": (ishigami, [(-np.pi, np.pi)] * 3),
    "Friedman": (friedman, [(0, 1)] * 5),
    "Hartmann 6": (hartmann, [(0, 1)] * 6),
    "Ackley": (ackley, [(-2, 2)] * 2),
    "Rosenbrock 4": (rosenbrock, [(-2.048, 2.048)] * 4),
    "welded beam": (welded_beam, [(0.125, 1), (5, 10), (5, 10)]),
    "step": (step, [(0, 1)] * 2),
    "Friedman, noisy": (friedman, [(0, 1)] * 5),
}  # fmt: skip


def samples(name: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """n points (n, p) of a Latin hypercube in the function's box, and the function there, (n,), without noise."""
    from scipy.stats import qmc

    function, box = FUNCTIONS[name]
    low, high = np.array(box, dtype=float).T
    x = low + (high - low) * qmc.LatinHypercube(len(box), rng=seed).random(n)
    return x, function(x).astype(float)


def observed(name: str, values: np.ndarray, spread: float, seed: int) -> np.ndarray:
    """The values (n,) as they are observed: with noise where the name says so."""
    if not name.endswith("noisy"):
        return values
    return values + NOISE * spread * np.random.default_rng(NOISE_SEED + seed).standard_normal(len(values))
