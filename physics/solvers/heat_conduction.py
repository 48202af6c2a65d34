"""Steady heat conduction in a thin plate with convection on part of its edge, by finite elements.

Weak form over the plate's face A, with thickness t, for all test functions v:

    int_A k t grad T . grad v dA  +  int_C h t T v ds  =  Q(v)  +  int_C h t T_a v ds

C is the cooled edge, Q the nodal heat load [W]; edges without a term are insulated.

Source: Lewis, Nithiarasu and Seetharamu, Fundamentals of the Finite Element Method for Heat and Fluid Flow (2004),
sections 3.3 and 5.3.
"""

from __future__ import annotations

import numpy as np
from skfem import BilinearForm, CellBasis, FacetBasis, LinearForm

from fieldwright.physics.solvers.sparse_solve import solve_positive_definite


@BilinearForm
def _conduction(u, v, w):
    return w.conductance * (u.grad[0] * v.grad[0] + u.grad[1] * v.grad[1])


@BilinearForm
def _edge_mass(u, v, w):
    return w.film * u * v


@LinearForm
def _surface(v, w):
    return w.flux * v


def heat_load(heated: CellBasis, flux: float) -> np.ndarray:
    """Nodal heat (N,) [W] of a uniform flux [W/m2] through the face of the cells that `heated` spans."""
    return _surface.assemble(heated, flux=flux)


def solve_temperature(
    basis: CellBasis, cooled: FacetBasis, load: np.ndarray, *, conductance: float, film: float, ambient: float
) -> np.ndarray:
    """Temperature (N,) [K] at the nodes of a scalar basis, in balance with the nodal heat.

    load: nodal heat (N,) [W]; conductance: k t [W/K]; film: h t [W/(m K)] on the edge `cooled`; ambient: T_a [K].
    """
    conduction = _conduction.assemble(basis, conductance=conductance)
    exchange = _edge_mass.assemble(cooled, film=film)
    # Solved for T - T_a: no digits are lost to the large constant.
    return ambient + solve_positive_definite(conduction + exchange, load)


def heat_to_ambient(cooled: FacetBasis, temperature: np.ndarray, film: float, ambient: float) -> float:
    """Heat [W] that leaves through the cooled edge: the integral of h t (T - T_a) along it."""
    rise = cooled.interpolate(temperature - ambient)
    return float(np.sum(film * np.asarray(rise) * cooled.dx))
