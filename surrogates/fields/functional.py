"""Values and stds of scalar functionals of a field, by the delta method on its latent coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.field_view import FieldView
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime


@dataclass(frozen=True)
class Functional:
    """A weighted sum over selected places of one component, or of the magnitude, of a field.

    statistic: "max" and "min" select the place of the extreme of the mean field, "mean" all places with their shares
    of the part, "point" the corners of the element around a place with their interpolation weights.
    component: index, or None for the magnitude of a vector.
    """

    statistic: Literal["max", "min", "mean", "point"]
    field: str
    component: int | None

    @property
    def key(self) -> str:
        """A name for files: "max/0/temperature"."""
        return f"{self.statistic}/{'magnitude' if self.component is None else self.component}/{self.field}"


@dataclass(frozen=True, eq=False)
class Selection:
    """Places of a "point" or "mean" functional: index (k,) of nodes or cells, all if None; weight (k,), sum one."""

    index: np.ndarray | None
    weight: np.ndarray


def selection_of(functional: Functional, weights: np.ndarray | None) -> Selection | None:
    """The weights of a functional of the whole field from those (points,) of its points; None where all are equal."""
    if functional.statistic != "mean" or weights is None:
        return None
    return Selection(None, weights / weights.sum())


def default_functionals(field: str, components: int) -> list[Functional]:
    """Maximum, minimum and mean of each component, and of the magnitude where there are two or three."""
    which: list[int | None] = [*range(components), *([None] if components in (2, 3) else [])]
    return [
        Functional(statistic, field, component) for component in which for statistic in ("max", "min", "mean")
    ]


def value(functional: Functional, field: np.ndarray, selection: Selection | None = None) -> np.ndarray:
    """The functional of fields (q, t, points, components), (q, t), in the field's unit."""
    scalar = _scalar(functional, field)
    if functional.statistic == "mean":
        return scalar.mean(axis=-1) if selection is None else scalar @ selection.weight
    if functional.statistic == "point":
        assert selection is not None
        assert selection.index is not None
        return scalar[..., selection.index] @ selection.weight
    return scalar.max(axis=-1) if functional.statistic == "max" else scalar.min(axis=-1)


def std(
    functional: Functional,
    model: FieldModel | FieldView | TimeByTime,
    mean: np.ndarray,
    z: np.ndarray,
    sigma: np.ndarray,
    selection: Selection | None = None,
) -> np.ndarray:
    """The std (q, t) of the functional of the field `mean` = model.mean(z), by the delta method.

    std^2 = sum_r (d value / d z_r)^2 sigma_r^2 + (sum_k w_k |truncation std_k|)^2. For an extreme the
    derivative is taken at the place of the extreme of the mean field; "mean" and "point" of a component are
    linear, so for an affine reduction their first term is exact. The last term is an upper bound: it takes the
    truncation errors as fully correlated between places.
    """
    moved, lost = changes(functional, model, mean, z, sigma, selection)
    return np.sqrt(np.sum(moved**2, axis=0) + lost**2)


def changes(
    functional: Functional,
    model: FieldModel | FieldView | TimeByTime,
    mean: np.ndarray,
    z: np.ndarray,
    sigma: np.ndarray,
    selection: Selection | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The terms of `std`: the change (r, q, t) with one std of each coordinate, and what the reduction loses (q, t).

    Those of a mean over some of the points add up to those over all.
    """
    place, weight, gradient = _linearised(functional, mean, selection)
    linear = model.linear(z, sigma)
    if linear is None:
        pairs = (
            (_along(functional, _at(change, place), gradient) @ weight, spread)
            for change, spread in model.sensitivities(z, sigma)
        )
        moved = np.stack([np.broadcast_to(step * spread, mean.shape[:2]) for step, spread in pairs])
    elif place is None:
        steps = [_along(functional, mode[None], gradient) @ weight for mode in linear.modes]
        moved = np.stack(steps) * linear.spreads
    else:
        there = linear.modes[:, np.arange(linear.modes.shape[1])[:, None], place]
        moved = (_along(functional, there, gradient) @ weight) * linear.spreads
    lost_std = np.sqrt(_along(functional, _at(model.lost_variance(mean), place), gradient**2))
    return moved, lost_std @ weight


def slope(
    functional: Functional, mean: np.ndarray, change: np.ndarray, selection: Selection | None = None
) -> np.ndarray:
    """Return d value (q, t) as the fields `mean` change by `change`, both (q or 1, t, points, components).

    For an extreme it is the change at its place, which is the derivative wherever that place is unique.
    """
    place, weight, gradient = _linearised(functional, mean, selection)
    return _along(functional, _at(change, place), gradient) @ weight


def _linearised(
    functional: Functional, mean: np.ndarray, selection: Selection | None
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Places, all if None, their weights (k,), and the gradient (q, t, k, c) of the scalar at them."""
    if functional.statistic in ("max", "min"):
        scalar = _scalar(functional, mean)
        place = (scalar.argmax(axis=-1) if functional.statistic == "max" else scalar.argmin(axis=-1))[
            ..., None
        ]
        weight = np.ones(1)
    elif functional.statistic == "point":
        assert selection is not None
        assert selection.index is not None
        place, weight = selection.index[None, None], selection.weight
    else:
        even = np.full(mean.shape[2], 1.0 / mean.shape[2])
        place, weight = None, even if selection is None else selection.weight
    return place, weight, _gradient(functional, _at(mean, place))


def _scalar(functional: Functional, field: np.ndarray) -> np.ndarray:
    if functional.component is None:
        return np.linalg.norm(field, axis=-1)
    return field[..., functional.component]


def _gradient(functional: Functional, vector: np.ndarray) -> np.ndarray:
    """Return d scalar / d components at vectors (..., c); that of the magnitude at zero is taken as one."""
    if functional.component is not None:
        return np.eye(vector.shape[-1])[functional.component]
    size = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.where(size > 0.0, np.divide(vector, size, out=np.zeros_like(vector), where=size > 0.0), 1.0)


def _along(functional: Functional, change: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """The products (..., k) of changes (..., k, c) of a field with the gradient."""
    if functional.component is not None:
        return change[..., functional.component]
    return np.sum(change * gradient, axis=-1)


def _at(field: np.ndarray, place: np.ndarray | None) -> np.ndarray:
    """A field (q or 1, t, points, c) at places (q or 1, t or 1, k), all if None: (q, t, k, c)."""
    if place is None:
        return field
    if place.shape[:2] == (1, 1):
        return field[:, :, place[0, 0]]
    query = np.arange(len(field))[:, None, None]
    time = np.arange(field.shape[1])[None, :, None]
    return field[query, time, place]
