"""Families of fields made by public formulas and small solvers, any number of designs of each by its seed.

Steady: an elastic and a thermal block, the function that DEIM was shown by, an oscillating one, Darcy's flow through
random ground. Transient: Burgers' equation, advection, a rod that is heated, a cavity whose lid starts to move,
a front that reacts and diffuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import fft, sparse
from scipy.linalg import expm
from scipy.sparse.linalg import splu

Fields = tuple[np.ndarray, np.ndarray]
"""Parameters (n, p), values (n, [t,] points, components)."""
CELLS = 12
"""Of a side of the blocks."""


def design(n: int, seed: int, **bounds: tuple[float, float]) -> np.ndarray:
    """Parameters (n, p) of a Sobol design in the bounds; names that end in `_log` are even on a logarithmic scale."""
    from fieldwright.physics.solvers.sampling import sobol_points

    logarithmic = np.array([name.endswith("_log") for name in bounds])
    ends = {
        name: tuple(np.log(ends)) if log else ends
        for (name, ends), log in zip(bounds.items(), logarithmic, strict=True)
    }
    x = sobol_points(ends, n, seed)
    return np.where(logarithmic, np.exp(np.where(logarithmic, x, 0.0)), x)


def elastic_block(seed: int) -> Fields:
    """Displacement of a square of nine materials, clamped on the left, three loads on the right; 160 runs.

    8 Young's moduli of 1 to 100 relative to the ninth, 3 tractions of -1 to 1, Poisson's ratio 0.3, plane strain.
    Source: Quarteroni, Manzoni & Negri, Reduced Basis Methods for Partial Differential Equations, 2016, chapter 8.
    """
    x = design(
        160, seed, **{f"e{k}": (1.0, 100.0) for k in range(8)}, **{f"t{k}": (-1.0, 1.0) for k in range(3)}
    )
    stiffness = _assembled(2, _plane_strain())
    nodes = np.arange((CELLS + 1) ** 2).reshape(CELLS + 1, CELLS + 1)
    loads = np.zeros((3, 2 * nodes.size))
    for row in range(CELLS):
        for node in (nodes[row, -1], nodes[row + 1, -1]):
            loads[row // (CELLS // 3), 2 * node] += 0.5 / CELLS
    free = np.setdiff1d(np.arange(2 * nodes.size), np.concatenate([2 * nodes[:, 0], 2 * nodes[:, 0] + 1]))
    moduli = np.column_stack([x[:, :8], np.ones(len(x))])
    return x, _solved(stiffness, moduli, x[:, 8:] @ loads, free).reshape(len(x), -1, 2)


def thermal_block(seed: int) -> Fields:
    """Temperature of a square of nine conductivities of 0.1 to 10, a flux below, 0 above; 100 runs."""
    x = design(100, seed, **{f"k{k}_log": (0.1, 10.0) for k in range(9)})
    gradient = np.array([[2, -2, -1, 1], [-2, 2, 1, -1], [-1, 1, 2, -2], [1, -1, -2, 2]]) / 6.0
    stiffness = _assembled(1, gradient + gradient[np.ix_([0, 2, 1, 3], [0, 2, 1, 3])])
    nodes = np.arange((CELLS + 1) ** 2).reshape(CELLS + 1, CELLS + 1)
    load = np.zeros(nodes.size)
    load[nodes[0]] = 1.0 / CELLS
    load[nodes[0, [0, -1]]] /= 2.0
    return x, _solved(stiffness, x, np.tile(load, (len(x), 1)), nodes[:-1].ravel())[..., None]


def deim(seed: int) -> Fields:
    """1 / |x - m| with a floor of 0.1, m left of and below the square; 120 runs of 2 parameters.

    Source: Chaturantabut & Sorensen, SIAM J. Sci. Comput. 32 (2010) 2737, example 3.2.
    """
    x = design(120, seed, first=(-1.0, -0.01), second=(-1.0, -0.01))
    across, up = (axis.ravel() for axis in np.meshgrid(*[np.linspace(0.1, 0.9, 20)] * 2))
    values = 1.0 / np.sqrt((across - x[:, :1]) ** 2 + (up - x[:, 1:]) ** 2 + 0.01)
    return x, values[..., None]


def oscillation(seed: int) -> Fields:
    """(1 - s) cos(3 pi m (s + 1)) exp(-(1 + s) m) on -1 <= s <= 1, 1 <= m <= pi; 50 runs of 1 parameter.

    Source: Chaturantabut & Sorensen, as above, example 3.1.
    """
    x = design(50, seed, frequency=(1.0, np.pi))
    s = np.linspace(-1.0, 1.0, 200)
    return x, ((1.0 - s) * np.cos(3.0 * np.pi * x * (s + 1.0)) * np.exp(-(1.0 + s) * x))[..., None]


def darcy(seed: int) -> Fields:
    """Head of a flow through ground whose log permeability has 8 random amplitudes; 120 runs."""
    x = design(120, seed, **{f"a{k}": (-1.7, 1.7) for k in range(8)})
    cells = 24
    centres = (np.arange(cells) + 0.5) / cells
    waves = [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1), (1, 2), (2, 2)]
    shapes = np.stack(
        [
            np.outer(np.cos(np.pi * a * centres), np.cos(np.pi * b * centres)) / np.hypot(a, b)
            for a, b in waves
        ]
    )
    return x, np.stack([_head(np.exp(np.tensordot(row, shapes, 1))) for row in x])[..., None]


def _head(permeability: np.ndarray) -> np.ndarray:
    """(cells^2,) by finite volumes: 1 on the left, 0 on the right, no flow through the rest."""
    cells = len(permeability)
    number = np.arange(cells * cells).reshape(cells, cells)
    rows, columns, entries, right = [], [], [], np.zeros(cells * cells)
    diagonal = np.zeros(cells * cells)
    for one, other, a, b in (
        (number[:, :-1], number[:, 1:], permeability[:, :-1], permeability[:, 1:]),
        (number[:-1], number[1:], permeability[:-1], permeability[1:]),
    ):
        link = (2.0 * a * b / (a + b)).ravel()
        rows += [one.ravel(), other.ravel()]
        columns += [other.ravel(), one.ravel()]
        entries += [-link, -link]
        np.add.at(diagonal, one.ravel(), link)
        np.add.at(diagonal, other.ravel(), link)
    for column in (0, -1):
        diagonal[number[:, column]] += 2.0 * permeability[:, column]
    right[number[:, 0]] = 2.0 * permeability[:, 0]
    matrix = sparse.csc_matrix((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))))
    return splu((matrix + sparse.diags(diagonal)).tocsc()).solve(right)


def burgers(seed: int) -> Fields:
    """u_t + u u_x = 0.02 exp(b x), 0 <= x <= 100, u = 1 at first and a at the inflow; 60 runs, 40 times.

    Godunov's scheme on 256 cells up to t = 20. Source: Rewienski & White, Linear Algebra Appl. 415 (2006) 426.
    """
    x = design(60, seed, inflow=(3.0, 9.0), growth=(0.01, 0.04))
    cells, steps, kept = 256, 1200, 40
    width, dt = 100.0 / cells, 20.0 / steps
    centres = (np.arange(cells) + 0.5) * width
    source = 0.02 * np.exp(x[:, 1:] * centres)
    u, found = np.ones((len(x), cells)), []
    for step in range(1, steps + 1):
        flux = np.concatenate([x[:, :1] ** 2, u**2], axis=1) / 2.0
        u = u - dt / width * np.diff(flux, axis=1) + dt * source
        if step % (steps // kept) == 0:
            found.append(u)
    return x, np.stack(found, axis=1)[..., None]


def advection(seed: int) -> Fields:
    """A Gaussian that is carried and spreads, in closed form; 50 runs of speed and diffusivity, 30 times."""
    x = design(50, seed, speed=(0.5, 1.0), diffusivity_log=(1e-4, 1e-2))
    t, s = np.linspace(0.0, 1.0, 30)[:, None], np.linspace(0.0, 1.5, 150)
    speed, diffusivity = x[:, 0, None, None], x[:, 1, None, None]
    variance = 0.05**2 + 2.0 * diffusivity * t
    values = 0.05 / np.sqrt(variance) * np.exp(-((s - 0.2 - speed * t) ** 2) / (2.0 * variance))
    return x, values[..., None]


def heated_rod(seed: int) -> Fields:
    """Temperature of a rod with a flux at one end and convection at the other, from 0; 40 runs, 30 times.

    Conductivity 5 to 100 W/mK, film coefficient 20 to 500 W/m2K, flux 1e3 to 1e5 W/m2; 3e6 J/m3K, 0.1 m, 600 s.
    """
    x = design(40, seed, k=(5.0, 100.0), h_log=(20.0, 500.0), q=(1e3, 1e5))
    cells = 50
    dx, capacity = 0.1 / cells, 3e6
    found = []
    for k, h, q in x:
        link = k / dx**2 / capacity
        matrix = link * (np.eye(cells, k=1) + np.eye(cells, k=-1) - 2.0 * np.eye(cells))
        matrix[0, 0] += link
        matrix[-1, -1] += link - h / (1.0 + h * dx / (2.0 * k)) / dx / capacity
        right = np.zeros(cells)
        right[0] = q / dx / capacity
        rest = np.linalg.solve(matrix, -right)
        step, change, times = expm(20.0 * matrix), -rest, []
        for _ in range(30):
            change = step @ change
            times.append(rest + change)
        found.append(times)
    return x, np.array(found)[..., None]


def cavity(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters (48, 2), velocity along the lid and pressure (48, 20, 1024, 1) of a cavity whose lid starts to move.

    Speeds of 0.5 to 2 m/s, viscosities of 0.005 to 0.05 m2/s, a square of 1 m, up to 2 s. Harlow and Welch's scheme
    of markers and cells with Chorin's projection, 32 x 32 cells.
    """
    x = design(48, seed, speed=(0.5, 2.0), viscosity_log=(0.005, 0.05))
    cells, steps, kept = 32, 600, 20
    dx, dt = 1.0 / cells, 2.0 / steps
    speed, viscosity = x[:, 0, None, None], x[:, 1, None, None]
    u, v = np.zeros((len(x), cells, cells + 1)), np.zeros((len(x), cells + 1, cells))
    wave = 2.0 * np.cos(np.pi * np.arange(cells) / cells) - 2.0
    eigenvalues = (wave[:, None] + wave) / dx**2
    eigenvalues[0, 0] = 1.0
    along, pressures = [], []
    for step in range(1, steps + 1):
        # Ghost rows below and above u, and columns beside v, give the walls their speed.
        wide = np.concatenate([-u[:, :1], u, 2.0 * speed - u[:, -1:]], axis=1)
        tall = np.concatenate([-v[:, :, :1], v, -v[:, :, -1:]], axis=2)
        corner = 0.25 * (wide[:, 1:] + wide[:, :-1]) * (tall[:, :, 1:] + tall[:, :, :-1])
        at_u, at_v = (u[:, :, 1:] + u[:, :, :-1]) ** 2 / 4.0, (v[:, 1:] + v[:, :-1]) ** 2 / 4.0
        inner, upper = wide[:, 1:-1], tall[:, :, 1:-1]
        spread_u = (wide[:, 2:] + wide[:, :-2] - 2.0 * inner)[:, :, 1:-1] + np.diff(u, 2, axis=2)
        spread_v = (tall[:, :, 2:] + tall[:, :, :-2] - 2.0 * upper)[:, 1:-1] + np.diff(v, 2, axis=1)
        u[:, :, 1:-1] += dt * (
            viscosity * spread_u / dx**2
            - np.diff(at_u, axis=2) / dx
            - np.diff(corner, axis=1)[:, :, 1:-1] / dx
        )
        v[:, 1:-1] += dt * (
            viscosity * spread_v / dx**2 - np.diff(at_v, axis=1) / dx - np.diff(corner, axis=2)[:, 1:-1] / dx
        )
        divergence = (np.diff(u, axis=2) + np.diff(v, axis=1)) / dx / dt
        transformed = fft.dctn(divergence, axes=(1, 2)) / eigenvalues
        transformed[:, 0, 0] = 0.0
        pressure = fft.idctn(transformed, axes=(1, 2))
        u[:, :, 1:-1] -= dt * np.diff(pressure, axis=2) / dx
        v[:, 1:-1] -= dt * np.diff(pressure, axis=1) / dx
        if step % (steps // kept) == 0:
            along.append((u[:, :, 1:] + u[:, :, :-1]).reshape(len(x), -1) / 2.0)
            pressures.append(pressure.reshape(len(x), -1))
    return x, np.stack(along, axis=1)[..., None], np.stack(pressures, axis=1)[..., None]


def cavity_velocity(seed: int) -> Fields:
    """The velocity of `cavity`."""
    x, velocity, _ = cavity(seed)
    return x, velocity


def cavity_pressure(seed: int) -> Fields:
    """The pressure of `cavity`."""
    x, _, pressure = cavity(seed)
    return x, pressure


def reacting_front(seed: int) -> Fields:
    """u_t = D u_xx + r u (1 - u) of Fisher and Kolmogorov, from a Gaussian; 50 runs of D and r, 25 times."""
    x = design(50, seed, diffusivity_log=(2e-4, 2e-3), rate=(2.0, 10.0))
    cells, steps, kept = 150, 3000, 25
    centres, dt = (np.arange(cells) + 0.5) / cells, 2.0 / steps
    u, found = np.tile(np.exp(-((centres - 0.2) ** 2) / 0.005), (len(x), 1)), []
    for step in range(1, steps + 1):
        wide = np.concatenate([u[:, :1], u, u[:, -1:]], axis=1)
        u = u + dt * (x[:, :1] * np.diff(wide, 2, axis=1) * cells**2 + x[:, 1:] * u * (1.0 - u))
        if step % (steps // kept) == 0:
            found.append(u)
    return x, np.stack(found, axis=1)[..., None]


def _plane_strain() -> np.ndarray:
    """Stiffness (8, 8) of a square of four nodes by 2 x 2 Gauss points, Young's modulus 1, Poisson's ratio 0.3."""
    nu, stiffness = 0.3, np.zeros((8, 8))
    material = np.array([[1.0 - nu, nu, 0.0], [nu, 1.0 - nu, 0.0], [0.0, 0.0, 0.5 - nu]])
    material /= (1.0 + nu) * (1.0 - 2.0 * nu)
    for s in 0.5 + np.array([-0.5, 0.5]) / np.sqrt(3.0):
        for t in 0.5 + np.array([-0.5, 0.5]) / np.sqrt(3.0):
            along, up = np.array([t - 1.0, 1.0 - t, -t, t]), np.array([s - 1.0, -s, 1.0 - s, s])
            strain = np.zeros((3, 8))
            strain[0, ::2], strain[1, 1::2], strain[2, ::2], strain[2, 1::2] = along, up, up, along
            stiffness += 0.25 * strain.T @ material @ strain
    return stiffness


def _assembled(components: int, of_cell: np.ndarray) -> list[sparse.csc_matrix]:
    """The stiffness of each of the 3 x 3 blocks of a square of CELLS x CELLS cells of four nodes."""
    nodes = np.arange((CELLS + 1) ** 2).reshape(CELLS + 1, CELLS + 1)
    size, blocks = components * nodes.size, []
    for block in range(9):
        total = sparse.lil_matrix((size, size))
        third = CELLS // 3
        for row in range(block // 3 * third, (block // 3 + 1) * third):
            for column in range(block % 3 * third, (block % 3 + 1) * third):
                four = nodes[row : row + 2, column : column + 2].ravel()
                at = (components * four[:, None] + np.arange(components)).ravel()
                total[np.ix_(at, at)] += of_cell
        blocks.append(total.tocsc())
    return blocks


def _solved(
    stiffness: list[sparse.csc_matrix], factors: np.ndarray, loads: np.ndarray, free: np.ndarray
) -> np.ndarray:
    """Values (n, m) of (sum_k factors_k stiffness_k) values = loads, 0 where not free; factors (n, 9)."""
    parts = [one[free][:, free] for one in stiffness]
    values = np.zeros_like(loads)
    for run, (row, load) in enumerate(zip(factors, loads, strict=True)):
        matrix = sum(factor * part for factor, part in zip(row, parts, strict=True))
        values[run, free] = splu(sparse.csc_matrix(matrix)).solve(load[free])
    return values


GENERATED: Mapping[str, Callable[[int], Fields]] = {
    "elastic block": elastic_block,
    "thermal block": thermal_block,
    "deim": deim,
    "oscillation": oscillation,
    "darcy": darcy,
    "burgers": burgers,
    "advection": advection,
    "heated rod": heated_rod,
    "cavity velocity": cavity_velocity,
    "cavity pressure": cavity_pressure,
    "reacting front": reacting_front,
}
TRANSIENT = ("burgers", "advection", "heated rod", "cavity velocity", "cavity pressure", "reacting front")
