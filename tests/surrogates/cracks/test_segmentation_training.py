"""Training of the segmenter's network: repeatable, ends early, keeps the best weights, heeds its limits."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from fieldwright.surrogates.cracks.segmentation.segmentation_networks import (
    Standardised,
    segmentation_network,
)
from fieldwright.surrogates.cracks.segmentation.segmentation_training import (
    Course,
    f1_on,
    one_round,
    train_segmentation_network,
)
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

CONFIG = CrackUNetConfig(widths=(4, 6), crop=32, batch=4, steps=12, checks=3, half=False)


def photos_and_masks(number: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    masks = [np.zeros((40, 48), dtype=bool) for _ in range(number)]
    for mask in masks:
        mask[:, rng.integers(40) :][:, :4] = True
    return [
        np.where(mask[..., None], 40, 180).astype(np.uint8).repeat(3, axis=2)
        + rng.integers(0, 20, (*mask.shape, 3), dtype=np.uint8)
        for mask in masks
    ], masks


def trained(config: CrackUNetConfig, seed: int = 3) -> tuple[Standardised, Course, list[float]]:
    photos, masks = photos_and_masks(6)
    network, shares = segmentation_network(config, seed), []

    def progress(done: int, total: int, metrics: Mapping[str, float]) -> None:
        assert metrics["loss"] > 0.0
        shares.append(done / total)

    validation = (photos[4:], masks[4:])
    course = train_segmentation_network(
        network, config, photos[:4], masks[:4], validation, seed=seed, progress=progress
    )
    return network, course, shares


def test_same_seed_same_weights_and_another_others() -> None:
    (first, course, shares), (second, _, _), (other, _, _) = (
        trained(CONFIG),
        trained(CONFIG),
        trained(CONFIG, 4),
    )
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])
    assert not torch.equal(
        first.state_dict()["network.head.weight"], other.state_dict()["network.head.weight"]
    )
    assert course.steps == 12
    assert len(course.checks) == 3
    assert shares[-1] == 1.0
    assert shares == sorted(shares)


def test_keeps_the_weights_of_the_best_check() -> None:
    photos, masks = photos_and_masks(6)
    network, course, _ = trained(CONFIG.model_copy(update={"learning_rate": 0.03, "averaging": 0.0}))
    assert f1_on(network, photos[4:], masks[4:], CONFIG) == pytest.approx(max(course.checks))


def test_ends_when_no_check_is_better() -> None:
    # The rate is too small to change a score.
    config = CONFIG.model_copy(
        update={"learning_rate": 1e-12, "steps": 40, "checks": 20, "patience": 2, "averaging": 0.0}
    )
    _, course, _ = trained(config)
    assert len(course.checks) < 20
    assert course.steps < 40


def test_processor_time_ends_it_too() -> None:
    _, course, shares = trained(CONFIG.model_copy(update={"steps": 10**6, "cpu_minutes": 0.01}))
    assert course.cpu_seconds < 10.0
    assert shares[-1] == 1.0
    assert 0.0 < course.crops_share < 1.0


@pytest.mark.parametrize(
    "loss",
    ["bce", "dice", *(pytest.param(loss, marks=pytest.mark.slow) for loss in ("focal", "iou", "bce+dice"))],
)
def test_every_loss_learns_an_easy_crack(loss: str) -> None:
    config = CONFIG.model_copy(
        update={"loss": loss, "steps": 60, "learning_rate": 0.02, "deep_supervision": 0.2}
    )
    _, course, _ = trained(config.model_copy(update={"widths": (4, 6, 8)}))
    assert max(course.checks) > 0.8


def test_a_photo_has_its_turn_as_often_as_its_weight_says() -> None:
    rng, weights = np.random.default_rng(1), np.array([1.0, 0.25, 0.6, 1.0])
    turns = np.bincount(np.concatenate([one_round(4, weights, rng) for _ in range(4000)]), minlength=4)
    spread = np.sqrt(4000 * weights * (1.0 - weights))
    assert (np.abs(turns - 4000 * weights) <= 4.0 * spread).all()
    assert sorted(one_round(5, None, rng)) == [0, 1, 2, 3, 4]


def test_a_photo_of_next_to_no_weight_teaches_nothing() -> None:
    photos, masks = photos_and_masks(6)
    states = []
    for swapped in (False, True):
        network = segmentation_network(CONFIG, 0)
        learned_from = [photos[0], photos[1], 255 - photos[2] if swapped else photos[2]]
        weights = np.array([1.0, 1.0, 1e-12])
        train_segmentation_network(
            network, CONFIG, learned_from, masks[:3], (photos[4:], masks[4:]), seed=0, weights=weights
        )
        states.append(network.state_dict())
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name])
