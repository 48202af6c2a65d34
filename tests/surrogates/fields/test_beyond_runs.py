"""Beyond the runs bands widen with the way, and what no logarithm or reciprocal can take is refused."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.understanding.gradients import gradients

HOTTEST = [Quantity("max", "temperature")]
LABEL = "max(temperature)"


@pytest.fixture(scope="module")
def reciprocal(plate):
    """A process that takes the reciprocal of the conductivity and the logarithm of the flux."""
    return plate.train("gp", 30, folds=3, restarts=0, inputs=("reciprocal", "log"))


def widths(surrogate, x: np.ndarray) -> np.ndarray:
    band = surrogate.predict(x, (), HOTTEST).quantities[LABEL]
    return band.upper - band.lower


@pytest.mark.parametrize("value", [0.0, -1.0])
@pytest.mark.parametrize(("column", "name", "scale"), [(0, "k", "reciprocal"), (1, "q", "logarithm")])
def test_what_must_be_positive_is_refused(reciprocal, column, name, scale, value):
    x = np.array([[1.0, 200.0], [1.0, 200.0]])
    x[1, column] = value
    said = f"Parameter '{name}' must be greater than 0, since the model takes its {scale}. Got {value:g}. Correct"
    for asked in (
        lambda: reciprocal.predict(x, (), HOTTEST),
        lambda: reciprocal.tabulate({"k": x[:, 0], "q": x[:, 1]}),
        lambda: gradients(reciprocal, x, (), HOTTEST),
    ):
        with pytest.raises(QueryError, match=said):
            asked()


def test_a_model_of_parameters_as_given_answers_at_zero_too(plate):
    given = plate.train("bayes", 30, folds=3, inputs="raw", outputs="raw")
    assert not given.predict(np.array([[0.0, -1.0]])).inside[0]


@pytest.mark.parametrize("column", [0, 1])
def test_bands_widen_all_the_way_to_zero_and_up(reciprocal, column):
    low, high = reciprocal.domain.minimum[column], reciprocal.domain.maximum[column]
    for values in (low * np.array([0.8, 0.4, 0.2, 0.01, 1e-30]), high * np.array([1.3, 2.0, 5.0, 1e3])):
        x = np.tile([[1.0, 200.0]], (len(values), 1))
        x[:, column] = values
        assert (np.diff(widths(reciprocal, x)) > 0.0).all()
        assert widths(reciprocal, x)[0] > widths(reciprocal, np.array([[1.0, 200.0]]))[0]
    nearly_zero = np.array([[1e-30, 200.0]])
    spread = reciprocal.calibration.fields["temperature"]
    assert widths(reciprocal, nearly_zero)[0] > 1e20 * np.max(spread.high - spread.low)
    fields = reciprocal.predict(nearly_zero, simultaneous=True).fields
    assert all((band.upper - band.lower > 1e20).any() for band in fields.values())


def test_bands_do_not_jump_at_the_border(reciprocal):
    border = reciprocal.domain.border[1][0]
    at, beside = (np.array([[border * factor, 200.0]]) for factor in (1.0 - 1e-9, 1.0 + 1e-9))
    assert widths(reciprocal, beside)[0] == pytest.approx(widths(reciprocal, at)[0], rel=1e-5)


@pytest.mark.parametrize("kind", ["gp", "rbf"])
def test_bands_hold_the_truth_beyond_the_runs(plate, kind):
    """Up to half a range beyond them, at either end of either parameter."""
    trained = plate.train(kind, 30, folds=3, **({"restarts": 0} if kind == "gp" else {}))
    rng = np.random.default_rng(0)
    x = plate.parameters(200, 7)
    column, way = rng.integers(0, 2, 200), rng.uniform(0.1, 0.5, 200)
    low, high = trained.domain.minimum, trained.domain.maximum
    up = rng.random(200) > 0.5
    for i, j in enumerate(column):
        width = high[j] - low[j]
        x[i, j] = high[j] + way[i] * width if up[i] else max(low[j] - way[i] * width, 0.02 * low[j])
    answer = trained.predict(x, (), [one for info in plate.infos for one in default_quantities(info)])
    assert not answer.inside.any()
    true = plate.fields(x)["temperature"][..., 0]
    area = plate.weights["temperature"] / plate.weights["temperature"].sum()
    for label, truth in (
        ("max(temperature)", true.max(axis=1)),
        ("min(temperature)", true.min(axis=1)),
        ("mean(temperature)", true @ area),
    ):
        band = answer.quantities[label]
        assert np.mean((band.lower <= truth) & (truth <= band.upper)) >= 0.9
