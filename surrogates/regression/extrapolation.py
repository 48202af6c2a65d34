"""How far polynomials and cubic splines may go beyond their runs, and how unsure they are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

OVERSHOOT = 1.0
"""How far an answer may leave the range of the runs, in widths of that range, where its query lies among them."""
SLOPE = 1.5
"""Widths of the range by which that grows with every half width that a query lies beyond the box of the runs. A
straight line over the box needs 0.5; a parabola with its vertex in the middle, a quarter of the box outside, 1.25."""
SHARE = 0.05
"""Of the distinct values of a parameter that are left out at either end, at least one."""
EXPLODES = 10.0
"""Ranges of the runs by which a polynomial may miss the outermost ones, in root mean square: `Limits` hold back what
is less, and a function that is steep at one end is missed by a range or two there and well described elsewhere."""
SMALL = 0.1
"""Share of the largest range of all outputs, each by what it weighs in the field, that a small one counts as having
at least: the last modes of a field leave their range by far at a run that was the outermost, and it is no error."""
CONTRADICTED = 4.0
"""How many times as large as the model itself expects squared errors at the outermost runs may be by chance."""

Refitted = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Errors (b, r) of the rows (b,), all of them left out together, and the sums of squares (r,) that are expected."""


@dataclass(frozen=True, eq=False)
class Edge:
    """The outermost runs of a parameter at one end: rows (b,), and how far they lie beyond all others.

    distance: (b,) in half widths of the others' range.
    """

    rows: np.ndarray
    distance: np.ndarray


def edges(x: np.ndarray, share: float = SHARE) -> list[Edge]:
    """Both ends of every parameter of x (n, p) that has enough values for some to be left out."""
    ends = []
    for column in x.T:
        values = np.unique(column)
        if len(values) < 4:
            continue
        few = max(1, round(share * len(values)))
        for sign in (1.0, -1.0):
            order = np.sort(sign * values)
            half = 0.5 * (order[-few - 1] - order[0])
            rows = np.flatnonzero(sign * column > order[-few - 1])
            if half > 0.0 and len(rows) <= len(x) // 2:
                ends.append(Edge(rows, (sign * column[rows] - order[-few - 1]) / half))
    return ends


