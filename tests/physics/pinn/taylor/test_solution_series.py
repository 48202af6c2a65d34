"""The Taylor series of a network's output: the derivatives that an equation needs, and the columns of nested ones."""

import numpy as np
import pytest
import torch

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.equations.problems import load_problems, problem_named
from fieldwright.physics.pinn.corrected_network import CorrectedNetwork
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.optimisers.levenberg_marquardt import levenberg_marquardt
from fieldwright.physics.pinn.residual_rows import ResidualRows

ARCHITECTURES = {
    "plain": Architecture((5, 4)),
    "swish": Architecture((5, 4), activation="swish"),
    "sine": Architecture((5, 4), activation="sine", frequency=3.0),
    "slopes of layers": Architecture((5, 4), slopes="layer"),
    "slopes of neurons": Architecture((5, 4), activation="sine", slopes="neuron", frequency=2.0),
    "residual": Architecture((4, 4), layers="residual"),
    "gated": Architecture((4, 4), layers="gated"),
    "pirate": Architecture((4, 4), layers="pirate"),
    "periodic": Architecture((4, 4), own_features=False, periods={"x": 2.0}, harmonics=2),
    "fourier": Architecture((4, 4), own_features=False, fourier=Fourier(scales=(1.0, 3.0), count=3)),
    "trained scales": Architecture((4, 4), fourier=Fourier(scales=(1.0, 3.0), count=3, trained=True)),
    "space and time": Architecture(
        (4, 4), own_features=False, fourier=Fourier(scales=(1.0, 2.0), time_scales=(1.0,), count=3)
    ),
}


def line(residual, **keys):
    """An equation on (0, 1) x (0, 1) of x and t."""
    return Problem(
        name="own",
        coordinates=("x", "t"),
        outputs=("u",),
        geometry=dde.geometry.Interval(0.0, 1.0),
        time=dde.geometry.TimeDomain(0.0, 1.0),
        residual=residual,
        **keys,
    )


def rows_of(network, n=30, scale=1.0):
    return ResidualRows(network, network.inputs(n, np.random.default_rng(0)), scale)


def nested(rows):
    """The same rows by nested differentiation."""
    rows.differentiate_as_it_stands()
    return rows


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lorenz", {(0,), (1,)}),
        ("korteweg_de_vries", {(0, 0), (0, 1), (1, 0), (2, 0), (3, 0)}),
        ("beam_on_elastic_foundation", {(0,), (1,), (2,), (3,), (4,)}),
        ("wave_multiscale", {(0, 0), (1, 0), (0, 1), (2, 0), (0, 2)}),
        ("cylinder_wake", {(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (0, 2, 0)}),
    ],
)
def test_the_derivatives_that_the_equation_holds_are_recognised(name, expected):
    network = SolutionNetwork(problem_named(name), Architecture((4,)), seed=0)
    rows_of(network)(network.flat())
    assert set(network.derivatives["equation"].all) == expected


@pytest.mark.parametrize("name", sorted(load_problems()))
def test_every_equation_has_the_rows_and_the_jacobian_of_nested_differentiation(name):
    problem = problem_named(name)
    network = SolutionNetwork(problem, Architecture((5, 4)), seed=1)
    theta, scale = network.flat(), problem.scale(problem.points(30, np.random.default_rng(0)))
    found, expected = rows_of(network, scale=scale), nested(rows_of(network, scale=scale))
    assert all(indices is not None for indices in network.derivatives.values())
    size = float(expected.jacobian(theta).abs().max())
    torch.testing.assert_close(
        found(theta), expected(theta), rtol=1e-9, atol=1e-11 * float(expected(theta).norm())
    )
    torch.testing.assert_close(found.jacobian(theta), expected.jacobian(theta), rtol=1e-9, atol=1e-11 * size)


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize("varied", [(), ("nu",)])
def test_every_network_has_the_rows_and_the_jacobian_of_nested_differentiation(kind, varied):
    network = SolutionNetwork(problem_named("burgers"), ARCHITECTURES[kind], seed=3, varied=varied)
    theta = network.flat() + 0.1 * torch.linspace(-1.0, 1.0, len(network.flat()), dtype=torch.float64)
    found, expected = rows_of(network, 40), nested(rows_of(network, 40))
    torch.testing.assert_close(found(theta), expected(theta), rtol=1e-9, atol=1e-10)
    assert network.derivatives["equation"] is not None
    torch.testing.assert_close(found.jacobian(theta), expected.jacobian(theta), rtol=1e-9, atol=1e-9)
    factors = torch.linspace(0.5, 2.0, 40, dtype=torch.float64)
    weighted = found.jacobian(theta, factors, torch.full((40, len(theta)), torch.nan, dtype=torch.float64))
    torch.testing.assert_close(weighted, factors[:, None] * expected.jacobian(theta), rtol=1e-9, atol=1e-9)


