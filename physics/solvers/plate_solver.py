"""One finite-element solution of the heated plate: temperature, then displacement, then von Mises stress."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from skfem import Basis, ElementTriP1, ElementTriP2, ElementVector, FacetBasis

from fieldwright.physics.solvers.heat_conduction import heat_load, solve_temperature
from fieldwright.physics.solvers.plate import Plate, PlateParameters
from fieldwright.physics.solvers.plate_mesh import oriented_triangles, plate_mesh
from fieldwright.physics.solvers.sparse_solve import solve_positive_definite
from fieldwright.physics.solvers.thermoelasticity import (
    ThermoelasticSheet,
    at_vertices,
    edge_load,
    stiffness,
    stresses,
    thermal_load,
    von_mises,
)


@dataclass(frozen=True, eq=False)
class PlateFields:
    """The result at the mesh's n vertices.

    points: (n, 3) [m]; triangles: (k, 3) vertex indices; temperature: (n,) [K]; displacement: (n, 3) [m], z = 0;
    von_mises: (n,) [Pa].
    """

    points: np.ndarray
    triangles: np.ndarray
    temperature: np.ndarray
    displacement: np.ndarray
    von_mises: np.ndarray


class PlateSolver:
    """Quadratic finite elements for one plate; the mesh and its shape functions are made once.

    Each solution assembles and factorises both systems anew, as a general finite-element code does: that the
    equations happen to be linear in some parameters is not used.
    divisions: cells over the plate's width, see `fieldwright.physics.solvers.plate_mesh.plate_mesh`.
    """

    def __init__(self, plate: Plate | None = None, divisions: int = 32) -> None:
        self.plate = plate or Plate()
        self.mesh = mesh = plate_mesh(self.plate, divisions)
        self.points = np.zeros((mesh.nvertices, 3))
        self.points[:, :2] = mesh.doflocs[:, : mesh.nvertices].T
        self.triangles = oriented_triangles(mesh)

        scalar, vector = ElementTriP2(), ElementVector(ElementTriP2())
        self.heat = Basis(mesh, scalar)
        self.heated = Basis(mesh, scalar, elements="patch")
        self.cooled = FacetBasis(mesh, scalar, facets="hole")
        self.motion = Basis(mesh, vector)
        self.pulled = FacetBasis(mesh, vector, facets="right")
        self.nodal = Basis(mesh, ElementTriP1(), intorder=4)
        fixed_node = np.hypot(self.points[:, 0], self.points[:, 1] - self.plate.width / 2).argmin()
        roller = self.motion.get_dofs("left").all("u^1")
        self.corners = np.asarray(self.motion.nodal_dofs)
        self.fixed = np.append(roller, self.corners[1, fixed_node])

    def temperature(self, parameters: PlateParameters) -> np.ndarray:
        """Temperature (N,) [K] at all nodes of the quadratic elements."""
        return solve_temperature(
            self.heat,
            self.cooled,
            heat_load(self.heated, parameters.heat_flux),
            conductance=parameters.conductivity * self.plate.thickness,
            film=parameters.convection * self.plate.thickness,
            ambient=self.plate.ambient,
        )

    def sheet(self, parameters: PlateParameters) -> ThermoelasticSheet:
        """The material of a run."""
        return ThermoelasticSheet(
            parameters.youngs_modulus, self.plate.poisson, parameters.expansion, self.plate.thickness
        )

    def rise(self, temperature: np.ndarray) -> np.ndarray:
        """Temperature above the stress-free state (cells, quadrature points) [K] of nodal temperatures (N,)."""
        return np.asarray(self.heat.interpolate(temperature - self.plate.ambient))

    def equilibrium(self, sheet: ThermoelasticSheet, rise: np.ndarray):
        """Stiffness matrix (M, M) [N/m] and nodal forces (M,) [N], before the supports are imposed."""
        load = thermal_load(self.motion, sheet, rise) + edge_load(
            self.pulled, sheet, (self.plate.tension, 0.0)
        )
        return stiffness(self.motion, sheet), load

    def solve(self, parameters: PlateParameters) -> PlateFields:
        """All fields of one run."""
        temperature = self.temperature(parameters)
        sheet, rise = self.sheet(parameters), self.rise(temperature)
        motion = solve_positive_definite(*self.equilibrium(sheet, rise), fixed=self.fixed)
        stress = at_vertices(self.nodal, stresses(self.motion, sheet, motion, rise))
        displacement = np.zeros_like(self.points)
        displacement[:, :2] = motion[self.corners].T
        at_corners = temperature[np.asarray(self.heat.nodal_dofs)[0]]
        return PlateFields(self.points, self.triangles, at_corners, displacement, von_mises(stress))


@lru_cache(maxsize=1)
def _default_solver() -> PlateSolver:
    return PlateSolver()


def solve_plate(parameters: PlateParameters) -> PlateFields:
    """All fields of one run on the standard plate and mesh; the first call in a process makes the mesh."""
    return _default_solver().solve(parameters)
