"""A cylinder that heats itself, as stored coal or peroxide does, up to the point where it ignites.

Steady heat balance of a zeroth-order reaction, in the Frank-Kamenetskii variables theta = E (T - T_a) / (R T_a^2) and
eps = R T_a / E, lengths over the radius a, by finite elements in (r, z):

    -div grad theta = delta exp(theta / (1 + eps theta)),   delta = E a^2 Q A exp(-E / R T_a) / (k R T_a^2)
    -d theta / dn = Bi theta   on the wall and the ends,   Bi = h a / k

Beyond a critical delta no cool steady state is left: heat is made faster than it can be carried off. That delta is
0.878 for a slab of half-thickness 1 and 2.000 for an endless cylinder of radius 1 (eps = 0, cold walls); close to it
the temperature rises as steeply as a square root, which makes its neighbourhood the part of the parameters to learn.

Source: Frank-Kamenetskii, Diffusion and Heat Transfer in Chemical Kinetics (1969), chapters VI and VII.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from skfem import Basis, BilinearForm, ElementQuad2, FacetBasis, LinearForm, MeshQuad

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.sparse_solve import solve_positive_definite

TOLERANCE = 1e-10
"""Of a Newton step over the hottest theta."""
MOST_STEPS = 60
RANGES = {"delta": (0.0, 1e9), "biot": (1e-6, 1e9), "half_height": (1e-3, 1e3), "eps": (0.0, 0.1)}
FALL = 1e-8
"""Of an iterate below the one before over the hottest theta, which round-off explains."""
RUNAWAY = 60.0
"""A theta that no cool state has: at the critical delta of slabs, cylinders and spheres (eps = 0) it is below 2."""


@BilinearForm
def _radial(u, v, w):
    return w.x[0] * u.grad[0] * v.grad[0]


@BilinearForm
def _axial(u, v, w):
    return w.x[0] * u.grad[1] * v.grad[1]


@BilinearForm
def _mass(u, v, w):
    return w.x[0] * w["rate"] * u * v


@LinearForm
def _source(v, w):
    return w.x[0] * w["rate"] * v


@dataclass(frozen=True)
class SelfHeating:
    """One run: heating delta, Biot number, half-height over radius, eps = R T_a / E.

    Raises FieldwrightError outside RANGES; for larger eps there is no ignition to speak of.
    """

    delta: float
    biot: float
    half_height: float
    eps: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not (low <= value <= high):
                raise FieldwrightError(
                    f"'{name}' of a cylinder that heats itself must be from {low:g} to {high:g}",
                    f"{value:g}",
                    "Give it without unit, as the Frank-Kamenetskii variables are",
                )


class SelfHeatingSolver:
    """Biquadratic finite elements on one quarter of the cylinder's section, r and z / half-height in [0, 1].

    divisions: elements over the radius and over the half-height.
    """

    def __init__(self, divisions: int = 10) -> None:
        # Denser towards the wall, where the temperature falls.
        ends = 1.0 - (1.0 - np.linspace(0.0, 1.0, divisions + 1)) ** 1.5
        mesh = MeshQuad.init_tensor(ends, ends).with_boundaries(
            {"wall": lambda x: x[0] == 1.0, "end": lambda x: x[1] == 1.0}
        )
        self.basis = Basis(mesh, ElementQuad2(), intorder=4)
        # z is measured in half-heights: one mesh serves every cylinder, and these matrices do not change.
        self.radial, self.axial = _radial.assemble(self.basis), _axial.assemble(self.basis)
        self.wall, self.end = (
            _mass.assemble(FacetBasis(mesh, ElementQuad2(), facets=name, intorder=4), rate=1.0)
            for name in ("wall", "end")
        )

    @property
    def points(self) -> np.ndarray:
        """(N, 2) r and z / half-height of the nodes."""
        return np.asarray(self.basis.doflocs).T

    def solve(self, run: SelfHeating) -> np.ndarray:
        """Temperature theta (N,) of the cool steady state; raises FieldwrightError where there is none."""
        theta = self.cool_state(run)
        if theta is None:
            raise FieldwrightError(
                "The heating 'delta' must be below the critical one, beyond which the cylinder ignites",
                f"{run.delta:g} at Bi = {run.biot:g}, half-height {run.half_height:g}, eps = {run.eps:g}",
                "Take a smaller delta, or cool it better",
            )
        return theta

    def cool_state(self, run: SelfHeating) -> np.ndarray | None:
        """As `solve`, but None where there is none.

        Newton's iterates from theta = 0 rise towards the smallest solution, as the reaction is convex in theta, and
        never fall while there is one: a fall or an indefinite matrix shows that delta is beyond the critical one.
        """
        height = run.half_height
        cooled = height * (self.radial + run.biot * self.wall) + self.axial / height + run.biot * self.end
        theta = np.zeros(self.basis.N)
        for _ in range(MOST_STEPS):
            inside = np.asarray(self.basis.interpolate(theta))
            share = 1.0 / (1.0 + run.eps * inside)
            rate = run.delta * height * np.exp(inside * share)
            residual = _source.assemble(self.basis, rate=rate) - cooled @ theta
            slope = _mass.assemble(self.basis, rate=rate * share**2)
            step = solve_positive_definite(cooled - slope, residual)
            theta = theta + step
            hottest = float(theta.max())
            if float(step.min()) < -FALL * hottest or hottest > RUNAWAY:
                return None
            if float(np.abs(step).max()) <= TOLERANCE * hottest:
                return theta
        return None

    def critical(self, biot: float, half_height: float, eps: float = 0.0, accuracy: float = 1e-5) -> float:
        """The delta beyond which there is no cool state, by bisection, to a relative accuracy."""
        low, high = 0.0, 4.0 * (1.0 + half_height**-2)
        while high - low > accuracy * high:
            middle = (low + high) / 2.0
            if self.cool_state(SelfHeating(middle, biot, half_height, eps)) is None:
                high = middle
            else:
                low = middle
        return low