def test_a_correction_has_the_jacobian_of_nested_differentiation():
    network = CorrectedNetwork(
        SolutionNetwork(problem_named("burgers"), Architecture((4,)), seed=0), np.empty(0)
    )
    found, expected = rows_of(network, 10), nested(rows_of(network, 10))
    theta = network.flat()
    torch.testing.assert_close(found.jacobian(theta), expected.jacobian(theta), rtol=1e-9, atol=1e-8)


def test_the_derivatives_of_a_network_that_is_constant_as_it_stands_are_recognised():
    network = SolutionNetwork(problem_named("burgers"), Architecture((4,)), seed=0)
    with torch.no_grad():
        network.weights[-2].zero_()  # of the output
    found, expected = rows_of(network), nested(rows_of(network))
    torch.testing.assert_close(found.jacobian(network.flat()), expected.jacobian(network.flat()))
    assert (2, 0) in network.derivatives["equation"].all


def test_a_term_that_holds_only_for_large_values_is_noticed_at_the_next_points():
    def residual(x, u, c):
        return [derivative(u, x, 1) - torch.where(u.detach().abs() > 100.0, derivative(u, x, 0, 0), 0.0 * u)]

    network = SolutionNetwork(line(residual), Architecture((4,)), seed=0)
    rows_of(network)(network.flat())
    assert (2, 0) not in network.derivatives["equation"].all
    with torch.no_grad():
        network.weights[-2].mul_(1e4)  # of the output
    found, expected = rows_of(network), nested(rows_of(network))
    assert float(network(found.points).detach().abs().max()) > 100.0
    torch.testing.assert_close(found(network.flat()), expected(network.flat()))
    assert (2, 0) in network.derivatives["equation"].all


def test_a_term_that_holds_in_a_thin_layer_alone_is_noticed():
    def residual(x, u, c):
        return [derivative(u, x, 1) - torch.where(x[:, :1] > 0.995, derivative(u, x, 0, 0), 0.0 * u)]

    network = SolutionNetwork(line(residual), Architecture((4,)), seed=0)
    found, expected = rows_of(network, 2000), nested(rows_of(network, 2000))
    torch.testing.assert_close(found(network.flat()), expected(network.flat()))
    assert (2, 0) in network.derivatives["equation"].all


def test_points_at_which_the_equation_is_not_finite_say_nothing():
    def residual(x, u, c):
        return [torch.sqrt(x[:, :1] - 0.5) * derivative(u, x, 0, 0) + derivative(u, x, 1)]

    network = SolutionNetwork(line(residual), Architecture((4,)), seed=0)
    found, expected = (rows(network.flat()) for rows in (rows_of(network), nested(rows_of(network))))
    assert 0 < int(torch.isfinite(expected).sum()) < len(expected)
    assert set(network.derivatives["equation"].all) == {(0, 0), (1, 0), (2, 0), (0, 1)}
    torch.testing.assert_close(found, expected, equal_nan=True)


def test_what_no_series_gives_is_differentiated_as_it_stands():
    # Order 9 is beyond the series.
    def residual(x, u, c):
        result = u
        for _ in range(9):
            result = derivative(result, x, 0)
        return [result + derivative(u, x, 1)]

    network = SolutionNetwork(line(residual), Architecture((4,)), seed=0)
    found = rows_of(network, 5)
    r = found(network.flat())
    assert network.derivatives["equation"] is None
    torch.testing.assert_close(r, nested(rows_of(network, 5))(network.flat()))


def test_levenberg_marquardt_takes_the_same_way_by_both():
    problem = problem_named("burgers")
    network = SolutionNetwork(problem, Architecture((8, 8)), seed=0)
    ways = []
    for rows in (rows_of(network, 200), nested(rows_of(network, 200))):
        ways.append(levenberg_marquardt(rows, rows.jacobian, network.flat(), steps=10).losses)
    # Rounding of 1e-16 grows with every step: each is the solution of a system of condition 1e6 or so.
    np.testing.assert_allclose(ways[0], ways[1], rtol=1e-6)
