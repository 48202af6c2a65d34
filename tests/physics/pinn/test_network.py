"""Switches of the network: each has the property it is made for, alone and with the others, for any weights."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.networks.fourier import FourierFeatures
from fieldwright.physics.pinn.residual_rows import ResidualRows

# A bare field N(x, t) without conditions, so that every property seen is the network's own.
HEAT = replace(problem_named("heat_high_frequency"), features=None, lift=lambda x, network, c: network)
SWITCHES = {
    "plain": {},
    "residual": {"layers": "residual"},
    "gated": {"layers": "gated"},
    "pirate": {"layers": "pirate"},
    "swish": {"activation": "swish"},
    "sine": {"activation": "sine", "frequency": 3.0},
    "layer slopes": {"slopes": "layer"},
    "neuron slopes": {"slopes": "neuron"},
    "periodic": {"periods": {"x": 1.0}, "harmonics": 2},
    "Fourier": {"fourier": Fourier((2.0,), count=3)},
    "multi-scale": {"fourier": Fourier((1.0, 5.0), count=3)},
    "trained scales": {"fourier": Fourier((1.0, 5.0), count=3, trained=True)},
    "space-time": {"fourier": Fourier((1.0, 5.0), (1.0, 2.0, 3.0), count=2, trained=True)},
    "all together": {
        "layers": "pirate",
        "activation": "sine",
        "frequency": 2.0,
        "slopes": "neuron",
        "periods": {"x": 1.0},
        "fourier": Fourier((1.0, 2.0), (1.0,), count=3, trained=True),
    },
}


def network(seed=0, hidden=(4, 4), problem=HEAT, **switches):
    """A network whose every weight is moved from its start, so that zeros there hide nothing."""
    made = SolutionNetwork(problem, Architecture(hidden, **switches), seed)
    shift = torch.randn(len(made.flat()), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    made.assign(made.flat() + 0.1 * shift)
    return made


def heat_points(n, seed=0):
    return torch.from_numpy(HEAT.points(n, np.random.default_rng(seed)))


@pytest.mark.parametrize("name", SWITCHES)
def test_weights_of_each_sample_give_each_sample_its_own_network(name):
    one, other = (network(seed, **SWITCHES[name]) for seed in (0, 0))
    other.assign(1.1 * other.flat())
    x = heat_points(2)
    both = one.unflat(torch.stack([one.flat(), other.flat()]))
    together = one.evaluate(x, both)
    np.testing.assert_allclose(together[0].detach(), one(x)[0].detach(), rtol=1e-12)
    np.testing.assert_allclose(together[1].detach(), other(x)[1].detach(), rtol=1e-12)


@pytest.mark.parametrize("name", SWITCHES)
def test_the_jacobian_of_the_equation_holds_for_every_switch(name):
    made = network(**SWITCHES[name])
    rows = ResidualRows(made, heat_points(3).numpy(), scale=1.0)
    theta = made.flat()
    j = rows.jacobian(theta)
    direction = torch.randn(len(theta), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    step = 1e-5
    slope = (rows(theta + step * direction) - rows(theta - step * direction)) / (2 * step)
    np.testing.assert_allclose(j @ direction, slope, atol=1e-6 * float(j.abs().max()) * len(theta) ** 0.5)
    assert (j.abs().max(dim=0).values > 0).sum() >= len(theta) - 1  # every weight but the last bias matters


@pytest.mark.parametrize("layers", ["plain", "residual", "gated", "pirate"])
@pytest.mark.parametrize("slopes", ["layer", "neuron"])
def test_trained_slopes_start_as_the_fixed_ones(layers, slopes):
    fixed, trained = (
        SolutionNetwork(HEAT, Architecture((5, 5), layers=layers, slopes=kind), 3)
        for kind in ("fixed", slopes)
    )
    activations = {"plain": 2, "residual": 2, "gated": 4, "pirate": 2 + 3 * 2}[layers]
    added = activations * (1 if slopes == "layer" else 5)
    assert len(trained.flat()) - len(fixed.flat()) == added
    np.testing.assert_allclose(trained(heat_points(9)).detach(), fixed(heat_points(9)).detach(), rtol=1e-13)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), period=st.floats(0.3, 3.0), x=st.floats(-1, 1), t=st.floats(0, 1))
def test_a_periodic_coordinate_repeats_in_value_and_derivatives(seed, period, x, t):
    made = network(seed, periods={"x": period}, harmonics=3)
    points = torch.tensor(
        [[x, t], [x + period, t], [x - 2 * period, t]], dtype=torch.float64, requires_grad=True
    )
    u = made(points)
    for values in (u, derivative(u, points, 0), derivative(u, points, 0, 0), derivative(u, points, 1)):
        column = values.detach().numpy()
        np.testing.assert_allclose(column, np.full((3, 1), column[0]), atol=1e-10 * (1 + abs(column).max()))


def test_a_periodic_coordinate_is_not_constant():
    made = network(periods={"x": 1.0})
    u = made(torch.tensor([[0.0, 0.5], [0.3, 0.5]], dtype=torch.float64)).detach()
    assert abs(u[0] - u[1]) > 1e-3


@pytest.mark.parametrize(("scale", "d"), [(0.5, 1), (7.0, 3)])
def test_fourier_frequencies_are_gaussian_of_their_scale_and_the_kernel_is_its_transform(scale, d):
    waves = FourierFeatures(d, (scale,), 20000, False, torch.Generator().manual_seed(0))
    assert float(waves.frequencies.std()) == pytest.approx(scale, rel=0.02)
    assert float(waves.frequencies.mean()) == pytest.approx(0, abs=0.02 * scale)
    z = torch.zeros(2, d, dtype=torch.float64)
    z[1, 0] = 1.3 / scale
    a, b = waves(z, iter(()))[:, 0]
    # Bochner: the mean of cos(B (z - z')) is exp(-scale^2 |z - z'|^2 / 2).
    assert float(a @ b) / 20000 == pytest.approx(np.exp(-(1.3**2) / 2), abs=0.02)


def test_a_trained_scale_multiplies_the_frequencies():
    waves = FourierFeatures(1, (1.0, 2.0), 6, True, torch.Generator().manual_seed(0))
    z = torch.tensor([[0.4]], dtype=torch.float64)
    doubled = waves(z, iter([torch.full((2, 1), np.log(2.0), dtype=torch.float64)]))
    np.testing.assert_allclose(doubled, waves(2 * z, iter(waves.initial())), rtol=1e-12)


def test_waves_are_shown_from_the_slowest_to_the_fastest():
    waves = FourierFeatures(2, (3.0,), 8, False, torch.Generator().manual_seed(0))
    z = torch.full((1, 2), 0.3, dtype=torch.float64)
    whole = waves(z, iter(()))[0, 0]
    speeds = waves.frequencies[0].norm(dim=1)
    assert torch.all(speeds[1:] >= speeds[:-1])
    shown = []
    for part in np.linspace(0, 1, 9):
        waves.revealed.fill_(part)
        values = waves(z, iter(()))[0, 0]
        shown.append(int((values != 0).sum()) // 2)
        assert torch.equal(values[: shown[-1]], whole[: shown[-1]])
    assert shown == list(range(9))


def test_a_new_pirate_network_is_linear_in_its_features():
    made = SolutionNetwork(HEAT, Architecture((6, 6, 6), layers="pirate"), 0)
    x = torch.tensor([[0.1, 0.2], [0.5, 0.9], [0.3, 0.55]], dtype=torch.float64)  # the third is midway
    u = made(x).detach()
    np.testing.assert_allclose(u[2], (u[0] + u[1]) / 2, rtol=1e-12)


def test_gates_mix_between_two_encodings():
    made = SolutionNetwork(HEAT, Architecture((4,), layers="gated"), 0)
    with torch.no_grad():
        made.weights[3].fill_(0.0)
        made.weights[3].copy_(made.weights[1])
        made.weights[2].copy_(made.weights[0])  # V = U: whatever the gate is, the layer's value is U
    before = made(heat_points(5)).detach()
    made.weights[4].data.mul_(-7.0)
    np.testing.assert_allclose(made(heat_points(5)).detach(), before, rtol=1e-12)


def test_sine_layers_keep_their_spread_from_layer_to_layer():
    problem = replace(problem_named("poisson_multiscale"), features=None, lift=lambda x, n, c: n)
    x = torch.linspace(0, 1, 500, dtype=torch.float64)[:, None]
    variance = 0.5  # of the first layer: the sine of an even phase
    for depth in (2, 3, 4, 5, 6):
        # A layer's phase is a sum of many terms, so Gaussian, of variance 2 v; its sine has (1 - exp(-4 v)) / 2.
        variance = (1 - np.exp(-4 * variance)) / 2
        architecture = Architecture((200,) * depth, activation="sine")
        made = SolutionNetwork(problem, architecture, 0)
        own = iter(made.weights)
        values = architecture.build_layers()(made.embedding(x, own), own).detach()
        assert float(values.std()) == pytest.approx(variance**0.5, rel=0.03)


def test_space_and_time_waves_are_multiplied_pair_by_pair():
    made = network(fourier=Fourier((1.0, 2.0), (1.0, 3.0, 9.0), count=2), hidden=(5,))
    hidden = torch.randn(4, 5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    joined = made.embedding.join(hidden)
    assert joined.shape == (4, 1, 6 * 5)
    for i, (space, time) in enumerate(product((0, 1), (2, 3, 4))):
        torch.testing.assert_close(joined[:, 0, 5 * i : 5 * i + 5], hidden[:, space] * hidden[:, time])


def test_the_equations_own_features_go_on_meeting_its_conditions_under_fourier_features():
    heat = problem_named("heat_high_frequency")
    made = network(problem=heat, fourier=Fourier((3.0,), count=5))
    ends = torch.tensor([[0.0, 0.4], [1.0, 0.7]], dtype=torch.float64, requires_grad=True)
    slope = derivative(made(ends), ends, 0)
    np.testing.assert_allclose(slope.detach(), 0, atol=1e-12)


def test_the_state_restores_frequencies_that_another_seed_drew():
    switches = {"fourier": Fourier((2.0,), count=4)}
    one, other = network(0, **switches), network(1, **switches)
    assert not torch.equal(one(heat_points(5)), other(heat_points(5)))
    other.restore(one.state())
    assert torch.equal(one(heat_points(5)), other(heat_points(5)))


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"layers": "gated", "hidden": (4, 5)}, "must all have one width"),
        ({"periods": {"y": 1.0}}, "Periods must be of the coordinates x, t"),
    ],
)
def test_impossible_switches_are_refused_in_words(switches, words):
    with pytest.raises(FieldwrightError, match=words):
        network(**switches)


def test_periods_under_own_features_are_refused_in_words():
    with pytest.raises(FieldwrightError, match="Set own_features to false"):
        network(problem=problem_named("heat_high_frequency"), periods={"x": 2.0})


def test_time_scales_without_a_time_are_refused_in_words():
    with pytest.raises(FieldwrightError, match="Leave out time_scales"):
        network(problem=problem_named("second_order_bvp"), fourier=Fourier((1.0,), (1.0,)))
