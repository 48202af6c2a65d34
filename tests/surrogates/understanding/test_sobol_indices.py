"""Sobol indices, against functions whose indices are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.understanding.quantity_means import quantity_means
from fieldwright.surrogates.understanding.responses import STEPS, response_figure, responses
from fieldwright.surrogates.understanding.sensitivity import (
    sensitivity,
    sensitivity_figure,
    sensitivity_numbers,
)
from fieldwright.surrogates.understanding.sobol_indices import sobol_indices


def ishigami(x: np.ndarray) -> np.ndarray:
    """sin x_1 + 7 sin^2 x_2 + 0.1 x_3^4 sin x_1 on [-pi, pi]^3 (Ishigami & Homma 1990)."""
    return (np.sin(x[:, 0]) * (1.0 + 0.1 * x[:, 2] ** 4) + 7.0 * np.sin(x[:, 1]) ** 2)[:, None]


def test_ishigami():
    """V_1 = (1 + b pi^4 / 5)^2 / 2, V_2 = a^2 / 8, V_13 = 8 b^2 pi^8 / 225, with a = 7 and b = 0.1."""
    box = np.full(3, np.pi)
    found = sobol_indices(ishigami, -box, box, n=4096, seed=0)
    v1, v2, v13 = (1.0 + 0.02 * np.pi**4) ** 2 / 2.0, 49.0 / 8.0, 0.08 * np.pi**8 / 225.0
    whole = v1 + v2 + v13
    np.testing.assert_allclose(found.first[0], np.array([v1, v2, 0.0]) / whole, atol=0.02)
    np.testing.assert_allclose(found.total[0], np.array([v1 + v13, v2, v13]) / whole, atol=0.02)
    assert (np.abs(found.first[0] - np.array([v1, v2, 0.0]) / whole) < 4.0 * found.first_std[0]).all()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.1, 3.0), min_size=2, max_size=5), st.integers(0, 1000))
def test_a_sum_has_no_interactions_and_its_shares_are_the_squares(slopes, seed):
    slopes = np.array(slopes)
    p = len(slopes)

    def function(x):
        return np.stack([1e5 + x @ slopes, np.full(len(x), 7.0)], axis=1)

    found = sobol_indices(function, np.zeros(p), np.ones(p), n=1024, seed=seed)
    np.testing.assert_allclose(found.first[0], slopes**2 / np.sum(slopes**2), atol=0.02)
    np.testing.assert_allclose(found.total[0], found.first[0], atol=0.02)
    assert not found.first[1].any()
    assert not found.total[1].any()


def test_of_a_surrogate(surrogate):
    """mean(velocity.x) = exp(-t) q mean sin(k a) and mean(temperature) - 293 = q mean sin(1.5 k a) + (k b)^2."""
    asked = [Quantity("mean", "velocity", "x"), Quantity("mean", "temperature")]
    found = sensitivity(surrogate, asked, n=512, seed=0)
    assert list(found) == ["mean(velocity.x)", "mean(temperature)"]
    rows = found["mean(velocity.x)"]
    assert rows.first.shape == (3, 2)
    # A product of a function of k and one of q that both have the same shares at all times.
    np.testing.assert_allclose(rows.total, np.tile(rows.total[:1], (3, 1)), atol=0.01)
    k, q = surrogate.description.parameters
    a = np.linspace(0.0, 1.0, 6)
    values = np.sin(np.linspace(k.minimum, k.maximum, 1000)[:, None] * a).mean(axis=1)
    of_k = values.var() / values.mean() ** 2
    of_q = (q.maximum - q.minimum) ** 2 / 12.0 / ((q.maximum + q.minimum) / 2.0) ** 2
    whole = of_k + of_q + of_k * of_q
    np.testing.assert_allclose(rows.first[0], [of_k / whole, of_q / whole], atol=0.03)
    numbers = sensitivity_numbers(surrogate, found)
    assert numbers["sobol.mean(velocity.x).q.first"] == rows.first[-1, 1]
    assert len(sensitivity_figure(surrogate, found).axes) == 2


@pytest.mark.parametrize("together", [1, 20_000, 10**7])
def test_quantities_summed_up_over_points_are_those_of_whole_fields(surrogate, together, monkeypatch):
    monkeypatch.setattr("fieldwright.surrogates.understanding.quantity_means.BLOCK_VALUES", together)
    k, q = surrogate.description.parameters
    x = np.random.default_rng(0).uniform([k.minimum, q.minimum], [k.maximum, q.maximum], (5, 2))
    asked = [
        Quantity("min", "temperature"),
        Quantity("mean", "velocity", "magnitude"),
        Quantity("max", "temperature"),
        Quantity("mean", "velocity", "x"),
    ]
    answer = surrogate.predict(x, (), asked).quantities
    expected = np.hstack([answer[one.label].mean.reshape(5, -1) for one in asked])
    np.testing.assert_allclose(quantity_means(surrogate, x, asked), expected, rtol=1e-9)
    beside = [Quantity("point", "temperature", at=(0.33, 0.71)), Quantity("max", "temperature")]
    there = surrogate.predict(x, (), beside).quantities
    found = quantity_means(surrogate, x, beside)
    np.testing.assert_allclose(
        found, np.hstack([there[one.label].mean.reshape(5, -1) for one in beside]), rtol=1e-9
    )


@pytest.mark.parametrize("together", [1, 10**6])
def test_responses_are_what_the_surrogate_answers(surrogate, together, monkeypatch):
    monkeypatch.setattr("fieldwright.surrogates.understanding.quantity_means.BLOCK_VALUES", together)
    asked = [Quantity("max", "temperature"), Quantity("min", "velocity", "y")]
    values, found = responses(surrogate, asked, at=np.array([1.0, 200.0]))
    k, q = surrogate.description.parameters
    assert values.shape == (2, STEPS)
    np.testing.assert_allclose(values[:, [0, -1]], [[k.minimum, k.maximum], [q.minimum, q.maximum]])
    alone = surrogate.predict(np.array([[1.0, values[1, 7]]]), (), asked).quantities["max(temperature)"]
    band = found["max(temperature)"][1]
    for part in ("mean", "lower", "upper"):
        assert getattr(band, part)[7] == pytest.approx(getattr(alone, part)[0], rel=1e-9)
    figure = response_figure(surrogate, asked)
    below = [tick.get_text().split("\n") for tick in figure.axes[-1].get_xticklabels()]
    assert [(name, text.split(" ", 3)[3]) for name, text in below] == [("k", "W/(m K)"), ("q", "W/m2")]
    assert len(figure.axes) == 2
    assert figure.axes[0].get_title() == "max(temperature)"
    assert figure.axes[0].get_ylabel() == "temperature [K]"
