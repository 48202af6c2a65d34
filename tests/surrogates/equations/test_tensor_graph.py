"""Solutions kept as lists of operations: the same numbers and slopes, without the equation's code."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from fieldwright.data.errors import ModelError
from fieldwright.physics.equations.lifts import distance_lift, start_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.surrogates.equations.tensor_graph import BATCH, TensorGraph


class OfFunction(torch.nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self._function = function

    def forward(self, x):
        return self._function(x)


def spread(n: int, d: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((n, d)))


@pytest.mark.parametrize(
    ("equation", "architecture", "varied"),
    [
        # Allen-Cahn's lift holds a heat semigroup, Helmholtz' a distance; the plate has features of its own.
        ("allen_cahn", Architecture((6,)), ()),
        ("helmholtz", Architecture((6, 6), layers="pirate", slopes="neuron"), ()),
        ("heated_plate", Architecture((6,), fourier=Fourier((1.0, 3.0), count=3)), ("a",)),
    ],
)
def test_a_recorded_network_gives_the_same_numbers_to_second_order(equation, architecture, varied):
    network = SolutionNetwork(problem_named(equation), architecture, 0, varied)
    inputs = torch.from_numpy(network.inputs(2 * BATCH, np.random.default_rng(1)))
    graph = TensorGraph.recorded(network, inputs)
    steps, arrays = graph.state()
    restored = TensorGraph.restore(json.loads(json.dumps(steps, allow_nan=False)), arrays)
    x = inputs[: BATCH + 7].clone().requires_grad_()
    found = []
    for function in (network, restored):
        u = function(x)
        (first,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(first[:, 0].sum(), x)
        found.append(torch.cat([u, first, second], dim=1).detach())
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "lift",
    [
        start_lift(lambda x: torch.cos(x[:, :1]), column=1, settle=0.3, rates=1),
        distance_lift(dde.geometry.Rectangle([0.0, -1.0], [1.0, 2.0]), lambda x: 0.0 * x[:, :1]),
        distance_lift(dde.geometry.Disk([0.5, 0.5], 1.5), lambda x: x[:, :1]),
    ],
    ids=["start", "box", "disk"],
)
def test_the_lifts_that_come_along_can_be_recorded(lift):
    function = OfFunction(lambda x: lift(x, torch.tanh(x.sum(dim=1, keepdim=True)), {}))
    graph = TensorGraph.recorded(function, spread(2 * BATCH, 2))
    steps, arrays = graph.state()
    restored = TensorGraph.restore(json.loads(json.dumps(steps, allow_nan=False)), arrays)
    x = spread(BATCH + 7, 2)
    torch.testing.assert_close(restored(x), function(x), rtol=1e-14, atol=1e-14)


def test_points_are_answered_one_by_one_whatever_their_number():
    graph = TensorGraph.recorded(OfFunction(lambda x: torch.sin(x[:, :1]) * x[:, 1:]), spread(2 * BATCH, 2))
    x = spread(BATCH + 3, 2)
    alone = torch.cat([graph(x[i : i + 1]) for i in (0, BATCH - 1, BATCH + 2)])
    assert torch.equal(graph(x)[[0, BATCH - 1, BATCH + 2]], alone)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: x if x.sum() > 0 else -x, "branches on values"),
        (lambda x: x - x.mean(), "differs from the solution at other points"),
        (lambda x: x + torch.rand_like(x), "elementary operations"),
        (lambda x: torch.from_numpy(np.sin(x.numpy())), "by torch's operations"),
    ],
)
def test_what_cannot_be_recorded_faithfully_is_refused(function, says):
    with pytest.raises(ModelError, match=says):
        TensorGraph.recorded(OfFunction(function), spread(2 * BATCH, 1))


@pytest.mark.parametrize(
    "operation", ["aten.from_file.default", "aten.rand.default", "os.system", "aten.nothing.x"]
)
def test_an_artifact_can_ask_for_harmless_operations_alone(operation):
    step = {"name": "a", "operation": operation, "args": ["x"], "kwargs": {}}
    with pytest.raises(ModelError, match="must be made of torch's elementary operations"):
        TensorGraph.restore({"steps": [step], "answer": "a"}, {})
