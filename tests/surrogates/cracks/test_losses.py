"""Losses by name: their values where they are known by hand, and their sums."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import StudyError
from fieldwright.surrogates.cracks.segmentation.losses import LOSSES, loss_named

HALF = torch.zeros(1, 1, 20, 20)
TRUTH = torch.zeros(1, 1, 20, 20)
TRUTH[..., :5] = 1.0


def test_values_of_a_network_that_knows_nothing() -> None:
    # p = 1/2 everywhere, a quarter of 400 pixels is crack: sum(p t) = 50, sum(p) = 200, sum(t) = 100.
    assert LOSSES["bce"](HALF, TRUTH).item() == pytest.approx(math.log(2.0), rel=1e-6)
    assert LOSSES["focal"](HALF, TRUTH).item() == pytest.approx(0.25 * math.log(2.0), rel=1e-6)
    assert LOSSES["dice"](HALF, TRUTH).item() == pytest.approx(1.0 - 2.0 * 50.0 / 300.0, abs=5e-3)
    assert LOSSES["iou"](HALF, TRUTH).item() == pytest.approx(1.0 - 50.0 / 250.0, abs=5e-3)


@pytest.mark.parametrize("name", [*LOSSES, "bce+dice", "focal + iou"])
def test_falls_to_nothing_for_the_truth_and_stays_finite(name: str) -> None:
    loss = loss_named(name)
    right = (2.0 * TRUTH - 1.0) * 30.0
    assert loss(right, TRUTH).item() == pytest.approx(0.0, abs=1e-6)
    assert loss(-right, TRUTH).item() > 0.9
    empty = torch.zeros_like(TRUTH)
    assert torch.isfinite(loss(HALF - 200.0, empty))


@given(st.lists(st.sampled_from(sorted(LOSSES)), min_size=1, max_size=4, unique=True), st.integers(0, 99))
def test_sum_by_name_is_the_sum(names: list[str], seed: int) -> None:
    logits = torch.randn(2, 1, 6, 6, generator=torch.Generator().manual_seed(seed))
    truth = (logits > 0.3).float()
    single = sum(LOSSES[name](logits, truth).item() for name in names)
    assert loss_named("+".join(names))(logits, truth).item() == pytest.approx(single, rel=1e-5)


def test_dice_follows_from_iou() -> None:
    logits = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    overlap = 1.0 - LOSSES["iou"](logits, (logits > 1).float()).item()
    dice = 1.0 - LOSSES["dice"](logits, (logits > 1).float()).item()
    assert dice == pytest.approx(2.0 * overlap / (1.0 + overlap), rel=1e-5)


@pytest.mark.parametrize("name", ["", "tversky", "bce+", "bce+bce"])
def test_refuses_other_names(name: str) -> None:
    with pytest.raises(StudyError, match="must be one of bce, focal, dice, iou"):
        loss_named(name)
