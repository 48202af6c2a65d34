"""Evaluation, calibration and the final model block by block of the points are those of whole arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from fieldwright.data.store.field_values import ArrayValues, SelectedRuns, point_blocks
from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.coordinates import coordinates, whole_emulator
from fieldwright.surrogates.fields.coordinates.training_views import training_views_of
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.physics_hints import FieldHint, PhysicsHints
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime
from fieldwright.surrogates.trajectory.windows import Windows, WindowValues
from fieldwright.surrogates.validation import metrics, out_of_fold
from fieldwright.surrogates.validation.calibration import Calibration, Factors
from fieldwright.surrogates.validation.cross_validation import CrossValidation, cross_validate

POINTS = 83
SVD = reduction_config({"kind": "svd"})


@dataclass(frozen=True, eq=False)
class Case:
    """Runs of one field, and the settings by which it is learned."""

    values: np.ndarray
    settings: Mapping[str, object] = field(default_factory=dict)
    weights: np.ndarray | None = None
    history: int = 0
    logarithmic: bool = False
    rank: int = 3


def _x(n: int) -> np.ndarray:
    return np.random.default_rng(3).uniform([0.5, 1.0], [2.0, 3.0], (n, 2))


def _waves(n: int, scale: float = 1.0) -> np.ndarray:
    """(n, POINTS) smooth in x, with noise that no model can learn."""
    x, s = _x(n), np.linspace(0.0, 1.0, POINTS)
    noise = 0.01 * np.random.default_rng(4).normal(size=(n, POINTS))
    return scale * (x[:, 1:] * np.sin(3.0 * x[:, :1] * s) + np.exp(-x[:, :1] * s) + noise) + 4.0


def _transient(n: int, times: int = 5) -> np.ndarray:
    t = np.linspace(0.0, 1.0, times)[None, :, None]
    one = _waves(n)[:, None] * np.exp(-t)
    return np.stack([one, one[..., ::-1] * np.sin(1.0 + t)], axis=-1)


def _decades(n: int) -> np.ndarray:
    """(n, POINTS) over decades, with a logarithm of two modes."""
    x, s = _x(n), np.linspace(0.0, 1.0, POINTS)
    noise = 0.01 * np.random.default_rng(4).normal(size=(n, POINTS))
    return np.exp(5.0 * x[:, :1] * s - 2.0 * x[:, 1:] * s**2 + noise)


AREAS = np.linspace(0.0, 2.0, POINTS)
CASES = {
    "steady": Case(_waves(24)[..., None]),
    "single precision": Case(_waves(24)[..., None].astype(np.float32)),
    "weighted vector": Case(np.stack([_waves(24), _waves(24)[:, ::-1]], axis=-1), weights=AREAS),
    "trajectory": Case(_transient(24), weights=AREAS),
    "time by time": Case(_transient(14), {"transient": "parameter"}, rank=4),
    "history": Case(_transient(14, 6), {"kind": "dmd"}, history=2, rank=2),
    "logarithm": Case(_decades(24)[..., None], logarithmic=True, rank=2),
    "scaled": Case(
        (_x(24)[:, 1:] ** 2 * _waves(24, 0.3))[..., None] + 300.0,
        {
            "hints": PhysicsHints(
                ("a", "b"), fields={"u": FieldHint(reference=300.0, scale_by={"b": 2.0}, maximum=360.0)}
            )
        },
    ),
}


def _validated(case: Case, values: object, folds: int = 4) -> CrossValidation:
    weights = None if case.weights is None else {"u": case.weights}
    return cross_validate(
        kind_config({"kind": "linear", **case.settings}),
        {"u": SVD.model_copy(update={"rank": case.rank})},
        _x(len(case.values)),
        {"u": values},  # type: ignore[dict-item]
        folds=folds,
        seed=1,
        history=case.history,
        weights=weights,
    )


@pytest.mark.parametrize("name", CASES)
def test_a_cross_validation_is_that_of_whole_fields(name: str) -> None:
    """Against models that learn from the values themselves, and errors and bands of whole arrays."""
    case = CASES[name]
    values, x = case.values, _x(len(case.values))
    validation = _validated(case, values)
    config = kind_config({"kind": "linear", **case.settings})
    weights = None if case.weights is None else {"u": case.weights}
    mean, std = np.empty(values.shape), np.empty(values.shape)
    loose = 1e-4 if values.dtype == np.float32 else 1e-7
    for index in range(4):
        training, rows = np.flatnonzero(validation.fold != index), validation.fold == index
        emulator = Emulator.fit(
            config,
            {"u": SVD.model_copy(update={"rank": case.rank})},
            x[training],
            {"u": values[training]},
            1,
            case.history,
            weights,
        )
        history = {"u": values[rows][:, : case.history]} if case.history else None
        (z, sigma) = emulator.latent(x[rows], history=history)["u"]
        decoder = emulator.fields["u"].at(x[rows])
        mean[rows] = decoder.mean(z).reshape(mean[rows].shape)
        std[rows] = decoder.std(z, sigma).reshape(mean[rows].shape)
        model = emulator.fields["u"]
        instant = model.instant if isinstance(model, TimeByTime) else model
        assert instant.logarithmic == case.logarithmic
        for key, quantity in validation.quantities.items():
            share = functional.selection_of(key, case.weights)
            predicted = decoder.mean(z)
            np.testing.assert_allclose(
                quantity.mean[rows], functional.value(key, predicted, share), rtol=loose
            )
            np.testing.assert_allclose(
                quantity.std[rows],
                functional.std(key, decoder, predicted, z, sigma, share),
                rtol=100.0 * loose,
            )
    np.testing.assert_allclose(validation.mean["u"], mean, rtol=loose)
    np.testing.assert_allclose(validation.std["u"], std, rtol=100.0 * loose)
    later = (slice(None), slice(case.history, None))
    errors = metrics.relative_l2(values[later], mean[later], case.weights)
    np.testing.assert_allclose(validation.errors["u"]["relative_l2"], errors, rtol=100.0 * loose)
    assert validation.r2["u"] == pytest.approx(metrics.r2(values, mean, case.weights), rel=1e-6)
    true, middle, spread = (one if one.ndim == 4 else one[:, None] for one in (values, mean, std))
    expected = Factors.fit(true, middle, spread, 0.8, validation.place)
    factors = Calibration.fit({"u": values}, validation, 0.8).fields["u"]
    np.testing.assert_allclose(factors.pointwise, expected.pointwise, rtol=1e4 * loose)
    np.testing.assert_allclose(factors.simultaneous, expected.simultaneous, rtol=1e4 * loose)
    np.testing.assert_array_equal(factors.low, true.min(axis=0))
    np.testing.assert_array_equal(factors.high, true.max(axis=0))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("block", [1, 700])
def test_the_size_of_the_blocks_changes_rounding_alone(
    name: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    whole = _validated(case, case.values)
    trained = _trained(case, whole)
    for module in (coordinates, out_of_fold, whole_emulator):
        monkeypatch.setattr(module, "BLOCK", block)
    assert len(list(point_blocks(ArrayValues(case.values), block))) > 1
    there = _validated(case, SelectedRuns(ArrayValues(case.values), np.arange(len(case.values))))
    tolerance = 1e-3 if case.values.dtype == np.float32 else 1e-6
    for metric, errors in whole.errors["u"].items():
        np.testing.assert_allclose(there.errors["u"][metric], errors, rtol=tolerance)
    for key, quantity in whole.quantities.items():
        np.testing.assert_allclose(there.quantities[key].mean, quantity.mean, rtol=tolerance)
        np.testing.assert_allclose(there.quantities[key].std, quantity.std, rtol=tolerance)
    again = _trained(case, there)
    x = _x(40)[35:]
    if case.history:
        return
    one, two = (model.predict(x, simultaneous=True).fields["u"] for model in (trained, again))
    np.testing.assert_allclose(one.mean, two.mean, rtol=tolerance)
    np.testing.assert_allclose(one.upper - one.lower, two.upper - two.lower, rtol=100.0 * tolerance)


def _trained(case: Case, validation: CrossValidation) -> Surrogate:
    shape = case.values.shape
    times = tuple(range(shape[1])) if len(shape) == 4 else None
    components = ("x", "y") if shape[-1] == 2 else ("",)
    return Surrogate.train(
        kind_config({"kind": "linear", **case.settings}),
        {"u": SVD.model_copy(update={"rank": case.rank})},
        _x(shape[0]),
        {"u": validation.fields["u"].values},
        parameters=[ParameterInfo(name="a"), ParameterInfo(name="b")],
        fields=[FieldInfo(name="u", n_points=POINTS, times=times, components=components)],
        points={"u": np.stack([np.linspace(0.0, 1.0, POINTS)] * 3, axis=1)},
        weights=None if case.weights is None else {"u": case.weights},
        cross_validation=validation,
        coverage=0.8,
        history=case.history,
        seed=1,
        name="blocks",
    )


def test_windows_cut_as_they_are_read_are_those_cut_before() -> None:
    runs = _transient(6, 9)
    windows = Windows.of(6, 9, 4)
    cut, lazy = windows.cut(runs), WindowValues(ArrayValues(runs), windows)
    assert lazy.shape == cut.shape
    np.testing.assert_array_equal(lazy.points(5, 30), cut[:, :, 5:30])
    np.testing.assert_array_equal(lazy[[3, 1]], cut[[3, 1]])


def test_coordinates_keep_norms_products_and_the_field_of_ones() -> None:
    values = 1e3 + 1e-2 * np.random.default_rng(0).normal(size=(12, POINTS, 1))
    views = training_views_of(
        _x(12), {"u": ArrayValues(values)}, {"u": AREAS}, {"u": SVD}, ("trajectory",), None
    )
    field = views["u"].trajectories
    assert field.in_coordinates
    weights = np.where(AREAS > 0.0, AREAS, AREAS[1])
    weights = weights / weights.mean()
    flat, place = values[..., 0], field.values[..., 0]
    off = flat - flat.mean(axis=0)
    small = place - place.mean(axis=0)
    np.testing.assert_allclose(
        small @ small.T, (off * weights) @ off.T, atol=1e-9 * np.square(off).sum(axis=1).max()
    )
    np.testing.assert_allclose(place @ place.T, (flat * weights) @ flat.T, rtol=1e-12)
    assert field.ones is not None
    np.testing.assert_allclose(place @ field.ones[:, 0], flat @ weights, rtol=1e-12)
