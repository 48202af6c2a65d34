"""Pictures of a reduction: what each rank leaves out, and the first modes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.surrogates.figures import (
    BAR,
    draw_on_mesh,
    few_ticks,
    heading,
    label,
    line_style,
    logarithmic,
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
    figure, (ax,) = panels()
    ranks = np.arange(1, len(spectrum) + 1)
    first = spectrum[0] if len(spectrum) and spectrum[0] > 0 else 1.0
    lost = 1.0 - np.cumsum(spectrum**2) / (total_energy if total_energy > 0 else 1.0)
    lines = {
        "singular value / first": (ranks, spectrum / first),
        "energy left out / total": (ranks, lost),
    }
    if projection_errors is not None:
        lines["projection error, held-out runs"] = (np.arange(len(projection_errors)), projection_errors)
    drawn = {text: (x, np.maximum(y, SMALLEST)) for text, (x, y) in lines.items()}
    logarithmic(ax, "y", np.concatenate([y for _, y in drawn.values()]))
    for i, (text, (x, y)) in enumerate(drawn.items()):
        ax.plot(x, y, label=text, **line_style(i))
    ax.axvline(rank, color="0.4", lw=0.8, ls="--", label=f"chosen rank {rank}")
    label(ax, "rank", "relative", title=name)
    few_ticks(ax.xaxis, integer=True)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=7, frameon=False)
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
    figure, axes = panels(max(1, rows), columns, mesh_panel(points), right=BAR, shared=True)
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
            bar=last,
        )
        heading(ax, f"{name} mode {i + 1}".strip())
    return figure
