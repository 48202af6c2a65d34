"""Plane-stress thermoelasticity: div sigma + f = 0, sigma = D : (eps(u) - alpha theta I)."""

import numpy as np
import pytest
from skfem import Basis, ElementTriP1, ElementTriP2, ElementVector, FacetBasis, LinearForm, MeshTri

from fieldwright.physics.solvers.plate import Plate
from fieldwright.physics.solvers.plate_mesh import plate_mesh
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

STEEL = ThermoelasticSheet(youngs_modulus=210e9, poisson=0.3, expansion=12e-6, thickness=0.005)


@pytest.fixture(scope="module")
def mesh():
    """The plate with its curved edges: a patch test must hold on these too."""
    return plate_mesh(Plate(), divisions=8)


@pytest.fixture(scope="module")
def basis(mesh):
    return Basis(mesh, ElementVector(ElementTriP2()))


def nodal(basis, field):
    """Nodal values of a vector field given as (u_x, u_y) of coordinates."""
    values = np.zeros(basis.N)
    for component in (0, 1):
        dofs = basis.nodal_dofs[component], basis.facet_dofs[component]
        for group in dofs:
            values[group] = field(basis.doflocs[:, group])[component]
    return values


def no_rigid_motion(basis):
    """Three supports that fix the rigid motions of a body and carry nothing when its loads balance."""
    origin = np.hypot(*basis.mesh.doflocs[:, : basis.mesh.nvertices]).argmin()
    above = np.hypot(basis.mesh.doflocs[0], basis.mesh.doflocs[1] - 0.1)[: basis.mesh.nvertices].argmin()
    return np.array([*basis.nodal_dofs[:, origin], basis.nodal_dofs[0, above]])


def test_constant_strain_is_reproduced_exactly(mesh, basis):
    strain = np.array([1e-3, -4e-4, 6e-4])  # xx, yy, gamma_xy
    exact = nodal(
        basis, lambda x: (strain[0] * x[0] + strain[2] / 2 * x[1], strain[2] / 2 * x[0] + strain[1] * x[1])
    )
    edge = basis.mesh.boundary_facets()
    fixed = basis.get_dofs(edge).all()
    matrix = stiffness(basis, STEEL)
    lifted = np.zeros(basis.N)
    lifted[fixed] = exact[fixed]
    solution = lifted + solve_positive_definite(matrix, -matrix @ lifted, fixed)
    assert abs(solution - exact).max() < 1e-12 * abs(exact).max()

    stress = stresses(basis, STEEL, solution, np.zeros(1))
    plane = 210e9 / (1 - 0.09)
    expected = [plane * (1e-3 - 0.3 * 4e-4), plane * (-4e-4 + 0.3 * 1e-3), 210e9 / 2.6 * 6e-4]
    np.testing.assert_allclose(stress, np.array(expected)[:, None, None] + np.zeros_like(stress), rtol=1e-9)
    at_nodes = at_vertices(Basis(mesh, ElementTriP1(), intorder=4), stress)
    np.testing.assert_allclose(at_nodes, np.array(expected)[:, None] + np.zeros_like(at_nodes), rtol=1e-9)


def test_a_free_plate_heated_evenly_grows_by_alpha_theta_x_without_stress(basis):
    rise = np.full(basis.dx.shape, 80.0)
    motion = solve_positive_definite(
        stiffness(basis, STEEL), thermal_load(basis, STEEL, rise), no_rigid_motion(basis)
    )
    expected = nodal(basis, lambda x: 12e-6 * 80.0 * x)
    assert abs(motion - expected).max() < 1e-11 * abs(expected).max()
    assert abs(stresses(basis, STEEL, motion, rise)).max() < 1e-9 * STEEL.thermal_stress * 80.0


def test_a_bar_between_rigid_walls_is_pressed_by_minus_e_alpha_theta():
    mesh = MeshTri.init_tensor(np.linspace(0, 1, 9), np.linspace(0, 0.2, 3))
    basis = Basis(mesh, ElementVector(ElementTriP2()))
    walls = basis.get_dofs(lambda x: np.isclose(x[0], 0) | np.isclose(x[0], 1)).all("u^1")
    fixed = np.append(walls, basis.nodal_dofs[1, np.hypot(*mesh.p).argmin()])
    rise = np.full(basis.dx.shape, 50.0)
    motion = solve_positive_definite(stiffness(basis, STEEL), thermal_load(basis, STEEL, rise), fixed)
    xx, yy, xy = stresses(basis, STEEL, motion, rise)
    np.testing.assert_allclose(xx, -210e9 * 12e-6 * 50.0, rtol=1e-10)
    assert max(abs(yy).max(), abs(xy).max()) < 1e-9 * 210e9 * 12e-6 * 50.0
    # Across, it expands freely and by Poisson's effect of the pressure: (1 + nu) alpha theta y.
    np.testing.assert_allclose(
        motion[basis.nodal_dofs[1]], 1.3 * 12e-6 * 50.0 * mesh.p[1], rtol=1e-9, atol=1e-16
    )


