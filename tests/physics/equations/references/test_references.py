"""Numerical references: they converge, keep what the equation keeps, and agree with other methods and data."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from skfem import Basis, ElementTriP2, ElementVector, FacetBasis, MeshTri

from fieldwright.physics.equations.problems import heated_plate, problem_named
from fieldwright.physics.equations.problems.allen_cahn import diffused, initial_waves
from fieldwright.physics.equations.references.cavity_flow import cavity_flow
from fieldwright.physics.equations.references.exponential_runge_kutta import solve_periodic
from fieldwright.physics.equations.references.l_shape import torsion
from fieldwright.physics.equations.references.rectangle_series import (
    chebyshev_points,
    rectangle_series,
    series_through,
)
from fieldwright.physics.equations.references.space_time_series import chebyshev_times, space_time_series
from fieldwright.physics.solvers.heat_conduction import heat_load, solve_temperature
from fieldwright.physics.solvers.sparse_solve import solve_positive_definite
from fieldwright.physics.solvers.thermoelasticity import (
    ThermoelasticSheet,
    edge_load,
    stiffness,
    thermal_load,
)

PUBLISHED = Path("../shared/data/pinn")


def table(name):
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return scipy.io.loadmat(path)


def on_grid(problem, x, t):
    """The reference (len(x), len(t), m) on a grid."""
    points = np.stack(np.meshgrid(np.ravel(x), np.ravel(t), indexing="ij"), axis=-1)
    with torch.no_grad():
        values = problem.reference(torch.from_numpy(points.reshape(-1, 2)), problem.values)
    return values.numpy().reshape(*points.shape[:2], -1)


def travelling_wave(step, n=64):
    """Burgers' equation with viscosity 0.1 and a forcing-free exact solution by Cole and Hopf, at t = 1, 2."""
    x = 2 * np.pi * np.arange(n) / n
    slope = 1j * np.arange(n // 2 + 1)

    def exact(t):
        phi = 2 + np.exp(-0.1 * t) * np.cos(x)
        return 0.2 * np.exp(-0.1 * t) * np.sin(x) / phi

    found = solve_periodic(
        exact(0.0),
        2 * np.pi,
        lambda k: -0.1 * k**2,
        lambda u: -slope * np.fft.rfft(u**2) / 2,
        np.array([1.0, 2.0]),
        step,
    )
    return abs(found - np.stack([exact(1.0), exact(2.0)])).max()


def test_exponential_steps_are_of_order_four():
    errors = [travelling_wave(step) for step in (0.5, 0.25, 0.125)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, 4, atol=0.35)
    assert travelling_wave(0.01) < 1e-11


def test_linear_waves_are_exact_at_any_step():
    x = 2 * np.pi * np.arange(16) / 16
    found = solve_periodic(
        np.cos(3 * x), 2 * np.pi, lambda k: 1j * k**3, lambda u: 0 * np.fft.rfft(u), np.array([0.7]), 1.0
    )
    np.testing.assert_allclose(found[0], np.cos(3 * x + 27 * 0.7), atol=1e-12)


def test_a_space_time_series_goes_through_its_values_and_is_exact_between():
    times = chebyshev_times(2.0, 40)
    x = -1 + 2 * np.arange(64) / 64

    def wave(x, t):
        return np.exp(np.sin(np.pi * (x - 0.7 * t))) * (1 + t**2)

    series = space_time_series(wave(x, times[:, None]), -1.0, 2.0, 2.0)
    rng = np.random.default_rng(0)
    points, instants = rng.uniform(-1, 1, (50, 1)), rng.uniform(0, 2, (50, 1))
    found = series(torch.from_numpy(points), torch.from_numpy(instants)).numpy()
    np.testing.assert_allclose(found, wave(points, instants), atol=1e-11)


def test_a_rectangle_series_reproduces_a_polynomial():
    x, y = np.meshgrid(2 + 0.5 * chebyshev_points(6), 3 * chebyshev_points(5), indexing="ij")
    series = rectangle_series(series_through(x**4 * y**3 - y)[None], (1.5, -3.0), (2.5, 3.0))
    a, b = (
        torch.tensor([[1.7], [2.4]], dtype=torch.float64),
        torch.tensor([[-2.0], [1.0]], dtype=torch.float64),
    )
    np.testing.assert_allclose(series(a, b), a**4 * b**3 - b, rtol=1e-12)


def test_korteweg_de_vries_agrees_with_the_published_solution_and_keeps_its_integrals():
    problem = problem_named("korteweg_de_vries")
    x = -1 + 2 * np.arange(256) / 256
    u = on_grid(problem, x, np.linspace(0, 1, 9))[..., 0]
    np.testing.assert_allclose(u.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((u**2).mean(axis=0), 0.5, rtol=1e-9)
    published = table("KdV.mat")
    u = on_grid(problem, published["x"][0, ::8], published["tt"][0, ::10])[..., 0]
    assert abs(u - published["uu"][::8, ::10]).max() < 1e-9


def test_allen_cahns_start_is_that_of_its_waves_and_the_published_solution_is_met_after_the_kink():
    x = torch.linspace(-1, 1, 201, dtype=torch.float64)[:, None]
    np.testing.assert_allclose(diffused(x, 0 * x), x**2 * torch.cos(torch.pi * x), atol=2e-6)
    k = np.arange(400)
    t = 0.3
    waves = np.cos(np.pi * k * x.numpy()) @ (initial_waves(400) * np.exp(-1e-4 * (np.pi * k) ** 2 * t))
    np.testing.assert_allclose(diffused(x, 0 * x + t)[:, 0], waves, atol=2e-7)
    published = table("AC.mat")
    u = on_grid(problem_named("allen_cahn"), published["x"][0, ::8], published["tt"][0, ::10])[..., 0]
    gap = abs(u - published["uu"][::8, ::10])
    # The published one has 512 points, too few for the kink until it is smooth.
    assert gap[:, 10:].max() < 5e-6
    assert np.sqrt(np.mean(gap**2)) < 2e-5


def test_the_breather_is_near_the_published_periodic_solution():
    published = table("NLS.mat")
    h = on_grid(problem_named("schroedinger"), published["x"], published["tt"])
    gap = abs(h[..., 0] + 1j * h[..., 1] - published["uu"])
    # Apart only by the kink that periodicity makes at the ends.
    assert gap[:, 0].max() < 1e-12
    assert gap.max() < 0.05


def test_the_breather_keeps_its_mass():
    x, weights = np.polynomial.legendre.leggauss(400)
    h = on_grid(problem_named("schroedinger"), 5 * x, np.linspace(0, np.pi / 2, 7))
    mass = 5 * weights @ (h**2).sum(axis=2)
    np.testing.assert_allclose(mass, 8, rtol=1e-3)  # of the whole line; 2e-4 of it lies beyond the ends


def test_van_der_pols_swing_settles_to_the_height_of_its_limit_cycle():
    problem = problem_named("van_der_pol")
    t = torch.linspace(0, 7, 7001, dtype=torch.float64)[:, None]
    u = problem.reference(t, problem.values)
    # Known of m = 1: height 2.00862, half a period 3.33164. One period after the start it is within 1e-4 of it.
    assert float(u[6000:].max()) == pytest.approx(2.00862, abs=1e-4)
    assert float(t[u[:4000].argmin()]) == pytest.approx(3.33164, abs=0.03)


def test_the_cavitys_flow_converges_and_is_free_of_divergence():
    x = torch.rand(300, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    flows = [
        rectangle_series(cavity_flow(100.0, n), (0.0, 0.0), (1.0, 1.0))(x[:, :1], x[:, 1:])
        for n in (16, 20, 24)
    ]
    size = flows[-1].norm(dim=0)
    coarse, fine = ((flow - flows[-1]).norm(dim=0) / size for flow in flows[:2])
    assert torch.all(fine[:2] < 1e-5)
    assert fine[2] < 3e-4
    assert torch.all(fine < coarse)


def test_the_plates_motion_is_that_of_finite_elements():
    plate = heated_plate
    mesh = MeshTri.init_tensor(
        np.linspace(0, plate.LENGTH, 49), np.linspace(0, plate.WIDTH, 33)
    ).with_boundaries(
        {
            "left": lambda x: np.isclose(x[0], 0),
            "bottom": lambda x: np.isclose(x[1], 0),
            "right": lambda x: np.isclose(x[0], plate.LENGTH),
        }
    )
    scalar, motion = Basis(mesh, ElementTriP2()), Basis(mesh, ElementVector(ElementTriP2()))
    cooled, pulled = (
        FacetBasis(mesh, e, facets="right") for e in (ElementTriP2(), ElementVector(ElementTriP2()))
    )
    where = np.asarray(scalar.global_coordinates())
    load = heat_load(scalar, plate.source(*where))
    theta = solve_temperature(scalar, cooled, load, conductance=1.0, film=plate.BIOT, ambient=0.0)
    sheet = ThermoelasticSheet(1.0, plate.POISSON, 1.0, 1.0)
    forces = thermal_load(motion, sheet, np.asarray(scalar.interpolate(theta)))
    forces = forces + edge_load(pulled, sheet, (plate.TENSION, 0.0))
    fixed = np.append(motion.get_dofs("left").all("u^1"), motion.get_dofs("bottom").all("u^2"))
    moved = solve_positive_definite(stiffness(motion, sheet), forces, fixed=fixed)[
        np.asarray(motion.nodal_dofs)
    ]
    fem = np.vstack([theta[np.asarray(scalar.nodal_dofs)[0]], moved]).T
    problem = problem_named("heated_plate")
    for output in range(3):
        exact = problem.reference(torch.from_numpy(mesh.p.T.copy()), problem.values).numpy()[:, output]
        assert np.linalg.norm(fem[:, output] - exact) < 1e-5 * np.linalg.norm(exact)


def test_the_torsion_of_an_l_has_the_published_energy_and_vanishes_on_the_edge():
    """The integral of u is the energy |grad u|^2: 0.2140758 by adaptive finite elements of several authors."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    # Points gather at the corner, where u has no bounded slope.
    s = (nodes + 1) / 2
    place, weight = s**6, 3 * s**5 * weights
    total = 0.0
    for sign in ((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)):
        points = np.stack(np.meshgrid(place, place, indexing="ij"), axis=-1).reshape(-1, 2) * sign
        total += float(np.outer(weight, weight).ravel() @ torsion(torch.from_numpy(points))[:, 0].numpy())
    assert total == pytest.approx(0.2140758, abs=1e-8)
    t = np.linspace(1e-4, 1.0, 501)
    edge = np.vstack([np.c_[t, 0 * t], np.c_[0 * t, -t], np.c_[1 + 0 * t, t], np.c_[1 - 2 * t, 1 + 0 * t]])
    assert float(torsion(torch.from_numpy(edge)).abs().max()) < 1e-9
