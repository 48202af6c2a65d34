"""Bounds of a field that no prediction passes."""

from __future__ import annotations

import numpy as np

from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.physics_hints import FieldHint, PhysicsHints
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

PLACE = np.linspace(0.0, 1.0, 60)
SVD = {"c": reduction_config({"kind": "svd", "rank": 6})}


def concentration(x: np.ndarray) -> np.ndarray:
    """A front between 0 and 1 that moves with the parameter: modes of it swing round both."""
    return (0.5 * (1.0 + np.tanh(30.0 * (x - PLACE))))[:, :, None]


def trained(bounded: bool, folder=None) -> Surrogate:
    x = np.linspace(0.1, 0.9, 25)[:, None]
    field = FieldHint(minimum=0.0, maximum=1.0) if bounded else FieldHint()
    config = kind_config({"kind": "gp"}).model_copy(
        update={"hints": PhysicsHints(parameters=("front",), fields={"c": field})}
    )
    targets = {"c": concentration(x)}
    return Surrogate.train(
        config,
        SVD,
        x,
        targets,
        parameters=[ParameterInfo(name="front")],
        fields=[FieldInfo(name="c", n_points=60)],
        points={"c": np.stack([PLACE, 0 * PLACE, 0 * PLACE], axis=1)},
        cross_validation=cross_validate(config, SVD, x, targets, folds=5, seed=0),
        seed=0,
        name="front",
    )


def test_neither_mean_nor_band_passes_a_bound_and_the_error_only_falls(tmp_path) -> None:
    x = np.linspace(0.15, 0.85, 41)[:, None]
    free, bounded = trained(bounded=False), trained(bounded=True)
    quantity = Quantity("max", "c")
    before = free.predict(x, quantities=[quantity])
    assert before.fields["c"].mean.max() > 1.01, (
        "the case must be one in which bounds are passed without them"
    )
    assert before.fields["c"].lower.min() < -0.01
    answer = bounded.predict(x, quantities=[quantity])
    for band in (answer.fields["c"], answer.quantities["max(c)"]):
        for part in (band.mean, band.lower, band.upper):
            assert part.min() >= 0.0
            assert part.max() <= 1.0
    true = concentration(x)
    errors = [np.linalg.norm(one.fields["c"].mean - true) for one in (before, answer)]
    assert errors[1] < errors[0]
    bounded.save(tmp_path / "artifact")
    again = Surrogate.load(tmp_path / "artifact").predict(x)
    np.testing.assert_array_equal(again.fields["c"].upper, answer.fields["c"].upper)
