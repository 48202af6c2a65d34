"""Truncated Taylor series: coefficients known in closed form, and derivatives for training by finite differences."""

from math import comb, factorial

import numpy as np
import pytest
import torch

from fieldwright.physics.pinn.taylor.multi_indices import MultiIndices
from fieldwright.physics.pinn.taylor.sample_weights import linear_layer
from fieldwright.physics.pinn.taylor.series_products import activated, times
from fieldwright.physics.pinn.taylor.taylor_series import TaylorSeries

LINE = MultiIndices.up_to(5, 1)
PLANE = MultiIndices.with_smaller([(2, 1), (0, 3)], 2)
ACTIVATIONS = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "sine": torch.sin}


def at(values, indices):
    return TaylorSeries.of_inputs(torch.tensor(values, dtype=torch.float64), indices)


def random(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).requires_grad_()


def test_multi_indices_hold_what_is_smaller_and_begin_with_zero_and_first_order():
    assert MultiIndices.with_smaller([(1, 2)], 2).all == ((0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2))
    assert len(MultiIndices.up_to(4, 3).all) == comb(7, 3)
    assert PLANE.n_first == 2
    assert [sum(index) for index in PLANE.all[:3]] == [0, 1, 1]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (torch.tanh, [0.0, 1.0, 0.0, -1 / 3, 0.0, 2 / 15]),
        (torch.sigmoid, [1 / 2, 1 / 4, 0.0, -1 / 48, 0.0, 1 / 480]),
        (torch.sin, [0.0, 1.0, 0.0, -1 / 6, 0.0, 1 / 120]),
        (torch.cos, [1.0, 0.0, -1 / 2, 0.0, 1 / 24, 0.0]),
        (lambda x: x * x * x, [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
        (lambda x: (1.0 - x) * (1.0 + x) / 2.0 - torch.ones(1), [-0.5, 0.0, -0.5, 0.0, 0.0, 0.0]),
        (
            lambda x: (
                torch.cat([x, torch.ones(1, 1), 2.0 * x], dim=1)[:, 2:] @ torch.full((1, 1), 3.0).double()
            ),
            [0, 6],
        ),
    ],
)
def test_the_series_at_zero_are_the_known_ones(function, expected):
    series = function(at([[0.0]], LINE)).coefficients.flatten()
    expected = torch.tensor([*expected, *[0.0] * (6 - len(expected))], dtype=torch.float64)
    torch.testing.assert_close(series, expected, atol=1e-15, rtol=1e-14)


def test_leibniz_rule_in_two_variables():
    # x^2 y at (2, 3): the coefficients of (2 + a)^2 (3 + b).
    x = at([[2.0, 3.0]], PLANE)
    found = dict(
        zip(PLANE.all, (x[:, :1] * x[:, :1] * x[:, 1:2]).coefficients.flatten().tolist(), strict=True)
    )
    expected = {(0, 0): 12.0, (1, 0): 12.0, (0, 1): 4.0, (2, 0): 3.0, (1, 1): 4.0, (2, 1): 1.0}
    assert found == {index: expected.get(index, 0.0) for index in PLANE.all}


def test_any_function_of_the_inputs_has_the_coefficients_of_its_derivatives():
    x = at([[0.3, -1.2], [2.0, 0.7]], PLANE)
    found = x.of_features(lambda x: torch.exp(2.0 * x[:, :1]) * torch.cos(x[:, 1:2]))
    for coefficient, (i, k) in zip(found.coefficients, PLANE.all, strict=True):
        a, b = x.coefficients[0, :, 0], x.coefficients[0, :, 1]
        expected = (
            2.0**i * torch.exp(2.0 * a) * torch.cos(b + k * torch.pi / 2) / (factorial(i) * factorial(k))
        )
        torch.testing.assert_close(coefficient[:, 0], expected)


def test_a_polynomial_gives_each_derivative_back_and_zero_beyond():
    coefficients = random(len(PLANE.all), 3, 1)
    x = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)
    values = TaylorSeries(coefficients, PLANE).polynomial(x)
    derivatives = {(0, 0): values.sum()}
    for index in [*PLANE.all[1:], (2, 2)]:
        k = 1 if index[1] else 0
        below = derivatives[tuple(number - (i == k) for i, number in enumerate(index))]
        (slope,) = torch.autograd.grad(below, x, create_graph=True)
        derivatives[index] = slope[:, k].sum()
        factor = factorial(index[0]) * factorial(index[1])
        expected = (
            factor * coefficients[PLANE.all.index(index)].sum() if index in PLANE.all else torch.zeros(())
        )
        torch.testing.assert_close(derivatives[index], expected.double())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_differentiable_twice_and_have_the_derivatives_that_nested_differentiation_gives(
    name,
):
    z = random(len(PLANE.all), 2, 1, 2)
    assert torch.autograd.gradcheck(lambda z: activated(name, z, PLANE), z)
    assert torch.autograd.gradgradcheck(lambda z: activated(name, z, PLANE), z)
    x = at([[0.4, -0.3]], PLANE)
    inner = x[:, :1] * x[:, 1:2] + x[:, :1]
    found = activated(name, inner.coefficients, PLANE)
    nested = x.of_features(lambda x: ACTIVATIONS[name](x[:, :1] * x[:, 1:2] + x[:, :1])).coefficients
    torch.testing.assert_close(found, nested)


def test_products_are_differentiable_twice():
    f, g = random(len(PLANE.all), 2, 1, 2), random(len(PLANE.all), 2, 1, 2, seed=1)
    assert torch.autograd.gradcheck(lambda f, g: times(f, g, PLANE), (f, g))
    assert torch.autograd.gradgradcheck(lambda f, g: times(f, g, PLANE), (f, g))


@pytest.mark.parametrize("branches", [1, 3])
def test_a_layer_has_one_slope_for_shared_weights_and_each_samples_own_for_views(branches):
    x, matrix, bias = random(4, 5, branches, 2), random(3, 2, seed=1), random(1, 3, seed=2)
    assert torch.autograd.gradcheck(lambda x, w, b: linear_layer(x, w, b, 1.7), (x, matrix, bias))
    assert torch.autograd.gradgradcheck(lambda x, w, b: linear_layer(x, w, b, 1.7), (x, matrix, bias))
    views = [one.detach().expand(5, *one.shape).requires_grad_() for one in (matrix, bias)]
    shared, each = linear_layer(x, matrix, bias, 1.7), linear_layer(x, *views, 1.7)
    torch.testing.assert_close(each, shared)
    weight = random(*shared.shape, seed=3)
    of_views = torch.autograd.grad((weight * each).sum(), views)
    for sample in range(5):
        alone = torch.autograd.grad((weight * shared)[:, sample].sum(), (matrix, bias), retain_graph=True)
        for found, expected in zip(of_views, alone, strict=True):
            torch.testing.assert_close(found[sample], expected)
