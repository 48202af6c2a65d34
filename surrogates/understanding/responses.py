"""How each quantity goes with each parameter while the others stay in the middle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.data.output.written_numbers import number_text
from fieldwright.surrogates.fields.description import ParameterInfo
from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.figure_axes import heading, label
from fieldwright.surrogates.figures import BAND, COLOURS, LEFT, panels
from fieldwright.surrogates.understanding.quantity_means import rows_of_a_block
from fieldwright.surrogates.understanding.sensitivity import quantities_of

STEPS = 25


def responses(
    surrogate: Surrogate, quantities: Sequence[Quantity] | None = None, at: np.ndarray | None = None
) -> tuple[np.ndarray, dict[str, list[Band]]]:
    """Values (p, steps) of each parameter, and label to the bands (steps, [t]) along each of the p parameters.

    at: (p,) where the other parameters stay; the middle of their ranges if None. Each goes over its range in
    the runs. quantities: maximum, minimum and mean of every field if None.
    """
    infos = surrogate.description.parameters
    queried = quantities_of(surrogate) if quantities is None else list(quantities)
    middle = (
        np.array([0.5 * (info.minimum + info.maximum) for info in infos]) if at is None else np.asarray(at)
    )
    rows = rows_of_a_block(surrogate, queried)
    values = np.array([np.linspace(info.minimum, info.maximum, STEPS) for info in infos])
    bands: dict[str, list[Band]] = {one.label: [] for one in queried}
    for j, column in enumerate(values):
        x = np.tile(middle, (STEPS, 1))
        x[:, j] = column
        parts = [
            surrogate.predict(x[start : start + rows], (), queried).quantities
            for start in range(0, STEPS, rows)
        ]
        for quantity, of_quantity in bands.items():
            of_quantity.append(Band.joined([part[quantity] for part in parts]))
    return values, bands


def response_figure(
    surrogate: Surrogate, quantities: Sequence[Quantity] | None = None, at: np.ndarray | None = None
) -> Figure:
    """A panel for each quantity: along it every parameter over its range; the mean and its band at the last time."""
    queried = quantities_of(surrogate) if quantities is None else list(quantities)
    _, bands = responses(surrogate, queried, at)
    infos = surrogate.description.parameters
    coverage = surrogate.description.coverage
    title = f"Each parameter over its range, the others in the middle: mean and {coverage:.0%} band"
    figure, axes = panels(
        len(queried), 1, (LEFT + 0.3 + 1.5 * len(infos), 1.6), left=LEFT + 0.3, shared=True, title=title
    )
    for ax, one in zip(axes, queried, strict=True):
        for j, band in enumerate(bands[one.label]):
            mean, lower, upper = (
                part.reshape(STEPS, -1)[:, -1] for part in (band.mean, band.lower, band.upper)
            )
            along = np.linspace(j + 0.05, j + 0.95, STEPS)
            ax.fill_between(along, lower, upper, color=BAND, lw=0)
            ax.plot(along, mean, color=COLOURS[0], lw=1.2)
            if j:
                ax.axvline(j, color="0.85", lw=0.8)
        unit = surrogate.info(one.field).unit
        label(ax, "", one.field, y_unit=unit)
        heading(ax, one.label)
        ax.set_xlim(0.0, len(infos))
    axes[-1].set_xticks(
        np.arange(len(infos)) + 0.5,
        [f"{info.name}\n{_range(info)}" for info in infos],
    )
    return figure


def _range(info: ParameterInfo) -> str:
    ends = " to ".join(number_text(end, 3) for end in (info.minimum, info.maximum))
    return f"{ends} {info.unit}".rstrip()
