"""Pictures of suggested runs and of learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.data.output.written_numbers import number_text
from fieldwright.surrogates.design.power_law import Forecast, LearningCurve
from fieldwright.surrogates.figure_axes import label, logarithmic
from fieldwright.surrogates.figures import COLOURS, beside, legend, line_style, panels

MOST_PARAMETERS = 6


def suggestion_figure(
    names: Sequence[str], units: Sequence[str], runs: np.ndarray, suggested: np.ndarray
) -> Figure:
    """Each pair of parameters: the runs (n, p) that are there and those suggested (q, p), numbered in order.

    Beyond six parameters only those six are shown that the suggestions spread over most.
    """
    every = np.vstack([runs, suggested])
    width = np.ptp(every, axis=0)
    varied = np.flatnonzero(width > 0.0)
    spread = suggested[:, varied].std(axis=0) / width[varied]
    varied_most = np.sort(varied[np.argsort(-spread, kind="stable")[:MOST_PARAMETERS]])
    pairs = [(int(i), int(j)) for a, i in enumerate(varied_most) for j in varied_most[a + 1 :]] or [
        (int(varied_most[0]), -1)
    ]
    columns = min(4, len(pairs))
    title = f"{len(suggested)} runs suggested beside the {len(runs)} that there are"
    room = beside(("runs", "suggested"), (2.6, 2.2))
    figure, axes = panels(-(-len(pairs) // columns), columns, **room, title=title)
    for ax in axes[len(pairs) :]:
        ax.set_visible(False)
    for ax, (i, j) in zip(axes, pairs, strict=False):
        vertical = (np.zeros(len(runs)), np.zeros(len(suggested))) if j < 0 else (runs[:, j], suggested[:, j])
        ax.plot(runs[:, i], vertical[0], "o", ms=3, color="0.6", label="runs")
        ax.plot(suggested[:, i], vertical[1], "D", ms=4, color=COLOURS[1], label="suggested")
        if len(suggested) <= 20:
            for number, (a, b) in enumerate(zip(suggested[:, i], vertical[1], strict=True), start=1):
                ax.annotate(str(number), (a, b), xytext=(3, 2), textcoords="offset points", fontsize=6)
        label(ax, names[i], "" if j < 0 else names[j], x_unit=units[i], y_unit="" if j < 0 else units[j])
        if j < 0:
            ax.set_yticks([])
    legend(axes[min(columns, len(pairs)) - 1])
    return figure


def learning_figure(curves: Mapping[str, LearningCurve], target_errors: Mapping[str, float]) -> Figure:
    """A panel for each field: mean error of repeated trainings, one std in grey, the law and the target error."""
    forecasts = {
        name: curves[name].forecast(error) for name, error in target_errors.items() if name in curves
    }
    texts = ["one std of trainings", "power law", "80 % of resampled laws"]
    texts += [_target_text(one) for one in forecasts.values()]
    title = "Error of held-out runs against the number of training runs"
    figure, axes = panels(1, len(curves), **beside(texts), title=title)
    for ax, (name, curve) in zip(axes, curves.items(), strict=True):
        mean, std = curve.errors.mean(axis=1), curve.errors.std(axis=1, ddof=1)
        low = np.maximum(mean - std, 0.1 * mean)
        ax.fill_between(curve.sizes, low, mean + std, color="0.85", lw=0, label="one std of trainings")
        logarithmic(ax, "x", curve.sizes)
        logarithmic(ax, "y", [low.min(), mean.max()])
        ax.plot(curve.sizes, mean, label="mean", **line_style(0))
        farthest = 4.0 * curve.sizes.max()
        if name in target_errors:
            forecast = forecasts[name]
            ax.axhline(target_errors[name], color="0.4", lw=0.8, ls="--", label=_target_text(forecast))
            if not forecast.why_not:
                farthest = max(farthest, 1.3 * forecast.high)
                ax.axvspan(forecast.low, forecast.high, color=COLOURS[1], alpha=0.15, lw=0)
                ax.plot([forecast.runs], [target_errors[name]], "D", ms=5, color=COLOURS[1])
        beyond = np.geomspace(curve.sizes.min(), farthest, 60)
        laws = np.array([law(beyond) for law in curve.resampled])
        ax.plot(beyond, curve.law(beyond), color=COLOURS[1], lw=1.0, label="power law")
        for share, text in ((0.1, "80 % of resampled laws"), (0.9, None)):
            ax.plot(beyond, np.quantile(laws, share, axis=0), color=COLOURS[1], lw=0.6, ls=":", label=text)
        label(
            ax, "training runs", "mean relative L2 error", title=f"{name}: falls like n^-{curve.law.rate:.2f}"
        )
        ax.grid(alpha=0.3, which="both")
        legend(ax)
    return figure


def _target_text(forecast: Forecast) -> str:
    runs = "no number of runs known" if forecast.why_not else f"{np.ceil(forecast.runs):.0f} runs"
    return f"target {number_text(forecast.target_error, 3)}:\n{runs}"
