"""The inner product in which modes are orthogonal: volumes or a mass matrix, scales of fields, a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from scipy import sparse

from fieldwright.data.errors import ModelError


@dataclass(frozen=True, eq=False)
class InnerProduct:
    """<x, y> = sum over groups g of x_g^T W^1/2 M W^1/2 y_g / s_g^2, with W = diag(weights).

    weights: (m,) cell volumes or areas, 0 at the columns outside the domain; [unit of length]^d.
    mass: (m, m) sparse symmetric positive definite matrix M, such as a finite-element mass matrix; None is I.
    groups: (m,) the group of each column; s_g^2 is the mean energy of group g over the snapshots, so that
        fields of different units count alike. None leaves the fields as they are.
    """

    weights: np.ndarray
    mass: sparse.csr_array | None = None
    groups: np.ndarray | None = None

    def __post_init__(self) -> None:
        w = self.weights
        if w.ndim != 1 or not np.all(np.isfinite(w)) or (w < 0).any() or not (w > 0).any():
            raise ModelError(
                "The weights of an inner product must be finite and not negative, and not all 0",
                f"shape {w.shape}, least value {w.min(initial=np.inf):g}",
                "Give cell volumes, or leave the weights out",
            )
        if self.groups is not None and self.groups.shape != w.shape:
            raise ModelError(
                f"Every one of the {len(w)} columns must belong to a group",
                f"groups of shape {self.groups.shape}",
                "Give one whole number for each column",
            )
        if self.mass is not None:
            self._check_mass(self.mass)

    def _check_mass(self, mass: sparse.csr_array) -> None:
        m = len(self.weights)
        if mass.shape != (m, m):
            raise ModelError(
                f"The mass matrix must be {m} x {m}", f"{mass.shape}", "Assemble it on the same mesh"
            )
        largest = abs(mass).max()
        if abs(mass - mass.T).max() > 1e-10 * largest or mass.diagonal().min() <= 0:
            raise ModelError(
                "The mass matrix must be symmetric with a positive diagonal",
                "a matrix that is not",
                "Check how it was assembled, or give cell volumes instead",
            )
        if self.groups is not None:
            pairs = mass.tocoo()
            if (self.groups[pairs.row] != self.groups[pairs.col]).any():
                raise ModelError(
                    "The mass matrix must not couple columns that are scaled apart",
                    "an entry between two groups",
                    "Give the fields one group, or a mass matrix in blocks",
                )

    @property
    def n_groups(self) -> int:
        """Number of groups that are scaled apart."""
        return 1 if self.groups is None else int(self.groups.max()) + 1

    @classmethod
    def of(cls, weights: np.ndarray | InnerProduct | None, m: int) -> InnerProduct:
        """What `Reduction.fit` takes as weights, as an inner product of m columns; raises ModelError."""
        if weights is None:
            return cls(np.broadcast_to(1.0, m))
        if isinstance(weights, InnerProduct):
            product = weights
        else:
            product = cls(np.asarray(weights, dtype=np.float64))
            if not (product.weights > 0).all():
                raise ModelError(
                    "Weights given as an array must be positive",
                    f"least value {product.weights.min():g}",
                    "Leave points outside the domain out by InnerProduct.of_field(..., inside=...)",
                )
        if len(product.weights) != m:
            raise ModelError(
                f"An inner product must have a weight for each of the {m} columns",
                f"{len(product.weights)} weights",
                "Give cell volumes once for each component, or use InnerProduct.of_field",
            )
        return product

    @classmethod
    def of_field(
        cls,
        n_points: int,
        components: int = 1,
        *,
        volumes: np.ndarray | None = None,
        mass: sparse.sparray | None = None,
        inside: np.ndarray | None = None,
        scale: Literal["field", "component"] | None = None,
    ) -> Self:
        """Of one field whose columns run point by point, the components of a point next to each other.

        volumes: (n_points,). mass: (n_points, n_points), used for every component.
        inside: (n_points,) bool, False where a point lies outside the domain and its values mean nothing.
        scale: whether the field, or each of its components, is divided by its own root-mean-square energy.
        """
        weights = np.repeat(np.ones(n_points) if volumes is None else np.asarray(volumes, float), components)
        if inside is not None:
            weights = np.where(np.repeat(np.asarray(inside, bool), components), weights, 0.0)
        every = None
        if mass is not None:
            every = sparse.csr_array(sparse.kron(mass, sparse.eye_array(components)))
        labels = {None: None, "field": np.zeros(len(weights), int)}
        labels["component"] = np.tile(np.arange(components), n_points)
        return cls(weights, every, labels[scale])

    @classmethod
    def joined(cls, fields: Sequence[InnerProduct]) -> Self:
        """Of coupled fields, their columns one after the other; a field without groups is scaled as a whole."""
        labels, first = [], 0
        for field in fields:
            groups = np.zeros(len(field.weights), int)
            if field.groups is not None:
                groups = np.unique(field.groups, return_inverse=True)[1]
            labels.append(groups + first)
            first += int(groups.max()) + 1
        mass = None
        if any(field.mass is not None for field in fields):
            parts = [sparse.eye_array(len(f.weights)) if f.mass is None else f.mass for f in fields]
            mass = sparse.csr_array(sparse.block_diag(parts))
        return cls(np.concatenate([f.weights for f in fields]), mass, np.concatenate(labels))
