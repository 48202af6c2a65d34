"""The lattice Boltzmann solver against flows whose numbers are known from elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.lattice_boltzmann import MOMENTS, OPPOSITE, WEIGHT, Flow, steady_flow
from fieldwright.physics.solvers.shapes import ellipse, placed, rectangle, signed_distance


def centres(ny: int, nx: int) -> np.ndarray:
    y, x = np.mgrid[:ny, :nx] + 0.5
    return np.stack([x.ravel(), y.ravel()], axis=1)


def around(outline: np.ndarray, ny: int, nx: int) -> np.ndarray:
    return signed_distance(outline, centres(ny, nx)).reshape(ny, nx) < 0.0


def channel(solid: np.ndarray) -> np.ndarray:
    walls = solid.copy()
    walls[[0, -1]] = True
    return walls


@pytest.fixture(scope="module")
def cylinder() -> Flow:
    """The benchmark 2D-1 with ten cells across the cylinder: channel 22 x 4.1 diameters, Re 20."""
    solid = channel(np.zeros((43, 220), dtype=bool)) | around(
        placed(ellipse(10.0, 10.0), (20.0, 21.0)), 43, 220
    )
    y = (np.arange(43) - 0.5) / 41.0
    parabola = np.where(solid[:, 0], 0.0, 4.0 * 0.12 * y * (1.0 - y))
    return steady_flow(solid, parabola, viscosity=0.08 * 10.0 / 20.0)


def test_moments_are_orthogonal_and_walls_turn_velocities_round():
    gram = MOMENTS @ MOMENTS.T
    assert np.allclose(gram, np.diag(np.diag(gram)))
    assert np.array_equal(MOMENTS[[3, 5]][:, OPPOSITE], -MOMENTS[[3, 5]])
    assert WEIGHT.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("height", [8, 16])
def test_a_channel_develops_the_parabola_of_poiseuille_with_walls_half_way(height):
    """Far from the inlet u = 6 U y (h - y) / h^2, to which the entry decays as exp(-x / 0.06 h Re) or faster."""
    solid = channel(np.zeros((height + 2, 6 * height), dtype=bool))
    flow = steady_flow(solid, 0.04, viscosity=0.04 * height / 4.0, tolerance=1e-5, dtype=np.float64)
    y = (np.arange(height) + 0.5) / height
    exact = 6.0 * 0.04 * y * (1.0 - y)
    developed = flow.velocity[1:-1, 4 * height, 0]
    assert np.abs(developed / developed.mean() - exact / exact.mean()).max() < 1.5 / height**2
    assert np.abs(flow.velocity[1:-1, 4 * height, 1]).max() < 1e-4


def test_the_drag_and_the_wake_of_a_cylinder_in_a_channel(cylinder):
    """Cd = 5.5795 and a wake of 0.0846 / 0.1 diameters: Schaefer & Turek, Benchmark computations of laminar flow
    around a cylinder, 1996, case 2D-1; ten cells across a staircase are good for 4 % of the drag."""
    drag, lift = 2.0 * cylinder.force[8:34].sum(axis=(0, 1)) / (0.08**2 * 10.0)
    assert drag == pytest.approx(5.5795, rel=0.04)
    assert abs(lift) < 0.1
    behind = cylinder.velocity[20:22, 26:, 0].mean(axis=0)
    end = np.flatnonzero(behind > 0.0)[0]
    # Zero between two cell centres; the rear of the cylinder is at 25, centre k at 26.5 + k.
    crossing = end - behind[end] / (behind[end] - behind[end - 1])
    assert (crossing + 1.5) / 10.0 == pytest.approx(0.846, abs=0.1)


def test_the_same_flow_passes_every_section(cylinder):
    flux = cylinder.velocity[..., 0].sum(axis=0)
    assert np.abs(flux / flux[0] - 1.0).max() < 3e-3


def test_the_flow_past_a_mirrored_body_is_the_mirrored_flow():
    solid = around(placed(rectangle(8.0, 5.0), (16.0, 14.0), 0.4), 32, 64)
    flow = steady_flow(solid, 0.1, viscosity=0.05)
    mirrored = steady_flow(solid[::-1], 0.1, viscosity=0.05)
    assert np.abs(mirrored.velocity - flow.velocity[::-1] * [1.0, -1.0]).max() < 1e-5
    force = flow.force.sum(axis=(0, 1))
    assert mirrored.force.sum(axis=(0, 1)) == pytest.approx(force * [1.0, -1.0], abs=1e-4)
    assert force[0] > 0.0


def test_rows_are_periodic():
    solid = around(placed(ellipse(6.0, 6.0), (16.0, 16.0)), 32, 48)
    flow = steady_flow(solid, 0.1, viscosity=0.05)
    moved = steady_flow(np.roll(solid, 7, axis=0), 0.1, viscosity=0.05)
    assert np.abs(moved.velocity - np.roll(flow.velocity, 7, axis=0)).max() < 1e-5


def test_nothing_in_the_way_leaves_the_flow_uniform():
    flow = steady_flow(np.zeros((6, 12), dtype=bool), 0.1, viscosity=0.05)
    assert np.abs(flow.velocity - [0.1, 0.0]).max() < 1e-6
    assert np.abs(flow.pressure).max() < 1e-7


@pytest.mark.parametrize(
    ("inlet", "viscosity", "steps", "says"),
    [
        (0.3, 0.05, 1000, "inlet velocity must be in 0 to 0.15"),
        (0.1, 0.05, 200, "must become steady within 200 steps"),
    ],
)
def test_what_cannot_be_computed_is_said(inlet, viscosity, steps, says):
    solid = around(placed(ellipse(6.0, 6.0), (16.0, 8.0)), 16, 48)
    with pytest.raises(FieldwrightError, match=says):
        steady_flow(solid, inlet, viscosity, most_steps=steps)
