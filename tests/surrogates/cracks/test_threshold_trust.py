"""The warning that a threshold cannot be trusted on a photo."""

from __future__ import annotations

import numpy as np

from fieldwright.surrogates.cracks.segmentation.threshold_trust import threshold_warning


def answer(crack: float, beside: float) -> np.ndarray:
    """A crack of 4 x 60 pixels of one probability, goes on over another 4 x 140 of a lower one."""
    probability = np.full((60, 220), 0.01, dtype=np.float32)
    probability[20:24, :60], probability[20:24, 60:200] = crack, beside
    return probability


def test_warns_where_most_of_a_crack_lies_between_a_third_of_the_threshold_and_itself() -> None:
    assert threshold_warning(answer(0.9, 0.8), 0.4) is None
    assert threshold_warning(answer(0.9, 0.1), 0.4) is None
    sentence = threshold_warning(answer(0.9, 0.2), 0.4)
    assert sentence is not None
    assert "the threshold 0.4 cannot be trusted here" in sentence
    assert "at 0.13 3.3 times as many pixels are crack" in sentence
    assert "at 0.13 cracks appear" in (threshold_warning(answer(0.2, 0.2), 0.4) or "")


def test_specks_and_sound_photos_raise_no_warning() -> None:
    sound = np.full((60, 220), 0.01, dtype=np.float32)
    assert threshold_warning(sound, 0.4) is None
    sound[10:15, 10:15] = 0.2
    assert threshold_warning(sound, 0.4) is None
