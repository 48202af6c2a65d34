"""Learning the potential flow past circles from their signed distance, and what is said of shapes that are none."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.surrogates.fields.description import ParameterInfo
from fieldwright.surrogates.shapes.settings import UNetConfig
from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate

SHORT = UNetConfig(members=2, widths=(4, 8), steps=20)


def errors(mean: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.linalg.norm(mean - true, axis=(1, 2)) / np.linalg.norm(true, axis=(1, 2))


def test_learns_the_flow_past_circles_never_seen(trained, circles):
    distance, velocity = circles.runs(20, seed=1)
    band = trained.surrogate.predict(circles.images(distance)).fields["u"]
    assert band.mean.shape == band.std.shape == velocity.shape
    error = errors(band.mean, velocity)
    # Always answering the mean of the training flows errs by a quarter.
    assert error.mean() < 0.06
    summary = trained.surrogate.description.errors["u"]
    assert summary["relative_l2.mean"] == pytest.approx(error.mean(), rel=0.5)
    assert summary["away.mean"] < summary["relative_l2.mean"] < summary["near_wall.mean"]
    assert summary["divergence.mean"] < 0.5


def test_bands_cover_what_they_promise_of_new_circles(trained, circles):
    distance, velocity = circles.runs(60, seed=2)
    prediction = trained.surrogate.predict(circles.images(distance))
    band, fluid = prediction.fields["u"], distance >= 0.0
    covered = ((band.lower <= velocity) & (velocity <= band.upper))[fluid].mean()
    # 20 shapes calibrate, which promises 0.9 to 0.9 + 1/21.
    assert 0.87 < covered < 0.9 + 1.0 / 21.0 + 0.03
    together = trained.surrogate.predict(circles.images(distance), simultaneous=True).fields["u"]
    whole = ((together.lower <= velocity) & (velocity <= together.upper)).all(axis=(1, 2)).mean()
    # 19 of 21 whole fields are promised, and 60 are counted: three standard deviations below.
    assert whole > 0.78
    assert (together.upper - together.lower)[fluid].mean() > (band.upper - band.lower)[fluid].mean()


def test_within_the_body_there_is_no_flow(trained, circles):
    distance, _ = circles.runs(3, seed=3)
    band = trained.surrogate.predict(circles.images(distance)).fields["u"]
    for statistic in (band.mean, band.std, band.lower, band.upper):
        assert np.all(statistic[distance < 0.0] == 0.0)
    assert (band.std[distance >= 0.0] > 0.0).all()


def test_what_lies_within_bodies_is_not_learned(circles):
    distance, velocity = circles.runs(12, seed=4)
    first, _ = circles.train(distance, velocity, config=SHORT)
    second, _ = circles.train(distance, velocity + 5.0 * (distance < 0.0)[..., None], config=SHORT)
    images = circles.images(distance)
    assert np.array_equal(first.predict(images).fields["u"].mean, second.predict(images).fields["u"].mean)


def test_a_moved_body_has_the_moved_flow_where_the_flow_repeats(circles):
    """Exactly, for moves by whole cells: the frame moves with the body."""
    distance, velocity = circles.runs(12, seed=5)
    surrogate, held = circles.train(distance, velocity, config=SHORT, periodic=("y",))
    assert held.errors["u"]["translation.y"].max() < 1e-6
    assert "translation.x" not in held.errors["u"]
    images = circles.images(distance)
    mean, moved = (
        surrogate.images(one, np.zeros((12, 0)))[0] for one in (images, np.roll(images, 5, axis=1))
    )
    assert np.allclose(np.roll(mean, 5, axis=2), moved, atol=1e-6)


def test_mirrored_shapes_have_about_the_mirrored_flow_after_training_on_both(trained):
    mirror = trained.evaluation.errors["u"]["mirror.y"]
    assert 0.0 < mirror.mean() < 0.05


def test_comes_back_from_its_folder_bit_for_bit(trained, circles, tmp_path):
    trained.surrogate.save(tmp_path / "model")
    again = ShapeSurrogate.load(tmp_path / "model")
    images = circles.images(circles.runs(3, seed=6)[0])
    first, second = (one.predict(images) for one in (trained.surrogate, again))
    for statistic in ("mean", "std", "lower", "upper"):
        assert np.array_equal(getattr(first.fields["u"], statistic), getattr(second.fields["u"], statistic))
    assert np.array_equal(first.outside, second.outside)
    assert again.description == trained.surrogate.description
    assert np.array_equal(again.points("u"), circles.points)


def test_a_square_is_no_circle_and_told_so(trained, circles):
    places = circles.points[:, :2] - [3.0, 1.9]
    q = np.abs(places) - [1.4, 0.35]
    plate = np.linalg.norm(np.maximum(q, 0.0), axis=1) + np.minimum(q.max(axis=1), 0.0)
    prediction = trained.surrogate.predict(circles.images(plate))
    assert not prediction.inside[0]
    assert "beyond its range in the runs" in (prediction.why[0] or "")
    assert trained.surrogate.predict(circles.images(circles.runs(20, seed=8)[0])).inside.mean() > 0.8


def test_parameters_enter_beside_the_shape(circles):
    """The flow is proportional to the speed upstream."""
    distance, velocity = circles.runs(40, seed=9)
    speed = np.random.default_rng(0).uniform(0.5, 2.0, (40, 1))
    surrogate, _ = circles.train(
        distance,
        velocity * speed[..., None],
        x=speed,
        parameters=[ParameterInfo(name="speed", unit="m/s")],
    )
    new, one = circles.runs(10, seed=10)
    twice = surrogate.predict(circles.images(new), np.full((10, 1), 1.8))
    assert errors(twice.fields["u"].mean, 1.8 * one).mean() < 0.12
    assert twice.inside.mean() > 0.5
    assert not surrogate.predict(circles.images(new), np.full((10, 1), 3.0)).inside.any()
    with pytest.raises(QueryError, match="must come with its parameters \\(speed\\)"):
        surrogate.predict(circles.images(new))


def test_too_few_shapes_are_refused(circles):
    distance, velocity = circles.runs(7, seed=0)
    with pytest.raises(ModelError, match="At least 8 shapes"):
        circles.train(distance, velocity)


def test_an_unknown_field_is_refused(trained, circles):
    with pytest.raises(QueryError, match="must be one of u"):
        trained.surrogate.predict(circles.images(trained.distance[:1]), fields=["w"])
