"""Heat conduction: -div(k t grad T) = f in A, k t dT/dn + h t (T - T_a) = g on its edge."""

import numpy as np
import pytest
from skfem import Basis, ElementTriP2, FacetBasis, LinearForm, MeshTri

from fieldwright.physics.solvers.heat_conduction import heat_load, heat_to_ambient, solve_temperature

CONDUCTANCE, FILM = 0.25, 4.0


def solved(mesh, exact, gradient, source):
    """Nodal solution whose heat load is made so that `exact` solves the problem with T_a = 0."""
    basis, edge = Basis(mesh, ElementTriP2(), intorder=6), FacetBasis(mesh, ElementTriP2(), intorder=6)

    def inflow(v, w):
        slope = sum(n * g for n, g in zip(w.n, gradient(w.x), strict=True))
        return (CONDUCTANCE * slope + FILM * exact(w.x)) * v

    load = LinearForm(lambda v, w: source(w.x) * v).assemble(basis) + LinearForm(inflow).assemble(edge)
    return basis, solve_temperature(basis, edge, load, conductance=CONDUCTANCE, film=FILM, ambient=0.0)


def test_linear_temperature_is_reproduced_exactly():
    mesh = MeshTri.init_symmetric().refined(1)
    mesh = mesh.with_boundaries({}).translated([0.3, -0.2])
    basis, temperature = solved(
        mesh,
        lambda x: 300 + 20 * x[0] - 7 * x[1],
        lambda x: (20 + 0 * x[0], -7 + 0 * x[0]),
        lambda x: 0 * x[0],
    )
    np.testing.assert_allclose(temperature, 300 + 20 * basis.doflocs[0] - 7 * basis.doflocs[1], rtol=1e-12)


def test_quadratic_elements_converge_with_order_three_in_l2():
    def exact(x):
        return np.sin(2 * x[0]) * np.exp(x[1])

    def gradient(x):
        return 2 * np.cos(2 * x[0]) * np.exp(x[1]), exact(x)

    errors = []
    for level in (2, 3, 4, 5):
        basis, temperature = solved(
            MeshTri().refined(level), exact, gradient, lambda x: CONDUCTANCE * 3 * exact(x)
        )
        gap = np.asarray(basis.interpolate(temperature)) - exact(np.asarray(basis.global_coordinates()))
        errors.append(np.sqrt(np.sum(gap**2 * basis.dx)))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert orders.min() > 2.9, (errors, orders)
    assert errors[-1] < 1e-5


def test_one_dimensional_wall_with_convection_has_its_closed_form():
    """Heat q enters at x = 0 side through the whole face: T(1) - T_a = q/h t, T(0) - T(1) = q / (2 k t)."""
    mesh = MeshTri.init_tensor(np.linspace(0, 1, 5), np.linspace(0, 0.5, 3)).with_boundaries(
        {"right": lambda x: np.isclose(x[0], 1.0)}
    )
    basis, cooled = Basis(mesh, ElementTriP2()), FacetBasis(mesh, ElementTriP2(), facets="right")
    temperature = solve_temperature(
        basis, cooled, heat_load(basis, 8.0), conductance=CONDUCTANCE, film=FILM, ambient=290.0
    )
    x = basis.doflocs[0]
    expected = 290.0 + 8.0 / FILM + 8.0 / (2 * CONDUCTANCE) * (1 - x**2)
    np.testing.assert_allclose(temperature, expected, rtol=1e-12)
    assert heat_to_ambient(cooled, temperature, FILM, 290.0) == pytest.approx(8.0 * 0.5, rel=1e-12)
