"""How each quantity goes with each parameter while the others stay in the middle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.figures import COLOURS, label, panels
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
    values = np.array([np.linspace(info.minimum, info.maximum, STEPS) for info in infos])
    bands: dict[str, list[Band]] = {one.label: [] for one in queried}
    for j, column in enumerate(values):
        x = np.tile(middle, (STEPS, 1))
        x[:, j] = column
        for quantity, band in surrogate.predict(x, (), queried).quantities.items():
            bands[quantity].append(band)
    return values, bands


def response_figure(
    surrogate: Surrogate, quantities: Sequence[Quantity] | None = None, at: np.ndarray | None = None
) -> Figure:
    """A row for each quantity and a column for each parameter: the mean and its calibrated band, at the last time."""
    queried = quantities_of(surrogate) if quantities is None else list(quantities)
    values, bands = responses(surrogate, queried, at)
    infos = surrogate.description.parameters
    figure, axes = panels(len(queried), len(infos), (2.3, 1.9))
    for row, one in enumerate(queried):
        axes_of_row = axes[row * len(infos) : (row + 1) * len(infos)]
        unit = surrogate.info(one.field).unit
        for j, (ax, band) in enumerate(zip(axes_of_row, bands[one.label], strict=True)):
            mean, lower, upper = (
                part.reshape(STEPS, -1)[:, -1] for part in (band.mean, band.lower, band.upper)
            )
            ax.fill_between(values[j], lower, upper, color="0.85", lw=0)
            ax.plot(values[j], mean, color=COLOURS[0], lw=1.2)
            ax.ticklabel_format(scilimits=(-3, 4))
            label(
                ax,
                infos[j].name,
                one.label if j == 0 else "",
                x_unit=infos[j].unit,
                y_unit=unit if j == 0 else "",
            )
        limits = [end for ax in axes_of_row for end in ax.get_ylim()]
        for ax in axes_of_row:
            ax.set_ylim(min(limits), max(limits))
    return figure
