"""The heated plate as a whole: balances, symmetry, a known stress concentration, independence of the mesh."""

from dataclasses import replace

import numpy as np
import pytest

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.heat_conduction import heat_to_ambient
from fieldwright.physics.solvers.plate import BOUNDS, PARAMETER_NAMES, UNITS, Plate, PlateParameters
from fieldwright.physics.solvers.plate_solver import PlateSolver, solve_plate
from fieldwright.physics.solvers.sparse_solve import solve_positive_definite


@pytest.fixture(scope="module")
def fields(solver, nominal):
    return solver.solve(nominal)


def test_heat_in_through_the_patch_is_heat_out_by_convection(solver, nominal):
    temperature = solver.temperature(nominal)
    out = heat_to_ambient(
        solver.cooled, temperature, nominal.convection * solver.plate.thickness, solver.plate.ambient
    )
    assert out == pytest.approx(nominal.heat_flux * solver.plate.patch_area, rel=1e-10)


def test_reactions_balance_the_tension_and_the_point_support_carries_nothing(solver, nominal):
    sheet, rise = solver.sheet(nominal), solver.rise(solver.temperature(nominal))
    matrix, load = solver.equilibrium(sheet, rise)
    motion = solve_positive_definite(matrix, load, solver.fixed)
    reaction = (matrix @ motion - load)[solver.fixed]
    pull = solver.plate.tension * solver.plate.width * solver.plate.thickness
    assert reaction[:-1].sum() == pytest.approx(-pull, rel=1e-8)
    assert abs(reaction[-1]) < 1e-8 * pull


def test_the_solution_is_mirror_symmetric(fields):
    points = fields.points
    lower = np.lexsort(np.round([points[:, 0], points[:, 1]], 10))
    upper = np.lexsort(np.round([points[:, 0], 0.1 - points[:, 1]], 10))
    np.testing.assert_allclose(fields.temperature[lower], fields.temperature[upper], rtol=1e-11)
    np.testing.assert_allclose(fields.von_mises[lower], fields.von_mises[upper], rtol=1e-8)
    mirrored = fields.displacement[upper] * [1, -1, 1]
    assert abs(fields.displacement[lower] - mirrored).max() < 1e-10 * abs(fields.displacement).max()


def test_stress_concentration_at_the_hole_is_howlands(solver, nominal):
    """Cold and pulled: peak / gross stress = 3.14 for a hole of a fifth of the width (Howland 1930).

    Peterson's fit to it, on the net section: 3.000 - 3.140 r + 3.667 r^2 - 1.527 r^3, r = diameter / width.
    """
    fields = solver.solve(replace(nominal, heat_flux=0.0))
    ratio = 2 * solver.plate.hole_radius / solver.plate.width
    expected = (3.000 - 3.140 * ratio + 3.667 * ratio**2 - 1.527 * ratio**3) / (1 - ratio)
    assert fields.von_mises.max() / solver.plate.tension == pytest.approx(expected, rel=0.01)
    peak = fields.points[fields.von_mises.argmax()]
    assert peak[:2] == pytest.approx([0.1, 0.05 + np.sign(peak[1] - 0.05) * 0.01], abs=1e-6)


@pytest.mark.slow
def test_the_stress_does_not_depend_on_the_mesh(fields, nominal):
    finer = PlateSolver(divisions=48).solve(nominal)
    assert fields.von_mises.max() == pytest.approx(finer.von_mises.max(), rel=3e-3)
    assert fields.temperature.max() == pytest.approx(finer.temperature.max(), rel=1e-6)
    assert abs(fields.displacement).max() == pytest.approx(abs(finer.displacement).max(), rel=1e-6)


def test_temperatures_stay_physical_in_the_hottest_and_coldest_corner():
    low, high = (dict(zip(PARAMETER_NAMES, ends, strict=True)) for ends in zip(*BOUNDS.values(), strict=True))
    hottest = solve_plate(
        PlateParameters(**low | {"heat_flux": high["heat_flux"], "expansion": high["expansion"]})
    )
    assert 293.15 < hottest.temperature.min() < hottest.temperature.max() < 600
    coldest = solve_plate(PlateParameters(**high | {"heat_flux": low["heat_flux"]}))
    assert coldest.temperature.min() > 293.15


def test_the_response_to_each_parameter_has_the_sign_and_scaling_of_the_equations(solver, fields, nominal):
    """T - T_a is linear in q and homogeneous of degree 0 in (q, h, k); u is linear in (1/E, alpha) together."""
    scaled = replace(nominal, heat_flux=2e4, convection=2e3, conductivity=100.0)
    np.testing.assert_allclose(solver.solve(scaled).temperature, fields.temperature, rtol=1e-11)
    softer = solver.solve(replace(nominal, youngs_modulus=105e9, expansion=24e-6))
    assert abs(softer.displacement - 2 * fields.displacement).max() < 1e-9 * abs(softer.displacement).max()
    np.testing.assert_allclose(softer.von_mises, fields.von_mises, rtol=1e-7)


def test_impossible_parameters_are_refused_in_words(nominal):
    assert set(UNITS) == set(BOUNDS) == set(PARAMETER_NAMES)
    with pytest.raises(
        FieldwrightError, match=r"'conductivity' must be a finite number > 0. Got 0.0. Give it in W"
    ):
        replace(nominal, conductivity=0.0)
    with pytest.raises(FieldwrightError, match="heat_flux"):
        replace(nominal, heat_flux=float("nan"))


def test_an_unheated_unpulled_plate_stays_as_it_is(nominal):
    fields = PlateSolver(Plate(tension=0.0), divisions=8 * 2).solve(replace(nominal, heat_flux=0.0))
    assert np.all(fields.temperature == 293.15)
    assert not fields.displacement.any()
    assert not fields.von_mises.any()
