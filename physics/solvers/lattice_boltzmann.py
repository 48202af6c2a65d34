"""Steady plane flow past a body by the lattice Boltzmann method: nine velocities, several relaxation times.

f_i(x + c_i, t + 1) = f_i(x, t) - M^-1 S (m - m_eq),  m = M f

In lattice units: cells and time steps are 1, the density is about 1, the speed of sound 1/sqrt(3).
Sources: Lallemand & Luo, Phys. Rev. E 61, 2000 (moments and equilibria); Ginzburg & d'Humieres, Phys. Rev. E 68,
2003 (the relaxation time that puts walls half-way); Krueger et al., The Lattice Boltzmann Method, Springer 2017,
chapters 5 (boundaries) and 10 (relaxation times).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import FieldwrightError

CX = np.array([0, 1, 0, -1, 0, 1, -1, -1, 1])
CY = np.array([0, 0, 1, 0, -1, 1, 1, -1, -1])
OPPOSITE = np.array([0, 3, 4, 1, 2, 7, 8, 5, 6])
WEIGHT = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)
_SQUARE = CX**2 + CY**2
MOMENTS = np.stack(
    [
        np.ones(9),
        3 * _SQUARE - 4,
        4.5 * _SQUARE**2 - 10.5 * _SQUARE + 4,
        CX,
        CX * (3 * _SQUARE - 5),
        CY,
        CY * (3 * _SQUARE - 5),
        CX**2 - CY**2,
        CX * CY,
    ]
)
"""Rows: density, energy, its square, momentum and energy flux along x, the same along y, and two stresses."""
MAGIC = 3 / 16
"""(1/s_nu - 1/2) (1/s_q - 1/2): puts a wall exactly half-way between cells in a Poiseuille flow."""
BULK_RATE = 1.1
"""Relaxation of the energy: a bulk viscosity of 0.14 that damps the sound of the start."""
LOOK = 100
"""Steps between two looks at how far the flow still changes."""


@dataclass(frozen=True, eq=False)
class Flow:
    """A steady flow, in lattice units.

    velocity: (ny, nx, 2), zero in solid cells. pressure: (ny, nx), that above the outlet's, zero in solid cells.
    force: (ny, nx, 2) on each solid cell, by the momentum exchanged on the links that it cuts; the sum over a body is
    the force on it.
    steps: time steps it took. residual: largest change of the velocity over the last look, in shares of the inlet's.
    """

    velocity: np.ndarray
    pressure: np.ndarray
    force: np.ndarray
    steps: int
    residual: float


def steady_flow(
    solid: np.ndarray,
    inlet: np.ndarray | float,
    viscosity: float,
    *,
    tolerance: float = 1e-4,
    most_steps: int = 60_000,
    dtype: type = np.float32,
    progress: Callable[[int, float], None] | None = None,
) -> Flow:
    """Runs from a uniform flow until the velocity changes by less than the tolerance over a way of `LOOK` steps.

    solid: (ny, nx) bool, cells that the flow cannot enter; walls half-way between them and the fluid (bounce-back).
    inlet: velocity along x at the first column, a number or (ny,); up to 0.15, or it is no longer incompressible.
    viscosity: kinematic, above 0.002. The last column lets the flow out at the density 1; rows are periodic, so
    solid first and last rows make a channel.
    tolerance: of the largest change, in shares of the largest inlet velocity. progress: called with steps, residual.
    Raises FieldwrightError when the numbers cannot be computed, the flow diverges or never becomes steady.
    """
    solid = np.asarray(solid, dtype=bool)
    speed = np.broadcast_to(np.asarray(inlet, dtype=float), solid.shape[:1])
    largest = float(np.abs(speed).max())
    if not (0.0 < largest <= 0.15 and viscosity > 0.002):
        raise FieldwrightError(
            "The inlet velocity must be in 0 to 0.15 and the viscosity above 0.002, in lattice units",
            f"{largest:g} and {viscosity:g}",
            "Keep the Reynolds number and choose more cells, or another velocity",
        )
    lattice = _Lattice(solid, speed, viscosity, dtype)
    before, residual = lattice.velocity(), np.inf
    for steps in range(LOOK, most_steps + 1, LOOK):
        for _ in range(LOOK):
            lattice.step()
        now = lattice.velocity()
        residual = float(np.abs(now - before).max()) / largest
        before = now
        if progress is not None:
            progress(steps, residual)
        if not np.isfinite(residual) or np.abs(now).max() > 0.4:
            raise FieldwrightError(
                "The flow must stay finite and well below the speed of sound",
                f"a divergence within {steps} steps",
                "Use a lower Reynolds number, or more cells across the body",
            )
        if residual < tolerance:
            return Flow(now.astype(float), lattice.pressure(), lattice.force(), steps, residual)
    raise FieldwrightError(
        f"The flow must become steady within {most_steps} steps",
        f"a change of {residual:.1e} of the inlet velocity over the last {LOOK} steps",
        "Use a lower Reynolds number (wakes shed vortices above some 45), or allow more steps",
    )


class _Lattice:
    """The populations, kept as their distance from rest at density 1, which float32 then resolves to 1e-9."""

    def __init__(self, solid: np.ndarray, inlet: np.ndarray, viscosity: float, dtype: type) -> None:
        self.shape, self.dtype = solid.shape, dtype
        self.fluid = ~solid.ravel()
        shear = 1.0 / (3.0 * viscosity + 0.5)
        odd = 1.0 / (MAGIC / (1.0 / shear - 0.5) + 0.5)
        rates = np.array([0.0, BULK_RATE, BULK_RATE, 0.0, odd, 0.0, odd, shear, shear])
        inverse = np.linalg.inv(MOMENTS)
        self.keep = (np.eye(9) - inverse @ np.diag(rates) @ MOMENTS).astype(dtype)
        # Only what is not linear in f has to be made at each step; the linear part of m_eq joins `keep`.
        linear = np.zeros((9, 9))
        linear[1, 0], linear[2, 0], linear[4, 3], linear[6, 5] = -2.0, 1.0, -1.0, -1.0
        self.keep += (inverse @ np.diag(rates) @ linear @ MOMENTS).astype(dtype)
        squares = np.zeros((9, 3))  # of jx^2, jy^2, jx jy in e, eps, pxx and pxy
        squares[1, :2], squares[2, :2], squares[7, :2], squares[8, 2] = 3.0, -3.0, (1.0, -1.0), 1.0
        self.bend = (inverse @ np.diag(rates) @ squares).astype(dtype)
        self.sums = MOMENTS[[0, 3, 5]].astype(dtype)
        self._links(solid)
        self.inlet = inlet.astype(dtype)
        self.inlet_rows = np.flatnonzero(~solid[:, 0])
        start = np.where(solid, 0.0, inlet[:, None]).ravel()
        self.f = self._equilibrium(np.zeros_like(start), start, np.zeros_like(start))
        self.after = self.f.copy()

    def _links(self, solid: np.ndarray) -> None:
        """Where each population comes from: a neighbour, or back from the wall that stands between."""
        ny, nx = self.shape
        y, x = np.mgrid[:ny, :nx]
        gather = np.empty((9, ny * nx), dtype=np.int64)
        self.cut = []
        for i in range(9):
            # Columns wrap round here too; the first and last are overwritten by the inlet and the outlet.
            from_y, from_x = (y - CY[i]) % ny, (x - CX[i]) % nx
            index = (i * ny * nx + from_y * nx + from_x).ravel()
            back = (OPPOSITE[i] * ny * nx + y * nx + x).ravel()
            blocked = solid[from_y, from_x].ravel() & self.fluid
            gather[i] = np.where(blocked, back, index)
            self.cut.append(np.flatnonzero(blocked & ((x - CX[i] >= 0) & (x - CX[i] < nx)).ravel()))
        self.gather = gather.ravel()

    def _equilibrium(self, rho: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Populations (9, n) at density 1 + rho (n,) and velocity (n,), less those at rest; incompressible form."""
        along = CX[:, None] * u + CY[:, None] * v
        quadratic = 4.5 * along**2 - 1.5 * (u**2 + v**2)
        return (WEIGHT[:, None] * (rho + 3.0 * along + quadratic)).astype(self.dtype)

    def step(self) -> None:
        """Collides, moves to the neighbours, and sets the first and last column."""
        _, jx, jy = self.sums @ self.f
        self.after = self.keep @ self.f
        self.after += self.bend @ np.stack([jx * jx, jy * jy, jx * jy])
        self.f = np.take(self.after.reshape(-1), self.gather).reshape(9, -1)
        ny, nx = self.shape
        f = self.f.reshape(9, ny, nx)
        # Both ends take the density or velocity that is known and all else from their neighbours (Guo, Zheng & Shi,
        # Chin. Phys. 11, 2002): equilibrium of the end, and what lies off equilibrium next to it.
        for edge, beside in ((0, 1), (nx - 1, nx - 2)):
            near = f[:, :, beside]
            rho, u, v = self.sums @ near
            off = near - self._equilibrium(rho, u, v)
            ends = (rho, self.inlet, np.zeros_like(v)) if edge == 0 else (np.zeros_like(rho), u, v)
            f[:, :, edge] = self._equilibrium(*ends) + off
        self.f[:, ~self.fluid] = 0.0

    def velocity(self) -> np.ndarray:
        """Velocity (ny, nx, 2)."""
        _, u, v = self.sums @ self.f
        return np.stack([u, v], axis=-1).reshape(*self.shape, 2)

    def pressure(self) -> np.ndarray:
        """(ny, nx) rho / 3 above that of density 1."""
        return (self.sums[0] @ self.f).reshape(self.shape).astype(float) / 3.0

    def force(self) -> np.ndarray:
        """(ny, nx, 2) momentum left on each solid cell in one step: twice that of every population it turns back."""
        force = np.zeros((*self.shape, 2))
        for i, cells in enumerate(self.cut):
            y, x = np.unravel_index(cells, self.shape)
            arriving = self.after[OPPOSITE[i], cells].astype(float) + WEIGHT[i]
            at = ((y - CY[i]) % self.shape[0], x - CX[i])
            np.add.at(force, at, -2.0 * arriving[:, None] * np.array([CX[i], CY[i]]))
        return force