def test_a_linear_temperature_gives_no_stress_in_a_free_plate():
    """theta = g x: u_x = alpha g (x^2 - y^2) / 2, u_y = alpha g x y is compatible and free of stress."""
    straight = MeshTri.init_tensor(np.linspace(0, 0.2, 5), np.linspace(0, 0.1, 4))
    basis = Basis(straight, ElementVector(ElementTriP2()))
    rise = 1e3 * basis.global_coordinates()[0]
    motion = solve_positive_definite(
        stiffness(basis, STEEL), thermal_load(basis, STEEL, rise), no_rigid_motion(basis)
    )
    assert abs(stresses(basis, STEEL, motion, rise)).max() < 1e-9 * STEEL.thermal_stress * rise.max()


def test_quadratic_elements_converge_with_order_three_in_l2():
    """Manufactured: u = (sin(x) cos(2 y), x^2 e^y), theta = cos(x + y), on the unit square, u given on its edge."""
    sheet = ThermoelasticSheet(youngs_modulus=2.0, poisson=0.3, expansion=0.4, thickness=1.0)
    lame, mu, beta = sheet.lame, sheet.shear_modulus, sheet.thermal_stress

    def exact(x):
        return np.sin(x[0]) * np.cos(2 * x[1]), x[0] ** 2 * np.exp(x[1])

    def force(v, w):
        x, y = w.x
        # -div sigma = -mu lap(u) - (lame + mu) grad(div u) + beta grad(theta)
        lap = -5 * np.sin(x) * np.cos(2 * y), (2 + x**2) * np.exp(y)
        grad_div = (
            -np.sin(x) * np.cos(2 * y) + 2 * x * np.exp(y),
            -2 * np.cos(x) * np.sin(2 * y) + x**2 * np.exp(y),
        )
        warm = -np.sin(x + y)
        return sum(
            (-mu * a - (lame + mu) * b + beta * warm) * vi for a, b, vi in zip(lap, grad_div, v, strict=True)
        )

    errors = []
    for level in (2, 3, 4, 5):
        basis = Basis(MeshTri().refined(level), ElementVector(ElementTriP2()), intorder=6)
        x = np.asarray(basis.global_coordinates())
        matrix = stiffness(basis, sheet)
        fixed = basis.get_dofs().all()
        lifted = np.zeros(basis.N)
        lifted[fixed] = nodal(basis, exact)[fixed]
        load = thermal_load(basis, sheet, np.cos(x[0] + x[1])) + LinearForm(force).assemble(basis)
        motion = lifted + solve_positive_definite(matrix, load - matrix @ lifted, fixed)
        gap = np.asarray(basis.interpolate(motion)) - np.asarray(exact(x))
        errors.append(np.sqrt(np.sum(gap**2 * basis.dx)))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert orders.min() > 2.9, (errors, orders)
    assert errors[-1] < 1e-5


def test_a_uniform_traction_sums_to_its_resultant(mesh):
    pulled = FacetBasis(mesh, ElementVector(ElementTriP2()), facets="right")
    forces = edge_load(pulled, STEEL, (30e6, -5e6))
    basis = Basis(mesh, ElementVector(ElementTriP2()))
    along = nodal(basis, lambda x: (1 + 0 * x[0], 0 * x[0])) @ forces
    across = nodal(basis, lambda x: (0 * x[0], 1 + 0 * x[0])) @ forces
    assert (along, across) == pytest.approx((30e6 * 0.1 * 0.005, -5e6 * 0.1 * 0.005), rel=1e-12)


def test_von_mises_of_known_states():
    states = np.array([[100.0, 0, 0], [0, 0, 10], [-50, -50, 0], [80, -80, 0]]).T
    np.testing.assert_allclose(von_mises(states), [100, 10 * np.sqrt(3), 50, 80 * np.sqrt(3)])
