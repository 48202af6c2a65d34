import numpy as np
import pytest
import torch
from torch.nn import functional as torch_functions

from fieldwright.surrogates.cracks.classification.cnn_network import CrackCnn, pooled
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.cnn_training import class_weights, train_classifier_network


@pytest.fixture
def network() -> CrackCnn:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CrackCnn((8, 16, 32), dropout=0.2)
        # Normalisation learns statistics other than 0 and 1.
        network.train()
        for _ in range(5):
            network(torch.rand(8, 3, 32, 32))
    return network.eval()


def photos(number: int) -> torch.Tensor:
    return torch.rand(number, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def test_the_default_network_is_far_below_three_million_weights():
    config = CrackCnnConfig()
    one = sum(weight.numel() for weight in CrackCnn(config.widths, config.dropout).parameters())
    assert one * config.members < 600_000


def test_folding_the_normalisation_away_changes_no_answer(network):
    folded, x = network.folded(), photos(4)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    with torch.inference_mode():
        torch.testing.assert_close(folded(x), network(x), rtol=1e-4, atol=1e-5)


def test_maps_halve_the_resolution_from_stage_to_stage(network):
    assert [tuple(one.shape[1:]) for one in network.maps(photos(1))] == [(8, 16, 16), (16, 8, 8), (32, 4, 4)]


def test_pooling_keeps_the_mean_and_the_maximum_wherever_it_stands():
    maps = torch.zeros(1, 2, 4, 4)
    maps[0, 1, 3, 2] = 8.0
    assert pooled(maps).tolist() == [[0.0, 0.5, 0.0, 8.0]]
    assert torch.equal(pooled(maps), pooled(maps.roll(1, dims=3)))


def test_dropout_acts_in_training_alone(network):
    x = photos(2)
    assert torch.equal(network(x), network(x))
    network.dropout.train()
    assert not torch.equal(network(x), network(x))


def test_balanced_weights_give_both_classes_half_of_the_loss():
    cracked = np.arange(50) < 5
    weight = class_weights(cracked, "balanced")
    assert weight.mean() == pytest.approx(1.0)
    assert weight[cracked].sum() == pytest.approx(weight[~cracked].sum())
    assert (class_weights(cracked, "none") == 1.0).all()


def learnt(make_surfaces, **settings) -> tuple[CrackCnn, list[float], float]:
    """The network, its losses, and the loss of the weights that it was left with."""
    learned, held = make_surfaces(32, 1), make_surfaces(32, 2)
    config = CrackCnnConfig(size=32, widths=(4, 8), batch=16, **settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = CrackCnn(config.widths, config.dropout)
    losses = train_classifier_network(
        network, config, learned.photos, learned.cracked, (held.photos, held.cracked), seed=3
    )
    x = torch.from_numpy(np.stack(held.photos)).permute(0, 3, 1, 2).float() / 255.0
    with torch.inference_mode():
        left = torch_functions.binary_cross_entropy_with_logits(
            network.eval()(x), torch.from_numpy(held.cracked.astype(np.float32))
        )
    return network, losses, float(left)


def test_it_stops_early_and_keeps_the_weights_of_the_lowest_validation_loss(make_surfaces):
    _, losses, left = learnt(make_surfaces, epochs=40, patience=3, learning_rate=0.3)
    assert len(losses) < 40
    assert len(losses) - 1 - int(np.argmin(losses)) == 3
    assert left == pytest.approx(min(losses), rel=1e-4)


def test_the_same_seed_gives_the_same_weights(make_surfaces):
    before = torch.random.get_rng_state()
    (a, _, _), (b, _, _) = (learnt(make_surfaces, epochs=2) for _ in range(2))
    for one, other in zip(a.state_dict().values(), b.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(before, torch.random.get_rng_state())
