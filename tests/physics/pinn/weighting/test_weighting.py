"""Weights of residuals: causal, balanced and attentive ones are what their formulas say."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.conditions import soft
from fieldwright.physics.equations.problem import no_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.physics.pinn.weighting.attention import attention
from fieldwright.physics.pinn.weighting.balance import gradient_norm_weights, tangent_kernel_weights
from fieldwright.physics.pinn.weighting.causal import causal_weights
from fieldwright.physics.pinn.weighting.loss_slopes import gradient_norms, kernel_traces
from fieldwright.physics.pinn.weighting.settings import Weighting
from fieldwright.physics.pinn.weighting.weighted_rows import WeightedRows
from fieldwright.physics.pinn.weighting.weights import RunningWeights

HEAT = problem_named("heat_high_frequency")
SOFT_HEAT = replace(
    HEAT, lift=no_lift, features=None, soft=tuple(soft(c, HEAT.domain, 12) for c in HEAT.conditions)
)


@pytest.fixture
def rows():
    network = SolutionNetwork(SOFT_HEAT, Architecture((6, 6)), 0)
    return ResidualRows(network, SOFT_HEAT.points(40, np.random.default_rng(0)), 2.0)


def double(values):
    return torch.tensor(values, dtype=torch.float64)


def test_causal_weights_are_the_exponential_of_the_earlier_residuals():
    times = double([0.0, 0.2, 0.3, 0.6, 0.9, 1.0])
    squares = double([1.0, 3.0, 2.0, 4.0, 5.0, 7.0])
    # Slices of a third: means 2 (of 1, 3, 2), 4 and 6.
    expected = np.exp(-0.5 * np.array([0, 0, 0, 2, 2 + 4, 2 + 4]))
    np.testing.assert_allclose(causal_weights(times, squares, 0.5, 3), expected, rtol=1e-14)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), strictness=st.floats(0.01, 10), slices=st.integers(2, 12))
def test_causal_weights_fall_with_time_and_rise_to_one_as_residuals_vanish(seed, strictness, slices):
    rng = np.random.default_rng(seed)
    times = torch.from_numpy(np.sort(rng.uniform(-1, 3, 50)))
    squares = torch.from_numpy(rng.uniform(0.1, 2, 50))
    weights = causal_weights(times, squares, strictness, slices)
    assert weights[0] == 1
    assert torch.all(weights.diff() <= 0)
    assert weights[-1] < weights[0]
    np.testing.assert_allclose(causal_weights(times, 0 * squares, strictness, slices), 1)


def test_gradient_norm_weights_make_all_gradients_equally_long():
    weights = gradient_norm_weights({"a": 2.0, "b": 0.5, "none": 0.0})
    assert weights["a"] * 2.0 == weights["b"] * 0.5 == 2.5
    assert weights["none"] == 1.0


def test_gradient_norms_are_those_of_the_losses(rows):
    theta = rows.network.flat()
    r, j = rows(theta), rows.jacobian(theta)
    lengths = [len(piece) for piece in rows.terms(theta).values()]
    expected = [2 * float((a.T @ b).norm()) for a, b in zip(j.split(lengths), r.split(lengths), strict=True)]
    norms = gradient_norms(rows, theta)
    assert list(norms) == ["equation 1", "condition 1", "condition 2"]
    np.testing.assert_allclose(list(norms.values()), expected, rtol=1e-10)


def test_tangent_kernel_weights_are_ratios_of_traces_of_the_kernel(rows):
    theta = rows.network.flat()
    traces = kernel_traces(rows, theta)
    j = rows.jacobian(theta)
    lengths = [len(piece) for piece in rows.terms(theta).values()]
    kernel = (j @ j.T).diagonal().split(lengths)
    np.testing.assert_allclose(list(traces.values()), [float(part.sum()) for part in kernel], rtol=1e-10)
    weights = tangent_kernel_weights(traces)
    total = float((j @ j.T).trace())
    assert weights["condition 1"] == pytest.approx(total / float(kernel[1].sum()))


def test_estimated_traces_of_the_kernel_converge_to_the_exact_ones(rows):
    theta = rows.network.flat()
    exact, estimated = kernel_traces(rows, theta), kernel_traces(rows, theta, entries=0, projections=1000)
    # The variance of one projection is at most 2 tr(K)^2: 0.045 for the mean of a thousand.
    np.testing.assert_allclose(list(estimated.values()), list(exact.values()), rtol=3 * 0.045)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), decay=st.floats(0.5, 0.99), rate=st.floats(0.001, 0.5))
def test_attention_grows_to_its_bound_where_residuals_stay_largest(seed, decay, rate):
    residuals = torch.from_numpy(np.random.default_rng(seed).normal(size=20))
    weights = torch.zeros(20, dtype=torch.float64)
    for _ in range(2000):
        weights = attention(weights, residuals, decay, rate)
    np.testing.assert_allclose(
        weights, rate / (1 - decay) * residuals.abs() / residuals.abs().max(), rtol=1e-6
    )


def test_weighted_rows_are_one_function_in_every_form(rows):
    theta = rows.network.flat()
    weights = torch.linspace(0.5, 2, len(rows(theta)), dtype=torch.float64)
    weighted = WeightedRows(rows, weights)
    r, j = rows(theta), rows.jacobian(theta)
    np.testing.assert_allclose(weighted(theta).square(), weights * r.square())
    np.testing.assert_allclose(weighted.graph(theta).detach(), weighted(theta))
    value, gradient = weighted.value_and_gradient(theta)
    assert value == pytest.approx(float((weights * r.square()).sum()) / 2)
    np.testing.assert_allclose(gradient, j.T @ (weights * r), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(weighted.jacobian(theta), weights.sqrt()[:, None] * j)


def test_weights_multiply_and_causal_ones_speak_of_the_equation_alone(rows):
    theta = rows.network.flat()
    running = RunningWeights(Weighting(balance="tangent_kernel", causal=(1.0,), slices=4), SOFT_HEAT)
    running.renew_balance(rows, theta)
    terms = rows.terms(theta)
    weights = running.of(rows, terms)
    balance = tangent_kernel_weights(kernel_traces(rows, theta))
    squares = terms["equation 1"].detach().square() * 40
    causal = balance["equation 1"] * causal_weights(rows.points[:, 1], squares, 1.0, 4)
    np.testing.assert_allclose(weights[:40], causal)
    np.testing.assert_allclose(weights[-len(terms["condition 2"]) :], balance["condition 2"])


def test_the_balance_is_a_running_mean(rows):
    theta = rows.network.flat()
    running = RunningWeights(Weighting(balance="gradient_norm", memory=0.75), SOFT_HEAT)
    running.renew_balance(rows, theta)
    running.renew_balance(rows, 2 * theta)
    first, second = (gradient_norm_weights(gradient_norms(rows, t)) for t in (theta, 2 * theta))
    balance = running.state()[0]["balance"]
    for name, value in balance.items():
        assert value == pytest.approx(0.75 * first[name] + 0.25 * second[name])


def test_the_next_strictness_begins_once_all_times_have_caught_up(rows):
    running = RunningWeights(Weighting(causal=(1e-6, 5.0)), SOFT_HEAT)
    terms = rows.terms(rows.network.flat())
    running.of(rows, terms)
    assert running.state()[0]["strictness"] == 1
    assert float(running.of(rows, terms).min()) < 0.5


def test_causal_weights_without_a_time_are_refused_in_words():
    with pytest.raises(FieldwrightError, match="must be of an equation with a time"):
        Weighting(causal=(1.0,)).check(problem_named("second_order_bvp"))
