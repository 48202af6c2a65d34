"""The POD of every fold of a cross-validation from one Gram matrix, without the snapshots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.pod.spectrum import Criterion, eigen, gram_error


@dataclass(frozen=True, eq=False)
class Fold:
    """A POD of the training snapshots alone, in coordinates.

    train: (k, r) latent coordinates of the training snapshots; test: (q, r) of those held out.
    singular_values: (r,). left_out: (q,) squared distance of each held-out snapshot from the fold's space.
    mixing: (r, k): mode i is sum_j mixing[i, j] (x_j - mean) over the training snapshots x_j.
    """

    train: np.ndarray
    test: np.ndarray
    singular_values: np.ndarray
    left_out: np.ndarray
    mixing: np.ndarray

    def squared_errors(self, predicted: np.ndarray) -> np.ndarray:
        """(q,) |x - decode(predicted)|^2 of the held-out snapshots, for predicted coordinates (q, r).

        Pythagoras: the error in the fold's space and the part outside it are orthogonal.
        """
        return self.left_out + ((predicted - self.test) ** 2).sum(axis=1)

    def combination(self, predicted: np.ndarray) -> np.ndarray:
        """(q, k) factors of the training snapshots, each row of sum 1, that add up to decode(predicted)."""
        factors = predicted @ self.mixing
        k = self.mixing.shape[1]
        return factors - factors.mean(axis=1, keepdims=True) + 1.0 / k


class Folds:
    """Refits the POD on any part of the snapshots from the Gram matrix of all of them.

    gram: (n, n), as `SVDReduction.fit` leaves it in `gram_` by the method of snapshots, centred on the
    mean of all, so moving it to the mean of a part, G -> J G J with J = I - 1 1^T / k, is a small step that
    costs no digits.
    Singular values are those of a Gram matrix: below 1e-8 of the first there are none.
    """

    def __init__(self, gram: np.ndarray | None) -> None:
        if gram is None:
            raise ModelError(
                "Folds need the Gram matrix of a POD by the method of snapshots",
                "none",
                "Fit with method='snapshots', or reduce each fold by itself",
            )
        self.gram = gram

    def fold(self, train: np.ndarray, test: np.ndarray, criterion: Criterion, centre: bool = True) -> Fold:
        """The POD of the snapshots `train` (k indices), applied to `test` (q indices)."""
        inside = self.gram[np.ix_(train, train)]
        across = self.gram[np.ix_(test, train)]
        gram_of_test = self.gram[test, test]
        if centre:
            mean, cross = inside.mean(axis=0), across.mean(axis=1)
            gram_of_test = gram_of_test - 2 * cross + mean.mean()
            across = across - cross[:, None] - mean + mean.mean()
            inside = inside - mean[:, None] - mean + mean.mean()
        s, v = eigen(inside)
        resolved = max(1, int(np.count_nonzero(gram_error(s) < 0.1)))
        r = criterion.modes(s[:resolved], float(np.trace(inside)))
        # Training snapshots that do not differ have one mode, of which every coordinate is 0.
        inverse = np.divide(1.0, s[:r], out=np.zeros(r), where=s[:r] > 0)
        mixing = (v[:, :r] * inverse).T
        latent = across @ mixing.T
        left_out = np.maximum(gram_of_test - (latent**2).sum(axis=1), 0.0)
        return Fold(v[:, :r] * s[:r], latent, s[:r], left_out, mixing)
