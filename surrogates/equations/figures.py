"""Pictures of a trained solution: how it converged, and its field, error and residual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldwright.data.output.written_numbers import number_text
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.region import Region
from fieldwright.surrogates.figure_axes import label, logarithmic
from fieldwright.surrogates.figures import (
    BAR,
    COLOURS,
    FIELD_MAP,
    SIGNED_MAP,
    beside,
    colour_bar,
    legend,
    line_style,
    panels,
)

ALONG_LINE, ALONG_SIDE = 400, 81
SMALLEST = 1e-17
DEEPEST = 1e-6
"""Least error that is drawn, in shares of the largest."""


@dataclass(frozen=True, eq=False)
class Convergence:
    """Of one network: steps (k,), the held-out residual (k,), and every loss by name (k,), after each stage."""

    steps: Sequence[int]
    residual: Sequence[float]
    losses: Mapping[str, Sequence[float]]


def convergence_figure(networks: Sequence[Convergence], tolerance: float) -> Figure:
    """Held-out residuals of all networks against the steps with the tolerance, and the losses of the first."""
    last = max(one.residual[-1] for one in networks)
    verb = "within" if last <= tolerance else "above"
    title = (
        f"Residual on held-out points: {number_text(last, 2)} in the end, {verb} the tolerance {tolerance:g}"
    )
    names = [f"network {i + 1}" for i in range(len(networks))]
    figure, (left, right) = panels(1, 2, **beside([*names, "tolerance", *networks[0].losses]), title=title)
    logarithmic(left, "y", [tolerance, *(np.maximum(one.residual, SMALLEST).max() for one in networks), last])
    logarithmic(
        right, "y", np.concatenate([np.maximum(one, SMALLEST) for one in networks[0].losses.values()])
    )
    for i, one in enumerate(networks):
        left.plot(one.steps, np.maximum(one.residual, SMALLEST), label=names[i], **line_style(i))
    left.axhline(tolerance, color="0.4", lw=0.8, ls="--", label="tolerance")
    label(left, "step", "relative residual")
    for i, (name, losses) in enumerate(networks[0].losses.items()):
        right.plot(networks[0].steps, np.maximum(losses, SMALLEST), label=name, **line_style(i))
    label(right, "step", "loss")
    for ax in (left, right):
        ax.grid(alpha=0.3)
        legend(ax)
    return figure


def solution_figures(case: EquationCase, network: SolutionNetwork, scale: float) -> dict[str, Figure]:
    """File name to figure: each output, its error where there is a reference, and the residual.

    Parameters are in the middle of their ranges; of more than two coordinates the first two are shown, at the last
    time or in the middle of the others. scale: what residuals are relative to.
    """
    problem, region = case.problem, Region.of(case.problem)
    n_axes = min(2, len(problem.coordinates))
    points, fixed = _grid(region, n_axes, problem.time is not None)
    infos = [problem.unknown(name) for name in case.varied]
    middle = [(one.low + one.high) / 2 for one in infos]
    inputs = np.hstack([points, np.tile(middle, (len(points), 1))])
    with torch.no_grad():
        values = network(torch.from_numpy(inputs)).numpy()
    residual = ResidualRows(network, inputs, scale).sizes()
    reference = None
    if problem.reference is not None:
        coefficients = problem.values | dict(zip(case.varied, middle, strict=True))
        with torch.no_grad():
            reference = problem.reference(torch.from_numpy(points), coefficients).numpy()
    at = [f"{problem.coordinates[i]} = {value:g}" for i, value in fixed.items()]
    at += [f"{name} = {value:g}" for name, value in zip(case.varied, middle, strict=True)]
    inside = region.inside(points)
    figures = {}
    for j, name in enumerate(problem.outputs):
        true = None if reference is None else reference[:, j]
        draw = _lines if n_axes == 1 else _maps
        title = _title(name, true, values[:, j], residual, inside, at)
        figures[f"{name}.png"] = draw(case, points, inside, name, values[:, j], true, residual, title)
    return figures


def _title(
    name: str,
    true: np.ndarray | None,
    values: np.ndarray,
    residual: np.ndarray,
    inside: np.ndarray,
    at: Sequence[str],
) -> str:
    if true is None:
        text = f"{name}: relative residual up to {number_text(float(residual[inside].max()), 2)}"
    else:
        text = f"{name}: error up to {number_text(float(abs(values - true)[inside].max()), 2)} against the reference"
    return f"{text}; {', '.join(at)}" if at else text


def _grid(region: Region, n_axes: int, has_time: bool) -> tuple[np.ndarray, dict[int, float]]:
    """Points (n, d) of a line or a grid over the first coordinates, and the values at which the others are held."""
    sides = [
        np.linspace(low, high, ALONG_LINE if n_axes == 1 else ALONG_SIDE)
        for low, high in zip(region.low[:n_axes], region.high[:n_axes], strict=True)
    ]
    columns = [axis.ravel() for axis in np.meshgrid(*sides, indexing="ij")]
    fixed = {}
    for i in range(n_axes, len(region.low)):
        last = has_time and i == len(region.low) - 1
        fixed[i] = float(region.high[i] if last else (region.low[i] + region.high[i]) / 2)
        columns.append(np.full(len(columns[0]), fixed[i]))
    return np.stack(columns, axis=1), fixed


def _lines(
    case: EquationCase,
    points: np.ndarray,
    inside: np.ndarray,
    name: str,
    values: np.ndarray,
    true: np.ndarray | None,
    residual: np.ndarray,
    title: str,
) -> Figure:
    x, along = points[:, 0], case.problem.coordinates[0]
    texts = ("network", "reference", f"error of {name}", "relative residual")
    figure, (left, right) = panels(1, 2, **beside(texts), title=title)
    left.plot(x, values, color=line_style(0)["color"], lw=1.4, label="network")
    if true is not None:
        left.plot(x, true, color="0.2", lw=0.8, ls="--", label="reference")
        error = np.maximum(abs(values - true), SMALLEST)
        right.plot(x, error, lw=1.0, ls="--", color=COLOURS[1], label=f"error of {name}")
    size = np.maximum(residual, SMALLEST)
    right.plot(x, size, lw=1.0, color=COLOURS[0], label="relative residual")
    drawn = size if true is None else np.concatenate([size, error])
    logarithmic(right, "y", drawn)
    # Where a condition holds exactly, an error falls without end.
    right.set_ylim(bottom=max(SMALLEST, DEEPEST * drawn.max()))
    legend(left)
    label(left, along, name, x_unit=case.unit(along), y_unit=case.unit(name))
    label(right, along, "size", x_unit=case.unit(along))
    right.grid(alpha=0.3)
    legend(right)
    return figure


def _maps(
    case: EquationCase,
    points: np.ndarray,
    inside: np.ndarray,
    name: str,
    values: np.ndarray,
    true: np.ndarray | None,
    residual: np.ndarray,
    title: str,
) -> Figure:
    figure, axes = panels(1, 2 if true is None else 3, right=BAR, title=title)

    def draw(ax: Axes, values_drawn: np.ndarray, text: str, unit: str, signed: bool) -> None:
        image = np.where(inside, values_drawn, np.nan).reshape(ALONG_SIDE, ALONG_SIDE).T
        limit = float(np.nanmax(abs(image), initial=0.0)) or 1.0
        colours: dict[str, Any] = (
            {"cmap": SIGNED_MAP, "vmin": -limit, "vmax": limit} if signed else {"cmap": FIELD_MAP}
        )
        sides = [np.unique(points[:, i]) for i in (0, 1)]
        mesh = ax.pcolormesh(*sides, image, shading="gouraud", rasterized=True, **colours)
        colour_bar(ax, mesh, text, unit)
        x, y = case.problem.coordinates[:2]
        label(ax, x, y, x_unit=case.unit(x), y_unit=case.unit(y))
        if case.problem.time is None or len(case.problem.coordinates) > 2:
            ax.set_aspect("equal")

    draw(axes[0], values, name, case.unit(name), False)
    if true is not None:
        draw(axes[1], values - true, f"error of {name}", case.unit(name), True)
    size = np.log10(np.maximum(residual, SMALLEST))
    draw(axes[-1], size, "log10 of the residual", "", False)
    return figure
