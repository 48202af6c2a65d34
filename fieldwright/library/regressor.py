"""`fit` as a scikit-learn estimator: `Regressor`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score

from fieldwright.data.errors import ModelError
from fieldwright.library.fitting import fit
from fieldwright.library.training_data import real_array


class Regressor(RegressorMixin, BaseEstimator):
    """A model of `fit` for scikit-learn: `cross_val_score`, `clone`, `GridSearchCV`, `Pipeline`.

    Parameters
    ----------
    model, reduction, folds, coverage, seed
        As in `fit`.

    Attributes
    ----------
    model_
        What `fit` returned: `model_.predict` gives bands, `model_.errors` those of its own cross-validation.
    n_features_in_
        Number of parameters.

    Examples
    --------
    >>> cross_val_score(fw.Regressor("gp"), X, Y)
    """

    def __init__(
        self,
        model: str | Mapping[str, Any] = "gp",
        *,
        reduction: str | Mapping[str, Any] = "svd",
        folds: int = 8,
        coverage: float = 0.9,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.reduction = reduction
        self.folds = folds
        self.coverage = coverage
        self.seed = seed

    def fit(self, X: Any, y: Any) -> Self:
        """Trains the model, see `fieldwright.fit`.

        Parameters
        ----------
        X
            (n, p) parameters.
        y
            (n,), (n, points) or (n, times, points, components) of one field.

        Returns
        -------
        Regressor
            Itself, fitted.

        Raises
        ------
        FieldwrightError
            Shapes do not fit, values are not finite, or there are too few runs.
        """
        self.model_ = fit(
            X,
            y,
            self.model,
            reduction=self.reduction,
            folds=self.folds,
            coverage=self.coverage,
            seed=self.seed,
        )
        self.n_features_in_ = len(self.model_.parameters)
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The mean with the axes of y.

        Parameters
        ----------
        X
            (q, p) parameters.
        return_std
            Whether the standard deviation is returned beside it.

        Returns
        -------
        numpy.ndarray, or two of them
            Mean, and std where it was asked for.

        Raises
        ------
        FieldwrightError
            X has another shape or is not finite.
        """
        if not hasattr(self, "model_"):
            raise NotFittedError("A Regressor must be fitted before it predicts: call fit(X, y)")
        answer = self.model_.predict(X)
        return (answer.mean, answer.std) if return_std else answer.mean

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Gives R2 over all values of the fields, each point about its own mean, weighted by its variance.

        Parameters
        ----------
        X
            (q, p) parameters.
        y
            The true fields with the axes of those that were fitted.
        sample_weight
            (q,) weights of the runs; equal if None.

        Returns
        -------
        float
            1 where every prediction is exact.

        Raises
        ------
        ModelError
            y has another shape.
        """
        mean = np.asarray(self.predict(X))
        true = real_array(y, "y")
        if true.shape != mean.shape:
            raise ModelError(
                f"y must have the shape {mean.shape}", f"{true.shape}", "Give a row for each of X"
            )
        flat = (part.reshape(len(mean), -1) for part in (true, mean))
        return float(r2_score(*flat, sample_weight=sample_weight, multioutput="variance_weighted"))
