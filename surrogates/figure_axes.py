"""The axes of a figure: few ticks in engineering notation, names with units, titles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike

from fieldwright.data.output.written_numbers import (
    engineering_exponent,
    log_tick_text,
    number_text,
    scaled_unit,
)

TICKS = 5


def heading(ax: Axes, text: str, fontsize: float = 10) -> None:
    """The title of a panel, at its place at once: matplotlib's own search for one measures every tick."""
    ax.set_title(text, fontsize=fontsize, y=1.0)


def label(ax: Axes, x: str, y: str, *, x_unit: str = "", y_unit: str = "", title: str = "") -> None:
    """Names both axes, units in brackets; a pure number is given without."""
    for axis, name, unit in ((ax.xaxis, x, x_unit), (ax.yaxis, y, y_unit)):
        axis.set_label_text(_with_unit(name, unit), fontsize=9)
        formatter = axis.get_major_formatter()
        if name and isinstance(formatter, _Number):
            formatter.labels.append((axis, name, unit))
    if title:
        heading(ax, title)


def _with_unit(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name


class _Number(Formatter):
    """Numbers of ticks in engineering notation: their power of ten stands in the unit of the axis' label."""

    def __init__(self) -> None:
        self.labels: list[tuple[Axis, str, str]] = []

    def __call__(self, x: float, pos: int | None = None) -> str:
        return number_text(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """The texts of all ticks; sets the labels of the axes that have them."""
        exponent = engineering_exponent(max(map(abs, values), default=0.0)) if self.labels else 0
        for axis, name, unit in self.labels:
            # Of panels that share an axis, only the outer ones have a label.
            if axis.get_label_text():
                axis.set_label_text(_with_unit(name, scaled_unit(unit, exponent)))
        return [number_text(value / 10.0**exponent) for value in values]


class _LogNumber(Formatter):
    """Numbers of ticks of a logarithmic axis, with nothing to typeset."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return log_tick_text(x)


def few_ticks(axis: Axis, integer: bool = False) -> None:
    """Ticks and their numbers on a linear axis."""
    axis.set_major_locator(MaxNLocator(TICKS - 1, integer=integer))
    if not isinstance(axis.get_major_formatter(), _Number):
        axis.set_major_formatter(_Number())


def logarithmic(ax: Axes, which: str, values: ArrayLike) -> None:
    """Makes the axis "x" or "y" logarithmic, with few ticks where it spans decades; call it before drawing values."""
    ax.set(**{f"{which}scale": "log"})
    positive = np.asarray(values, dtype=float)
    positive = positive[positive > 0.0]
    axis = ax.xaxis if which == "x" else ax.yaxis
    decades = positive.size > 0 and positive.max() > 100.0 * positive.min()
    axis.set_major_locator(LogLocator(numticks=TICKS + 1) if decades else LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(_LogNumber())
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
