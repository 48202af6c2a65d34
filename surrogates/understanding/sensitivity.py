"""Which parameters a surrogate's quantities depend on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import COLOURS, beside, legend, panels
from fieldwright.surrogates.understanding.quantity_means import quantity_means
from fieldwright.surrogates.understanding.sobol_indices import SobolIndices, sobol_indices

CHARACTER = 0.075
"""Inches of one, of a name beside a panel."""


def sensitivity(
    surrogate: Surrogate,
    quantities: Sequence[Quantity] | None = None,
    *,
    n: int = 512,
    seed: int,
) -> dict[str, SobolIndices]:
    """Label to the Sobol indices (times, parameters) of each quantity, uniform over the ranges of the runs.

    quantities: maximum, minimum and mean of every field if None. They are indices of the surrogate's mean: what the
    surrogate has not learned, they cannot tell. A field without times has one row.
    """
    infos = surrogate.description.parameters
    lower, upper = (np.array([getattr(info, end) for info in infos]) for end in ("minimum", "maximum"))
    queried = quantities_of(surrogate) if quantities is None else list(quantities)
    every = sobol_indices(lambda x: quantity_means(surrogate, x, queried), lower, upper, n=n, seed=seed)
    by_quantity, start = {}, 0
    for one in queried:
        stop = start + len(surrogate.info(one.field).times or (0,))
        cut = slice(start, stop)
        by_quantity[one.label] = SobolIndices(
            every.first[cut], every.total[cut], every.first_std[cut], every.total_std[cut]
        )
        start = stop
    return by_quantity


def quantities_of(surrogate: Surrogate) -> list[Quantity]:
    """Maximum, minimum and mean of every field."""
    return [one for info in surrogate.description.fields for one in default_quantities(info)]


def sensitivity_numbers(
    surrogate: Surrogate, indices_by_quantity: dict[str, SobolIndices]
) -> dict[str, float]:
    """Flat metrics for tracking: "sobol.{quantity}.{parameter}.{first|total}", at the last time."""
    names = [info.name for info in surrogate.description.parameters]
    return {
        f"sobol.{quantity}.{name}.{order}": float(getattr(indices, order)[-1, j])
        for quantity, indices in indices_by_quantity.items()
        for j, name in enumerate(names)
        for order in ("first", "total")
    }


def sensitivity_figure(surrogate: Surrogate, by_quantity: dict[str, SobolIndices]) -> Figure:
    """A row of bars for each quantity: first-order and total index of every parameter, with 95 % intervals."""
    names = [info.name for info in surrogate.description.parameters]
    columns = min(2, len(by_quantity))
    left = 0.35 + CHARACTER * max(map(len, names))
    size = 3.0 + left, 0.9 + 0.3 * len(names)
    rows = -(-len(by_quantity) // columns)
    room = beside(("alone", "with interactions"))["right"]
    figure, axes = panels(
        rows, columns, size, left=left, outer=room, shared=True, title=_strongest(names, by_quantity)
    )
    for ax in axes[len(by_quantity) :]:
        ax.set_visible(False)
    place = np.arange(len(names))
    for number, (ax, (quantity, indices)) in enumerate(zip(axes, by_quantity.items(), strict=False)):
        for k, (order, words) in enumerate((("first", "alone"), ("total", "with interactions"))):
            ax.barh(
                place + 0.2 * (2 * k - 1),
                getattr(indices, order)[-1],
                0.36,
                xerr=1.96 * getattr(indices, f"{order}_std")[-1],
                color=COLOURS[0] if k == 0 else "0.75",
                hatch="" if k == 0 else "///",
                error_kw={"lw": 0.8},
                label=words,
            )
        ax.set_yticks(place, names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlim(0.0, 1.0)
        # Between the rows there is room for the titles alone.
        lowest = number >= len(by_quantity) - columns
        label(ax, "share of the variance" if lowest else "", "", title=quantity)
    legend(axes[min(columns, len(by_quantity)) - 1])
    return figure


def _strongest(names: Sequence[str], by_quantity: dict[str, SobolIndices]) -> str:
    """Which parameter alone explains most of how many quantities."""
    first = [int(np.argmax(one.first[-1])) for one in by_quantity.values()]
    most = max(set(first), key=lambda j: (first.count(j), -j))
    return f"{names[most]} alone explains most of {first.count(most)} of {len(first)} quantities' variance"