def block_errors(hat: np.ndarray, residual: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(I - H_BB)^-1 r_B: the errors (b, r) of runs that a linear smoother H is refitted without, all together.

    Noise of variance s^2 alone gives errors of the covariance s^2 (I - H_BB)^-1, whose traces (r,) come second.

    Parameters
    ----------
    hat : (b, b)
        Rows and columns B of the smoother z -> H z.
    residual : (b, r)
        Rows B of z - H z.
    noise : (r,)
        The variance s^2.

    References
    ----------
    Cook & Weisberg, Residuals and Influence in Regression, 1982, section 3.6.
    """
    try:
        inverse = np.linalg.inv(np.eye(len(hat)) - hat)
        return inverse @ residual, noise * float(np.trace(inverse))
    except np.linalg.LinAlgError:
        # These runs alone decide some weight: nothing is known without them.
        return np.full_like(residual, np.inf), noise * len(hat)


def edge_errors(ends: list[Edge], refitted: Refitted, outputs: int) -> np.ndarray:
    """Root mean square errors (r,) over all ends, each predicted without its runs; 0 where there is no end."""
    if not ends:
        return np.zeros(outputs)
    square = sum(np.sum(refitted(end.rows)[0] ** 2, axis=0) for end in ends)
    return np.sqrt(square / sum(len(end.rows) for end in ends))


@dataclass(frozen=True, eq=False)
class Limits:
    """Bounds of the mean and a floor of the std that both grow with the way d beyond the box of the runs.

    d(x) is the sum over the parameters of the way beyond the box, in half widths of it. The mean of an output whose
    runs span [low, high] stays within [low - (1 + 3/2 d) R, high + (1 + 3/2 d) R] with the `width` R, which is
    high - low but for small outputs of a field; what is cut off it is added to the std. The variance has the term
    (growth d)^2, by the errors at the outermost runs where these were left out, as far as they contradict the model's
    own std.

    lower, upper: (p,). low, high, growth, width: (r,).
    """

    lower: np.ndarray
    upper: np.ndarray
    low: np.ndarray
    high: np.ndarray
    growth: np.ndarray
    width: np.ndarray

    @classmethod
    def fit(
        cls,
        x: np.ndarray,
        z: np.ndarray,
        refitted: Refitted,
        share: float = SHARE,
        sizes: np.ndarray | None = None,
    ) -> Self:
        """Learns from runs x (n, p), z (n, r), and from what a model says of any of them without these.

        share: of the values of a parameter that are left out at either end. sizes: (r,) what each output weighs in
        its field; None where they are no parts of one.
        """
        ends = edges(x, share)
        excess, way = np.zeros(z.shape[1]), 0.0
        for end in ends:
            errors, expected = refitted(end.rows)
            excess += np.sum(errors**2, axis=0) - CONTRADICTED * expected
            way += float(np.sum(end.distance**2))
        growth = np.sqrt(excess.clip(0.0) / way) if way > 0.0 else np.zeros(z.shape[1])
        low, high = z.min(axis=0), z.max(axis=0)
        width = high - low
        if sizes is not None:
            floor = SMALL * np.max(sizes * width, initial=0.0)
            width = np.maximum(
                width, np.divide(floor, sizes, out=width.copy(), where=(sizes > 0.0) & (width > 0.0))
            )
        growth = np.minimum(np.nan_to_num(growth), width)
        return cls(x.min(axis=0), x.max(axis=0), low, high, growth, width)

    @classmethod
    def joined(cls, single: Sequence[Self]) -> Self:
        """The limits of several outputs of the same runs."""
        of_outputs = ("low", "high", "growth", "width")
        arrays = {name: np.concatenate([getattr(one, name) for one in single]) for name in of_outputs}
        return cls(single[0].lower, single[0].upper, **arrays)

    def including(self, x: np.ndarray, z: np.ndarray) -> Self:
        """The limits with one more run, x (p,) and z (r,)."""
        low, high = np.minimum(self.low, z), np.maximum(self.high, z)
        lower, upper = np.minimum(self.lower, x), np.maximum(self.upper, x)
        return type(self)(lower, upper, low, high, self.growth, np.maximum(self.width, high - low))

    def applied(self, x: np.ndarray, mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std within the limits, each (q, r), of a model's own at x (q, p)."""
        way = self._way(x)[:, None]
        room = self._room(way)
        # What has overflowed is as far off as can be.
        bounded = np.clip(
            np.nan_to_num(mean, posinf=np.inf, neginf=-np.inf), self.low - room, self.high + room
        )
        widest = self.high - self.low + 2.0 * room
        cut = np.nan_to_num(np.abs(mean - bounded), nan=np.inf)
        wide = np.hypot(np.hypot(np.nan_to_num(std, nan=np.inf), self.growth * way), np.minimum(cut, widest))
        return bounded, np.where(widest > 0.0, np.minimum(wide, widest), wide)

    def graph(self, x: Node, mean: Node, std: Node) -> tuple[Node, Node]:
        """Mean and std within the limits, each (r,), of a model's own at x (p,)."""
        half = self._half()
        free = np.flatnonzero(half > 0.0)
        way = graph.constant(0.0)
        if len(free):
            u = x.take(free)
            beyond = graph.maximum(graph.maximum(self.lower[free] - u, u - self.upper[free]), 0.0)
            way = (beyond / half[free]).sum()
        room = (OVERSHOOT + SLOPE * way) * self.width
        bounded = graph.clipped(graph.replace_nan(mean, 0.0), self.low - room, self.high + room)
        widest = self.high - self.low + 2.0 * room
        cut = graph.replace_nan(graph.absolute(mean - bounded), np.inf)
        grown = graph.hypot(graph.replace_nan(std, np.inf), self.growth * way)
        wide = graph.hypot(grown, graph.minimum(cut, widest))
        return bounded, graph.where_greater(widest, 0.0, graph.minimum(wide, widest), wide)

    def jacobian(self, x: np.ndarray, mean: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) within the limits, of a model's own mean (q, r) and slopes (q, r, p)."""
        room = self._room(self._way(x)[:, None])
        half = self._half()
        outward = (x > self.upper).astype(float) - (x < self.lower)
        away = np.divide(outward, half, out=np.zeros_like(x), where=half > 0.0)
        moving = SLOPE * self.width[None, :, None] * away[:, None, :]
        above, below = mean > self.high + room, mean < self.low - room
        return np.where(above[..., None], moving, np.where(below[..., None], -moving, slopes))

    def _half(self) -> np.ndarray:
        return 0.5 * (self.upper - self.lower)

    def _way(self, x: np.ndarray) -> np.ndarray:
        """(q,) how far the queries lie beyond the box; a parameter that never varied has no width and counts not."""
        half = self._half()
        beyond = np.maximum(np.maximum(self.lower - x, x - self.upper), 0.0)
        return np.divide(beyond, half, out=np.zeros_like(beyond), where=half > 0.0).sum(axis=1)

    def _room(self, way: np.ndarray) -> np.ndarray:
        """(q, r) how far the mean may leave the range of the runs."""
        return (OVERSHOOT + SLOPE * way) * self.width

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {name: getattr(self, name) for name in ("lower", "upper", "low", "high", "growth", "width")}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The limits again; those of an earlier version have no width but the range."""
        return cls(**{"width": state["high"] - state["low"], **state})
