"""The functions that scalars are compared on, by values and minima that their sources state, and by physics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import root_scalar

from benchmarks.surrogates.functions import FUNCTIONS, NOISE, observed, samples


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("Branin", [np.pi, 2.275], 0.397887),
        ("Branin", [-np.pi, 12.275], 0.397887),
        # A Cessna C172 Skyhawk without paint: Gramacy, Surrogates, 2020, 1.2.
        ("wing weight", [174.0, 252.0, 7.52, 0.0, 33.98, 0.672, 0.12, 3.795, 2004.0, 0.0], 233.9),
        ("Ishigami", [np.pi / 2, np.pi / 2, 1.0], 8.1),
        ("Friedman", [1.0, 0.5, 0.5, 0.0, 0.0], 10.0),
        ("Hartmann 6", [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573], -3.32237),
        ("Ackley", [0.0, 0.0], 0.0),
        ("Rosenbrock 4", [1.0, 1.0, 1.0, 1.0], 0.0),
        ("Rosenbrock 4", [0.0, 0.0, 0.0, 0.0], 3.0),
        # The known optimum of the beam lies where its shear stress is the permitted one.
        ("welded beam", [0.2444, 6.2175, 8.2915], 13600.0),
        ("step", [0.7, 0.0], 0.0),
        ("step", [0.7000001, 0.0], 1.0),
    ],
)
def test_functions_have_the_values_of_their_sources(name, place, value):
    found = FUNCTIONS[name][0](np.array([place]))
    assert found.item() == pytest.approx(value, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "minimum"),
    [("Branin", 0.397887), ("Hartmann 6", -3.32237), ("Ackley", 0.0), ("Rosenbrock 4", 0.0)],
)
def test_no_point_lies_below_the_minimum(name, minimum):
    assert samples(name, 5000, 0)[1].min() >= minimum


def test_ishigami_has_its_mean_and_variance():
    """a / 2 and a^2 / 8 + b pi^4 / 5 + b^2 pi^8 / 18 + 1 / 2 with a = 7, b = 0.1."""
    values = samples("Ishigami", 40_000, 0)[1]
    assert values.mean() == pytest.approx(3.5, abs=0.06)
    assert values.var() == pytest.approx(13.845, rel=0.02)


def test_a_piston_swings_as_its_force_about_the_equilibrium_says():
    m, s, v0, k, p0, ta, t0 = np.array([45.0, 0.012, 0.006, 3000.0, 1e5, 293.0, 350.0])

    def force(volume: float) -> float:
        """Of the gas upwards less weight, air and spring, which is at rest at v0."""
        return s * p0 * v0 / t0 * ta / volume - p0 * s - 19.62 * m + k * (v0 - volume) / s

    rest, small = root_scalar(force, bracket=(1e-5, 1.0)).root, 1e-7
    stiffness = -(force(rest + small) - force(rest - small)) / (2.0 * small) * s
    period = FUNCTIONS["piston"][0](np.array([[m, s, v0, k, p0, ta, t0]])).item()
    assert period == pytest.approx(2.0 * np.pi * np.sqrt(m / stiffness), rel=1e-6)


def test_a_circuit_of_endless_gain_and_a_borehole_without_loss():
    """The base decides the voltage; the flow to the borehole is Thiem's."""
    circuit = FUNCTIONS["OTL circuit"][0](np.array([[100.0, 50.0, 2.0, 2.0, 1.0, 1e12]])).item()
    assert circuit == pytest.approx(12.0 * 50.0 / 150.0 + 0.74 + 0.74, rel=1e-9)
    flow = FUNCTIONS["Borehole"][0](np.array([[0.1, 1e4, 8e4, 1050.0, 1e15, 750.0, 1e-9, 1e4]])).item()
    assert flow == pytest.approx(2.0 * np.pi * 8e4 * 300.0 / np.log(1e5), rel=1e-6)


def test_designs_fill_their_box_and_noise_has_its_size():
    for name, (_, box) in FUNCTIONS.items():
        x, _ = samples(name, 50, 3)
        low, high = np.array(box, dtype=float).T
        # A Latin hypercube has one point in each fiftieth of each range.
        cells = np.sort(np.floor(50 * (x - low) / (high - low)), axis=0)
        np.testing.assert_array_equal(cells, np.tile(np.arange(50.0)[:, None], x.shape[1]))
    clean = np.zeros(5000)
    assert observed("Friedman, noisy", clean, 3.0, 0).std() == pytest.approx(3.0 * NOISE, rel=0.05)
    assert observed("Friedman", clean, 3.0, 0) is clean
