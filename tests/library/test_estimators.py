"""`Regressor` and `SVD` where scikit-learn expects its own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fieldwright as fw

RNG = np.random.default_rng(0)
X = RNG.uniform(1.0, 2.0, (24, 2))
Y = X[:, :1] * np.linspace(1.0, 2.0, 5) + X[:, 1:]


def test_it_is_scored_in_a_pipeline() -> None:
    pipeline = make_pipeline(StandardScaler(), fw.Regressor("linear", folds=2))
    scores = cross_val_score(pipeline, X, Y, cv=3)
    assert scores.shape == (3,)
    assert (scores > 0.999).all()
    assert (cross_val_score(fw.Regressor("linear", folds=2), X, RNG.normal(size=24), cv=3) < 0.5).all()


def test_parameters_are_got_set_and_cloned() -> None:
    regressor = fw.Regressor("pce", folds=4, reduction={"kind": "svd", "rank": 2})
    again = clone(regressor.set_params(model="linear", seed=3))
    expected = {
        "model": "linear",
        "folds": 4,
        "coverage": 0.9,
        "seed": 3,
        "reduction": {"kind": "svd", "rank": 2},
    }
    assert again.get_params() == expected
    with pytest.raises(NotFittedError):
        again.predict(X)
    again.fit(X, Y)
    assert again.n_features_in_ == 2
    mean, std = again.predict(X[:4], return_std=True)
    assert mean.shape == std.shape == (4, 5)
    assert again.model_.errors["r2"] > 0.99


def test_a_grid_search_compares_models() -> None:
    curved = (X[:, :1] - 1.5) ** 2 * np.linspace(1.0, 2.0, 5)
    search = GridSearchCV(fw.Regressor(folds=2), {"model": ["linear", "rbf"]}, cv=2).fit(X, curved)
    assert search.best_params_ == {"model": "rbf"}


def test_fields_of_many_axes_are_scored() -> None:
    y = Y[:, None, :, None] * np.array([1.0, -1.0])
    assert fw.Regressor("linear", folds=2).fit(X, y).score(X, y) > 0.999


@pytest.mark.parametrize("shape", [(12,), (3, 4), (2, 3, 2)])
def test_the_svd_is_that_of_the_centred_fields(shape: tuple[int, ...]) -> None:
    y = RNG.normal(size=(8, *shape))
    svd = fw.SVD(rank=3).fit(y)
    flat = y.reshape(8, -1)
    u, s, v = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(svd.singular_values_, s[:3], rtol=1e-6)
    expected = (flat.mean(axis=0) + (u[:, :3] * s[:3]) @ v[:3]).reshape(y.shape)
    np.testing.assert_allclose(svd.decode(svd.encode(y)), expected, atol=1e-8)
    assert svd.modes_.shape == (3, *shape)
    np.testing.assert_allclose(svd.energy_, np.cumsum(s[:3] ** 2) / np.sum(s**2), rtol=1e-6)
    np.testing.assert_array_equal(clone(svd).fit_transform(y), svd.encode(y))
    with pytest.raises(fw.FieldwrightError, match="shape"):
        svd.encode(y[..., :-1])
    with pytest.raises(fw.FieldwrightError, match=r"\(q, 3\)"):
        svd.decode(np.zeros((2, 4)))


def test_weights_are_the_inner_product() -> None:
    y, weights = RNG.normal(size=(8, 3, 4)), RNG.uniform(0.5, 2.0, (3, 4))
    svd = fw.SVD(rank=4).fit(y, weights=weights)
    modes = svd.modes_.reshape(4, -1)
    np.testing.assert_allclose(modes * weights.ravel() @ modes.T, np.eye(4), atol=1e-8)
