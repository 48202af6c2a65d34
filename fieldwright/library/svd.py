"""The reduction by itself: `SVD`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from fieldwright.data.errors import ModelError, QueryError, StudyError
from fieldwright.library.training_data import real_array
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.reductions.svd import SVDConfig
from fieldwright.surrogates.reductions.svd import SVDReduction as Reduction


class SVD(TransformerMixin, BaseEstimator):
    """Proper orthogonal decomposition of fields: the fewest modes that meet `energy` and `error`, at most `rank`.

    The basis minimises sum_i |x_i - mean - z_i U|^2; the least value is the sum of the squared singular values that
    are left out.

    Parameters
    ----------
    rank
        Most modes.
    energy
        Share of the sum of squared singular values to hold; 0.999 where none of the three is given.
    error
        Relative projection error of the training fields to reach.
    centre
        Whether the mean is taken off first.
    seed
        Of the random projection of very large matrices.

    Attributes
    ----------
    mean_, modes_
        The mean field, and the modes (r, ...), with the axes of one field.
    singular_values_
        (r,) of the modes.
    energy_
        (r,) share of the energy that the first 1, 2, ..., r modes hold.

    References
    ----------
    Sirovich, L. (1987). Turbulence and the dynamics of coherent structures. Quarterly of Applied Mathematics 45.

    Examples
    --------
    >>> svd = fw.SVD(energy=0.9999).fit(Y)
    >>> Y_again = svd.decode(svd.encode(Y))
    """

    def __init__(
        self,
        rank: int | None = None,
        *,
        energy: float | None = None,
        error: float | None = None,
        centre: bool = True,
        seed: int = 0,
    ) -> None:
        self.rank = rank
        self.energy = energy
        self.error = error
        self.centre = centre
        self.seed = seed

    def fit(self, Y: Any, y: Any = None, weights: Any = None) -> Self:
        """Learns mean and modes.

        Parameters
        ----------
        Y
            (n, ...) fields, a row for each run.
        y
            Not used; pipelines give it.
        weights
            Positive weights of the values of a field in the inner product, such as cell volumes; 1 if None.

        Returns
        -------
        SVD
            Itself, fitted.

        Raises
        ------
        ModelError
            The fields are not finite, or a setting is out of its range.
        """
        values = real_array(Y, "Y")
        if values.ndim < 2 or len(values) < 2 or not values[0].size:
            raise ModelError(
                "Y must have the shape (n, ...) with at least two runs", f"{values.shape}", "Give more"
            )
        if not np.isfinite(values).all():
            raise ModelError("Y must be finite", "NaN or infinity", "Leave those runs out")
        settings = {"rank": self.rank, "energy": self.energy, "error": self.error, "centre": self.centre}
        try:
            config = reduction_config({"kind": "svd"} | settings)
        except StudyError as error:
            raise ModelError(error.must, error.got, "Correct the argument") from error
        assert isinstance(config, SVDConfig)
        shape = values.shape[1:]
        weighing = (
            None if weights is None else np.broadcast_to(real_array(weights, "weights"), shape).reshape(-1)
        )
        self.reduction_ = Reduction(config).fit(values.reshape(len(values), -1), weighing, seed=self.seed)
        self.shape_ = shape
        self.mean_ = self.reduction_.mean_.reshape(shape)
        self.modes_ = self.reduction_.basis_.reshape(-1, *shape)
        self.singular_values_ = self.reduction_.singular_values_
        self.energy_ = self.reduction_.energy_
        return self

    def encode(self, Y: Any) -> np.ndarray:
        """Gives the coordinates of fields in the modes.

        Parameters
        ----------
        Y
            (q, ...) fields with the axes of the training fields.

        Returns
        -------
        numpy.ndarray
            (q, r) coordinates.

        Raises
        ------
        QueryError
            The fields have other axes.
        """
        values = real_array(Y, "Y")
        if values.shape[1:] != self._fitted().shape_:
            raise QueryError(
                f"Y must have the shape (q, {', '.join(map(str, self.shape_))})",
                f"{values.shape}",
                "Correct it",
            )
        return self.reduction_.encode(values.reshape(len(values), -1))

    def decode(self, Z: Any) -> np.ndarray:
        """Gives the fields of coordinates.

        Parameters
        ----------
        Z
            (q, r) coordinates, as `encode` gives them.

        Returns
        -------
        numpy.ndarray
            (q, ...) fields with the axes of the training fields.

        Raises
        ------
        QueryError
            There are more or fewer coordinates than modes.
        """
        latent = real_array(Z, "Z")
        rank = len(self._fitted().modes_)
        if latent.ndim != 2 or latent.shape[1] != rank:
            raise QueryError(f"Z must have the shape (q, {rank})", f"{latent.shape}", "Give what encode gave")
        return self.reduction_.decode(latent).reshape(len(latent), *self.shape_)

    def transform(self, X: Any) -> np.ndarray:
        """Does what `encode` does, by scikit-learn's name.

        Parameters
        ----------
        X
            (q, ...) fields with the axes of the training fields.

        Returns
        -------
        numpy.ndarray
            (q, r) coordinates.
        """
        return self.encode(X)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Does what `decode` does, by scikit-learn's name.

        Parameters
        ----------
        X
            (q, r) coordinates.

        Returns
        -------
        numpy.ndarray
            (q, ...) fields with the axes of the training fields.
        """
        return self.decode(X)

    def _fitted(self) -> Self:
        if not hasattr(self, "reduction_"):
            raise ModelError("An SVD must be fitted before it is used", "none", "Call fit(Y)")
        return self
