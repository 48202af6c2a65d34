from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import expit, logit

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.surrogates.cracks.classification.classification_metrics import metrics_of
from fieldwright.surrogates.cracks.classification.cnn_answers import logits_of
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier, _distance, _why
from fieldwright.surrogates.cracks.classification.decision import Costs


@pytest.fixture(scope="module")
def fresh(make_surfaces):
    return make_surfaces(200, 1)


def test_it_tells_cracked_from_sound_on_photos_it_has_not_seen(classifier, fresh):
    found = metrics_of(fresh.cracked, classifier.predict(fresh.photos).probability)
    assert found.accuracy > 0.93
    assert found.ece < 0.1


def test_it_says_what_it_was_made_of(classifier):
    description = classifier.description
    assert (
        description.n_photos,
        description.n_cracks,
        description.size,
        description.patch,
        description.prevalence,
    ) == (96, 48, 32, 32, 0.5)
    assert description.errors["photos"] == 48
    assert [len(losses) <= 12 for losses in description.losses] == [True, True]
    assert description.notes == ()


def test_saved_and_loaded_it_answers_the_same_to_the_last_bit(classifier, fresh, tmp_path):
    classifier.save(tmp_path / "model")
    again = CrackClassifier.load(tmp_path / "model")
    assert again.description == classifier.description
    one, other = classifier.predict(fresh.photos[:20]), again.predict(fresh.photos[:20])
    for name in ("probability", "std", "lower", "upper", "inside", "crack", "outside", "where"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_a_damaged_artifact_is_refused(classifier, tmp_path: Path):
    classifier.save(tmp_path / "model")
    with (tmp_path / "model" / "arrays.safetensors").open("r+b") as file:
        file.seek(2000)
        file.write(b"\0\1\2\3")
    with pytest.raises(ModelError, match="does not match its checksum"):
        CrackClassifier.load(tmp_path / "model")


def test_the_prevalence_shifts_the_odds_of_every_photo_alike(classifier, fresh):
    usual, rare = classifier.predict(fresh.photos), classifier.predict(fresh.photos, prevalence=0.005)
    moved = logit(rare.probability) - logit(usual.probability)
    assert moved == pytest.approx(np.full(len(moved), np.log(0.005 / 0.995)))
    assert rare.crack.sum() < usual.crack.sum()
    named = classifier.predict(fresh.photos, prevalence=0.5)
    assert named.probability == pytest.approx(usual.probability)


def test_the_band_holds_the_probability_and_is_wider_where_it_is_unsure(classifier, fresh):
    found = classifier.predict(fresh.photos)
    assert (found.lower < found.probability).all()
    assert (found.probability < found.upper).all()
    unsure = np.abs(found.probability - 0.5) < 0.4
    assert found.std[unsure].mean() > found.std[~unsure].mean()


@pytest.mark.slow
def test_the_band_holds_what_classifiers_trained_on_other_photos_say(classifier, fresh, train_small):
    found = classifier.predict(fresh.photos)
    within = []
    for seed in (1, 2):
        other = train_small(seed).predict(fresh.photos).probability
        within.append(np.mean((other >= found.lower) & (other <= found.upper)))
    assert np.mean(within) > 0.8


def test_a_large_photo_is_searched_and_the_crack_found_where_it_is(classifier, make_surfaces):
    tiles = make_surfaces(42, 5)
    sound = [photo for photo, yes in zip(tiles.photos, tiles.cracked, strict=True) if not yes]
    large = np.concatenate([np.concatenate(sound[4 * k : 4 * k + 4], axis=1) for k in range(4)])
    large[64:96, 32:64] = tiles.photos[0]
    found = classifier.predict([large])
    row, column, rows, columns = found.where[0]
    assert found.crack[0]
    assert (rows, columns) == (32, 32)
    assert abs(row - 64) <= 16
    assert abs(column - 32) <= 16
    parts = classifier.predict([large[row : row + rows, column : column + columns]])
    assert parts.probability[0] == pytest.approx(found.probability[0], rel=1e-5)


def test_what_looks_otherwise_is_outside(classifier, fresh):
    rng = np.random.default_rng(0)
    strange = [
        rng.integers(0, 256, (32, 32, 3), dtype=np.uint8),
        np.full((32, 32, 3), 30, dtype=np.uint8),
        np.broadcast_to(np.array([200, 20, 20], np.uint8), (32, 32, 3)),
        np.tile(np.arange(0, 256, 8, dtype=np.uint8)[:, None, None], (1, 32, 3)),
    ]
    found = classifier.predict(strange)
    assert not found.inside.any()
    assert all(why is not None and "times as far from the training photos" in why for why in found.why)
    assert classifier.predict(fresh.photos).inside.mean() > 0.93


def test_a_photo_most_of_which_is_strange_is_outside_and_says_so(classifier, make_surfaces):
    """Patches of 32 px, half a side apart: a wall beside more and more of something else."""
    wall = make_surfaces(2, 5).photos[0]
    strange = np.tile(np.array([[0, 255], [255, 0]], np.uint8)[..., None], (16, 16, 3))
    photos = [np.concatenate([wall, *[strange] * k], axis=1) for k in range(1, 7)]
    found = classifier.predict(photos)
    assert not found.inside[-1]
    for inside, why, outside in zip(found.inside, found.why, found.outside, strict=True):
        assert inside == (why is None) == (outside <= 1.0)


@pytest.mark.parametrize(
    ("distances", "deciding", "says"),
    [
        ([0.5, 2.0, 3.0, 2.0, 2.0], 0, "4 of its 5 patches"),
        ([0.5, 2.0, 0.7, 0.9, 2.0], 0, None),
        ([0.5, 2.0, 0.7, 0.9, 0.8], 1, "2 times as far"),
        ([0.5, 2.0], 0, None),
    ],
)
def test_inside_and_why_are_one_verdict(distances, deciding, says):
    why = _why(np.array(distances), deciding)
    assert (why is None) == (_distance(np.array(distances), deciding) <= 1.0) == (says is None)
    assert says is None or says in (why or "")


def test_few_photos_of_other_surfaces_mend_it(classifier, make_surfaces):
    """Surfaces whose cracks are filled with something bright, beside dark joints that are none."""

    def others(number: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
        dark, bright = make_surfaces(number, seed), make_surfaces(number, seed + 1, depth=-60.0)
        return bright.photos[::2] + dark.photos[::2], np.arange(number) < number // 2

    few, labels = others(40, 7)
    fresh, truth = others(200, 9)

    def loss(one: CrackClassifier) -> float:
        return metrics_of(truth, one.predict(fresh).probability).log_loss

    calibrated = classifier.adapted(few, labels, seed=0, how="calibration")
    moved = classifier.adapted(few, labels, seed=0)
    assert loss(calibrated) < loss(classifier)
    assert loss(moved) < 0.5 * loss(calibrated)
    assert (moved.description.adapted, moved.description.adaptation) == (40, "last_layer")
    assert moved.predict(fresh).inside.mean() >= classifier.predict(fresh).inside.mean()
    assert classifier.description.adapted == 0


def test_costs_set_the_threshold_of_the_decision(train_small, small_cnn, fresh):
    config = small_cnn.model_copy(update={"costs": Costs(miss=19.0, alarm=1.0), "epochs": 2})
    found = train_small(0, config).predict(fresh.photos)
    assert np.array_equal(found.crack, found.probability >= 0.05)


def test_progress_counts_epochs_of_all_networks(train_small, small_cnn):
    reports: list[tuple] = []
    config = small_cnn.model_copy(update={"epochs": 2})
    model = train_small(0, config, progress=lambda *report: reports.append(report))
    assert [report[:2] for report in reports] == [(1, 4), (2, 4), (3, 4), (4, 4), (4, 4)]
    losses = [loss for member in model.description.losses for loss in member]
    assert [report[2]["validation_loss"] for report in reports[:4]] == losses


def test_calibrated_log_odds_are_those_of_the_mean_network(classifier, fresh):
    members = np.stack([logits_of(network, fresh.photos[:8]) for network in classifier.networks])
    expected = expit(classifier.temperature.calibrated(members.mean(axis=0)))
    assert classifier.predict(fresh.photos[:8]).probability == pytest.approx(expected, rel=1e-4)


def test_no_photo_is_no_answer(classifier):
    found = classifier.predict([])
    assert found.probability.shape == (0,)
    assert found.where.shape == (0, 4)


def test_mistakes_are_named(small_cnn, make_surfaces):
    some = make_surfaces(20, 0)

    def train(photos, cracked, config=small_cnn):
        held = (some.photos, some.cracked)
        return CrackClassifier.train(config, photos, cracked, validation=held, seed=0, name="x")

    with pytest.raises(ModelError, match=r"20 photos and labels of shape \(19,\)"):
        train(some.photos, some.cracked[1:])
    with pytest.raises(ModelError, match="At least 8 photos with and 8 without a crack"):
        train(some.photos[:10], some.cracked[:10])
    with pytest.raises(QueryError, match="of uint8"):
        train([photo / 255.0 for photo in some.photos], some.cracked)
    with pytest.raises(ValidationError, match="'size' must be at least 64 for 5 widths"):
        CrackCnnConfig(size=32, widths=(4, 4, 4, 4, 4))


def test_photos_that_are_shrunk_much_bring_a_warning(small_cnn, make_surfaces):
    some = make_surfaces(20, 0)
    large = [np.kron(photo, np.ones((5, 5, 1), np.uint8)) for photo in some.photos]
    config = small_cnn.model_copy(update={"epochs": 1})
    made = CrackClassifier.train(
        config, large, some.cracked, validation=(large, some.cracked), seed=0, name="x"
    )
    assert made.description.notes[0].startswith("Photos are shrunk 5.0 times")
