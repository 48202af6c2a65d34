"""The figure of what a solution answers: a line with its band, or a map."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from fieldwright.data.errors import QueryError
from fieldwright.data.output.written_numbers import number_text
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import BAR, COLOURS, RIGHT, draw_on_mesh, panels

ALONG = 41
"""Points along each side of a figure."""


def answer_figure(
    solution: SolutionSurrogate, parameters: Mapping[str, float] | None = None, output: str | None = None
) -> Figure:
    """An output, the first if None, over the first two coordinates, the others in the middle of their ranges.

    parameters: of the coefficients that are inputs; the middle of their ranges if None. Raises QueryError.
    """
    about = solution.description
    outputs = {one.name: one for one in about.outputs}
    name = output or about.outputs[0].name
    if name not in outputs:
        raise QueryError(f"The output must be one of {', '.join(outputs)}", f"'{name}'", "Correct it")
    middle = {one.name: (one.minimum + one.maximum) / 2 for one in about.parameters}
    axes, other_coordinates = about.coordinates[:2], about.coordinates[2:]
    n = ALONG if len(axes) == 2 else 10 * ALONG
    lines = [np.linspace(one.minimum, one.maximum, n) for one in axes]
    grid = [one.ravel() for one in np.meshgrid(*lines, indexing="ij")]
    fixed = [np.full(len(grid[0]), (one.minimum + one.maximum) / 2) for one in other_coordinates]
    answer = solution.predict(np.column_stack([*grid, *fixed]), middle if parameters is None else parameters)
    values, unit = np.where(answer.inside, answer.mean[name], np.nan), outputs[name].unit
    at = ", ".join(
        f"{key} = {number_text(float(value), 4)}"
        for key, value in (middle if parameters is None else parameters).items()
    )
    low, high = (number_text(float(end(values)), 3) for end in (np.nanmin, np.nanmax))
    title = f"{name} from {low} to {high} {unit}"
    title = f"{title.rstrip()}; {at}" if at else title.rstrip()
    figure, (ax,) = panels(right=RIGHT if len(axes) == 1 else BAR, title=title)
    if len(axes) == 1:
        if answer.lower is not None and answer.upper is not None:
            ax.fill_between(
                grid[0], answer.lower[name], answer.upper[name], color=COLOURS[0], alpha=0.25, lw=0
            )
        ax.plot(grid[0], values, color=COLOURS[0], lw=1.2)
        label(ax, axes[0].name, name, x_unit=axes[0].unit, y_unit=unit)
        return figure
    corner = np.arange(n * n).reshape(n, n)
    quads = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]], -1).reshape(-1, 4)
    draw_on_mesh(ax, np.column_stack(grid), values, {"quad": quads}, name=name, unit=unit)
    ax.set_aspect("auto")
    label(ax, axes[0].name, axes[1].name, x_unit=axes[0].unit, y_unit=axes[1].unit)
    return figure
