"""Plane-stress thermoelasticity by finite elements: stiffness, loads, stresses and their values at the vertices.

    sigma = D : (eps(u) - alpha theta I),   theta = T - T_ref,   sigma_zz = 0
    D : e = 2 mu e + lam tr(e) I,   mu = E / (2 (1 + nu)),   lam = E nu / (1 - nu^2)
    int_A t sigma(u) : eps(v) dA = int_S t p . v ds   for all test functions v

so that a temperature rise acts as the load  int_A t E alpha / (1 - nu) theta div v dA.

Source: Hughes, The Finite Element Method (1987), sections 2.7 and 4.4; Boley and Weiner (1960), section 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from skfem import BilinearForm, CellBasis, DiscreteField, FacetBasis, LinearForm

from fieldwright.physics.solvers.sparse_solve import Sparse, solve_positive_definite


@dataclass(frozen=True)
class ThermoelasticSheet:
    """An isotropic sheet: Young's modulus [Pa], Poisson's ratio [-], linear expansion [1/K], thickness [m]."""

    youngs_modulus: float
    poisson: float
    expansion: float
    thickness: float

    @property
    def shear_modulus(self) -> float:
        """Shear modulus [Pa]."""
        return self.youngs_modulus / (2 * (1 + self.poisson))

    @property
    def lame(self) -> float:
        """The first Lame parameter of plane stress [Pa]."""
        return self.youngs_modulus * self.poisson / (1 - self.poisson**2)

    @property
    def thermal_stress(self) -> float:
        """Pressure per kelvin [Pa/K] when the sheet may not expand in its plane: E alpha / (1 - nu)."""
        return self.youngs_modulus * self.expansion / (1 - self.poisson)


@BilinearForm
def _stiffness(u, v, w):
    # Written out by components: the tensor form of the library takes twice the time.
    exx, eyy, gxy = u.grad[0, 0], u.grad[1, 1], u.grad[0, 1] + u.grad[1, 0]
    vxx, vyy, hxy = v.grad[0, 0], v.grad[1, 1], v.grad[0, 1] + v.grad[1, 0]
    direct, coupling = w.lame + 2 * w.shear, w.lame
    return direct * (exx * vxx + eyy * vyy) + coupling * (exx * vyy + eyy * vxx) + w.shear * gxy * hxy


@LinearForm
def _expansion(v, w):
    return w.thermal * w.rise * (v.grad[0, 0] + v.grad[1, 1])


@LinearForm
def _traction(v, w):
    return w.px * v[0] + w.py * v[1]


def stiffness(basis: CellBasis, sheet: ThermoelasticSheet) -> Sparse:
    """Stiffness matrix (N, N) [N/m] on a vector basis."""
    t = sheet.thickness
    return _stiffness.assemble(basis, lame=t * sheet.lame, shear=t * sheet.shear_modulus)


def thermal_load(basis: CellBasis, sheet: ThermoelasticSheet, rise: np.ndarray) -> np.ndarray:
    """Nodal forces (N,) [N] of a temperature rise (cells, quadrature points) [K] above the stress-free state."""
    return _expansion.assemble(basis, thermal=sheet.thickness * sheet.thermal_stress, rise=rise)


def edge_load(edge: FacetBasis, sheet: ThermoelasticSheet, traction: tuple[float, float]) -> np.ndarray:
    """Nodal forces (N,) [N] of a uniform traction (p_x, p_y) [Pa] on an edge."""
    return _traction.assemble(edge, px=sheet.thickness * traction[0], py=sheet.thickness * traction[1])


def stresses(
    basis: CellBasis, sheet: ThermoelasticSheet, displacement: np.ndarray, rise: np.ndarray
) -> np.ndarray:
    """Stress components xx, yy, xy (3, cells, quadrature points) [Pa] of nodal displacements (N,) [m]."""
    gradient = np.asarray(cast(DiscreteField, basis.interpolate(displacement)).grad)
    exx, eyy = gradient[0, 0], gradient[1, 1]
    common = sheet.lame * (exx + eyy) - sheet.thermal_stress * rise
    twice = 2 * sheet.shear_modulus
    return np.stack(
        [common + twice * exx, common + twice * eyy, twice / 2 * (gradient[0, 1] + gradient[1, 0])]
    )


def at_vertices(nodal: CellBasis, values: np.ndarray) -> np.ndarray:
    """L2 projection of (m, cells, quadrature points) onto a linear basis: the nodal values (m, vertices).

    The projection g minimises int_A (g - f)^2 dA over continuous, piecewise linear g.
    Source: Hinton and Campbell, Int. J. Numer. Methods Eng. 8 (1974) 461, global smoothing.
    """
    mass = BilinearForm(lambda u, v, w: u * v).assemble(nodal)
    load = LinearForm(lambda v, w: w.sample * v)
    loads = np.stack([load.assemble(nodal, sample=component) for component in values], axis=1)
    return solve_positive_definite(mass, loads).T


def von_mises(stress: np.ndarray) -> np.ndarray:
    """Von Mises stress of plane-stress components xx, yy, xy (3, ...): (...) in the same unit.

    sigma_v^2 = sigma_xx^2 - sigma_xx sigma_yy + sigma_yy^2 + 3 sigma_xy^2
    """
    xx, yy, xy = stress
    return np.sqrt(xx**2 - xx * yy + yy**2 + 3 * xy**2)
