"""The ensemble of networks that stop early: first weights, what acts in training alone, when it stops, its spread."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fieldwright.data.errors import StudyError
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.networks.early_stopped import networks_of
from fieldwright.surrogates.networks.held_out import held_out
from fieldwright.surrogates.networks.network_ensemble import FIRST_SHARE, NetworkEnsemble
from fieldwright.surrogates.regressors import kind_config, regressor_for
from fieldwright.surrogates.regressors.mlp import CHECK

ACTIVATIONS = ["tanh", "relu", "selu", "gelu", "silu"]


def fit(x, z, seed=0, **settings):
    """The early stopped ensemble of these settings."""
    by_adam = settings.get("dropout") or settings.get("batch_norm")
    settings = {"kind": "mlp", "optimiser": "adamw" if by_adam else "lbfgs", **settings}
    return regressor_for(kind_config(settings)).fit(x, z, seed=seed).ensemble_


def wave(n: int = 50, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(seed).uniform(-1.7, 1.7, (n, 1))
    return x, np.sin(2.0 * x)


@pytest.mark.parametrize(
    ("activation", "variance"),
    [
        ("tanh", 2.0 / (300 + 200)),
        ("selu", 1.0 / 300),
        ("relu", 2.0 / 300),
        ("gelu", 2.0 / 300),
        ("silu", 2.0 / 300),
    ],
)
def test_first_weights_have_the_variance_that_suits_the_activation(activation, variance):
    """Glorot 2/(n + m), that is the limit sqrt(6/(n + m)); LeCun 1/n; He 2/n."""
    networks = NetworkEnsemble(4, (300, 200), activation)
    first = networks.first(7, 2, torch.Generator().manual_seed(0))
    weight = first["weight.1"].detach()
    assert weight.shape == (4, 300, 200)
    assert weight.var().item() == pytest.approx(variance, rel=0.01)
    assert weight.abs().max().item() <= np.sqrt(3.0 * variance)
    assert weight.mean().item() == pytest.approx(0.0, abs=1e-3)
    last = first["weight.2"].detach()
    assert last.abs().max().item() <= FIRST_SHARE * np.sqrt(6.0 / 202)
    assert not any(first[name].detach().any() for name in ("bias.0", "bias.1", "bias.2", "straight"))


@pytest.mark.parametrize("activation", ["relu", "selu"])
def test_signals_keep_their_size_through_many_layers(activation):
    """He's and LeCun's rules are made for this: neither dies nor explodes in ten layers."""
    deep = NetworkEnsemble(1, (256,) * 10, activation)
    tensors = {
        name: tensor.detach()
        for name, tensor in deep.first(64, 256, torch.Generator().manual_seed(1)).items()
    }
    tensors["weight.10"] = torch.eye(256, dtype=torch.float64)[None]
    x = torch.randn(200, 64, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    size = deep(tensors, x).square().mean().sqrt().item()
    assert 0.4 < size < 2.5


def test_every_member_is_a_network_of_its_own_and_equals_one_computed_alone():
    networks = NetworkEnsemble(3, (8,), "gelu")
    tensors = {
        name: tensor.detach()
        for name, tensor in networks.first(2, 1, torch.Generator().manual_seed(0)).items()
    }
    tensors["straight"] = torch.arange(6, dtype=torch.float64).reshape(3, 2, 1)
    x = torch.linspace(-1.0, 1.0, 10, dtype=torch.float64).reshape(5, 2)
    together = networks(tensors, x)
    for m in range(3):
        hidden = torch.nn.functional.gelu(x @ tensors["weight.0"][m] + tensors["bias.0"][m])
        alone = hidden @ tensors["weight.1"][m] + tensors["bias.1"][m] + x @ tensors["straight"][m]
        torch.testing.assert_close(together[m], alone)


def test_dropout_acts_in_training_alone_and_keeps_the_mean():
    """Scaled by 1/(1 - p): the mean over many draws of the masks is the answer without them, for one linear layer."""
    networks = NetworkEnsemble(2, (40,), "relu", dropout=0.4)
    generator = torch.Generator().manual_seed(3)
    tensors = {name: tensor.detach() for name, tensor in networks.first(2, 1, generator).items()}
    x = torch.rand(6, 2, generator=generator, dtype=torch.float64)
    share = torch.full((2, 6, 1), 1.0 / 6.0, dtype=torch.float64)
    once, again = (networks.trained(tensors, x, share, generator) for _ in range(2))
    assert not torch.equal(once, again)
    assert torch.equal(networks(tensors, x), networks(tensors, x))
    mean = torch.stack([networks.trained(tensors, x, share, generator) for _ in range(4000)]).mean(dim=0)
    torch.testing.assert_close(mean, networks(tensors, x), rtol=0.05, atol=2e-3)


def test_batch_norm_standardises_over_the_runs_learned_from_and_answers_one_by_one():
    networks = NetworkEnsemble(2, (5,), "relu", batch_norm=True)
    generator = torch.Generator().manual_seed(4)
    tensors = {name: tensor.detach() for name, tensor in networks.first(3, 1, generator).items()}
    x = torch.rand(20, 3, generator=generator, dtype=torch.float64)
    held = torch.from_numpy(held_out(np.arange(20), 2, 0.3, np.random.default_rng(4)))
    share = (~held / (~held).sum(dim=1, keepdim=True))[..., None].to(torch.float64)
    found = networks.statistics(tensors, x, share)
    hidden = x @ tensors["weight.0"][1] + tensors["bias.0"][1]
    torch.testing.assert_close(found["mean.0"][1, 0], hidden[~held[1]].mean(dim=0))
    torch.testing.assert_close(found["variance.0"][1, 0], hidden[~held[1]].var(dim=0, unbiased=False))
    whole = networks(tensors | found, x)
    torch.testing.assert_close(whole, networks.trained(tensors, x, share, generator))
    torch.testing.assert_close(networks(tensors | found, x[3:4]), whole[:, 3:4])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        pytest.param({"optimiser": "adamw"}, marks=pytest.mark.slow),
        pytest.param({"dropout": 0.1, "batch_norm": True}, marks=pytest.mark.slow),
    ],
)
def test_the_best_weights_seen_are_those_kept(settings):
    """The held-out error of what is kept is its least so far, and is that of the weights themselves."""
    x, z = wave()
    z = z + 0.3 * np.random.default_rng(1).normal(size=z.shape)
    held = torch.from_numpy(held_out(places(x, decades=False), 5, 0.125, np.random.default_rng(0)))
    ensemble = fit(x, z, weight_decay=0.0, iterations=10 * CHECK, patience=10_000, **settings)
    answers = networks_of(ensemble.config)(ensemble.tensors_, torch.tensor(x))
    squares = ((answers - torch.tensor(z)) ** 2)[..., 0]
    by_hand = torch.stack([squares[m][held[m]].mean() for m in range(5)])
    torch.testing.assert_close(ensemble.residual_variance_[0], by_hand.mean())
    if not settings:
        # Without penalty these networks overfit the noise: what they ended with is worse than what is kept.
        early = fit(x, z, weight_decay=0.0, iterations=CHECK, **settings)
        assert ensemble.residual_variance_[0] <= early.residual_variance_[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_learns_a_wave(activation):
    x, z = wave(60)
    new, truth = wave(100, 1)
    mean, _ = fit(x, z, activation=activation).predict(new)
    assert np.linalg.norm(mean - truth) < 0.1 * np.linalg.norm(truth)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimiser": "adamw"},
        pytest.param({"dropout": 0.05}, marks=pytest.mark.slow),
        pytest.param({"batch_norm": True}, marks=pytest.mark.slow),
    ],
)
def test_adam_learns_it_too(settings):
    x, z = wave(60)
    new, truth = wave(100, 1)
    mean, _ = fit(x, z, hidden=(32, 32), **settings).predict(new)
    assert np.linalg.norm(mean - truth) < 0.2 * np.linalg.norm(truth)


@pytest.mark.parametrize("activation", ["tanh", "selu", "silu"])
def test_the_spread_grows_away_from_the_data(activation):
    x, z = wave(60)
    _, std = fit(x, z, activation=activation).predict(np.array([[0.0], [3.0], [6.0]]))
    assert std[0, 0] < std[1, 0] < std[2, 0]
    assert std[2, 0] > 10.0 * std[0, 0]


def test_a_line_search_is_refused_an_objective_that_changes():
    with pytest.raises(StudyError, match="need 'adamw'"):
        kind_config({"kind": "mlp", "optimiser": "lbfgs", "dropout": 0.2})


def test_batch_norm_survives_the_state():
    x, z = wave(30)
    ensemble = fit(x, z, batch_norm=True, iterations=CHECK)
    state = {name: array.copy() for name, array in ensemble.state().items()}
    again = type(ensemble).restore(ensemble.config, state)
    np.testing.assert_array_equal(again.predict(x), ensemble.predict(x))
