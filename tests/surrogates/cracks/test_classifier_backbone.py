"""A classifier on a backbone that the user brings: kept as it is or learned on, and saved with the model."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.cracks.backbones.residual_backbone import ResidualBackbone
from fieldwright.surrogates.cracks.classification.classification_metrics import metrics_of
from fieldwright.surrogates.cracks.classification.cnn_network import BackboneCnn
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier

SHAPES = {
    "conv1.weight": (8, 3, 3, 3),
    "layer1.0.conv1.weight": (8, 8, 3, 3),
    "layer1.0.conv2.weight": (8, 8, 3, 3),
    "layer2.0.conv1.weight": (16, 8, 3, 3),
    "layer2.0.conv2.weight": (16, 16, 3, 3),
    "layer2.0.downsample.0.weight": (16, 8, 1, 1),
}


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        backbone = ResidualBackbone({name: torch.Size(shape) for name, shape in SHAPES.items()}, frozen=False)
    path = tmp_path / "backbone.safetensors"
    save_file(backbone.state_dict(), path)
    return path


@pytest.mark.parametrize("frozen", [True, False])
def test_it_learns_on_a_backbone_that_stays_as_it_is_only_if_frozen(
    train_small, make_surfaces, brought, frozen
):
    config = CrackCnnConfig(
        size=32, members=2, epochs=6, batch=16, learning_rate=0.01, backbone=brought, frozen=frozen
    )
    made = train_small(0, config)
    theirs = load_file(brought)
    for network in made.networks:
        assert isinstance(network, BackboneCnn)
        own = network.backbone.state_dict()
        assert all(torch.equal(own[name], theirs[name]) for name in theirs) is frozen
    fresh = make_surfaces(100, 1)
    assert metrics_of(fresh.cracked, made.predict(fresh.photos).probability).roc_auc > 0.9


def test_a_saved_one_needs_the_file_no_more(train_small, make_surfaces, brought, tmp_path):
    config = CrackCnnConfig(size=32, members=2, epochs=1, batch=16, backbone=brought)
    made = train_small(0, config)
    made.save(tmp_path / "model")
    brought.unlink()
    photos = make_surfaces(5, 1).photos
    again = CrackClassifier.load(tmp_path / "model")
    assert (again.predict(photos).probability == made.predict(photos).probability).all()


def test_a_backbone_that_is_not_there_is_named(train_small, tmp_path):
    config = CrackCnnConfig(size=32, members=2, epochs=1, backbone=tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match="must be a readable safetensors file"):
        train_small(0, config)
