"""Pictures of a reduction: what each rank leaves out, and the first modes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.data.output.written_numbers import number_text
from fieldwright.surrogates.figure_axes import few_ticks, heading, label, logarithmic
from fieldwright.surrogates.figures import (
    BAR,
    RIGHT,
    beside,
    draw_on_mesh,
    legend,
    line_style,
    mesh_panel,
    panels,
)

SMALLEST = 1e-17
"""Of what is drawn."""


def ranks_figure(
    spectrum: np.ndarray,
    total_energy: float,
    rank: int,
    projection_errors: np.ndarray | None = None,
    name: str = "",
) -> Figure:
    """By rank: singular values relative to the first, the energy left out, and errors of held-out runs.

    Parameters
    ----------
    spectrum
        Singular values, (r,).
    total_energy
        Sum of the squares of all of them, also of those that are not among the r.
    rank
        The one that is chosen.
    projection_errors
        Relative projection errors of held-out runs for the ranks 0, 1, 2, ...
    name
        Of the field.
    """
    ranks = np.arange(1, len(spectrum) + 1)
    first = spectrum[0] if len(spectrum) and spectrum[0] > 0 else 1.0
    lost = 1.0 - np.cumsum(spectrum**2) / (total_energy if total_energy > 0 else 1.0)
    lines = {
        "singular value\n/ first": (ranks, spectrum / first),
        "energy left out\n/ total": (ranks, lost),
    }
    if projection_errors is not None:
        lines["projection error,\nheld-out runs"] = (np.arange(len(projection_errors)), projection_errors)
    chosen_text = f"chosen rank {rank}"
    share = lost[min(rank, len(lost)) - 1] if len(lost) and rank else 1.0
    left_out = f"leaves {number_text(max(share, 0.0), 2)} of the energy out"
    if projection_errors is not None and rank < len(projection_errors):
        left_out += f", and {number_text(projection_errors[rank], 2)} of held-out runs"
    title = f"{name}: rank {rank} {left_out}".lstrip(": ")
    figure, (ax,) = panels(**beside([*lines, chosen_text]), title=title)
    drawn = {text: (x, np.maximum(y, SMALLEST)) for text, (x, y) in lines.items()}
    logarithmic(ax, "y", np.concatenate([y for _, y in drawn.values()]))
    for i, (text, (x, y)) in enumerate(drawn.items()):
        ax.plot(x, y, label=text, **line_style(i))
    ax.axvline(rank, color="0.4", lw=0.8, ls="--", label=chosen_text)
    label(ax, "rank", "share of the first, or of the whole")
    few_ticks(ax.xaxis, integer=True)
    ax.grid(alpha=0.3)
    legend(ax)
    return figure


def modes_figure(
    basis: Sequence[np.ndarray],
    points: np.ndarray,
    cells: Mapping[str, np.ndarray] | None = None,
    *,
    name: str = "",
    length_unit: str = "m",
) -> Figure:
    """The first modes, each (k,) values at points (k, 2 or 3), on the mesh, over their largest; they have no unit."""
    columns = min(3, max(1, len(basis)))
    rows = -(-len(basis) // columns)
    count = f"The first {len(basis)} modes" if len(basis) > 1 else "The first mode"
    title = f"{count} of {name}" if name else count
    width, height = mesh_panel(points)
    size, outer = (width - BAR + RIGHT, height), BAR - RIGHT
    figure, axes = panels(max(1, rows), columns, size, outer=outer, shared=True, title=title)
    for i, ax in enumerate(axes):
        if i >= len(basis):
            ax.set_visible(False)
            continue
        largest = float(np.nanmax(np.abs(basis[i]), initial=0.0)) or 1.0
        last = i == len(basis) - 1
        draw_on_mesh(
            ax,
            points,
            basis[i] / largest,
            cells,
            name="mode / largest",
            length_unit=length_unit,
            signed=True,
            bar=last or i % columns == columns - 1,
        )
        heading(ax, f"mode {i + 1}")
    return figure
