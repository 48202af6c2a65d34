"""A classifier adapted by labelled photos of another kind: the gain is that on photos which it has not seen."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.cracks.classification.classifier_adaptation import (
    LEAST_OF_A_CLASS,
    adapt_classifier,
)


def test_the_gain_on_photos_left_out_is_that_on_new_ones(classifier, make_surfaces) -> None:
    mine, new = make_surfaces(120, 7, depth=30.0), make_surfaces(200, 8, depth=30.0)
    steps: list[tuple[int, int]] = []
    adaptation = adapt_classifier(
        classifier,
        mine.photos,
        mine.cracked,
        seed=0,
        progress=lambda done, total, metrics=None: steps.append((done, total)),
    )
    assert adaptation.classifier is not None
    scores = adaptation.scores
    assert set(scores) == {"before", "calibration", "last_layer"}
    assert adaptation.way == min(scores, key=lambda way: scores[way].log_loss)
    assert steps[-1] == (6, 6)

    before = classifier.predict(mine.photos, prevalence=0.5).probability
    assert scores["before"].log_loss == pytest.approx(log_loss(mine.cracked, before))
    wrong = (before >= classifier.description.threshold) != mine.cracked
    assert scores["before"].error_rate == pytest.approx(wrong.mean())
    # A share of 120 and a mean over 120 are uncertain by as much as their standard errors say.
    after = adaptation.classifier.predict(new.photos, prevalence=0.5).probability
    measured, losses = log_loss(new.cracked, after), scores[adaptation.way].of_photos
    error = losses.std(ddof=1) * np.sqrt(1.0 / len(losses) + 1.0 / len(new.photos))
    assert abs(measured - losses.mean()) < 3.0 * error
    assert measured < log_loss(new.cracked, classifier.predict(new.photos, prevalence=0.5).probability)
    assert adaptation.classifier.description.adapted == 120


def test_too_few_of_a_class_are_refused(classifier, make_surfaces) -> None:
    few = make_surfaces(2 * LEAST_OF_A_CLASS - 1, 9)
    with pytest.raises(ModelError, match="At least 10 photos with and 10 without"):
        adapt_classifier(classifier, few.photos, few.cracked, seed=0)
