"""The table and the figure of `benchmarks.pinn`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import NullFormatter

from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import line_style, panels, png

Results = Sequence[Mapping[str, Any]]


def table(results: Results, cases: Mapping[str, Mapping[str, Any]]) -> str:
    """Two tables in Markdown: default against plain, and every other recipe."""
    lines = [
        "| case | aim | default: median error (worst), seeds | held-out residual | CPU s | wall s"
        " | plain | plain, double | times better | published |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, case in cases.items():
        ours = _of(results, name, "default")
        if not ours:
            continue
        errors = [r["error"] for r in ours]
        plain = [r["error"] for recipe in ("plain", "plain64") for r in _of(results, name, recipe)]
        cells = [
            name,
            "" if case["aim"] is None else f"{case['aim']:.0e}",
            f"{np.median(errors):.1e} ({max(errors):.1e}), {len(errors)}",
            f"{np.median([r['residual'] for r in ours]):.1e}",
            f"{np.mean([r['cpu'] for r in ours]):.0f}",
            f"{np.mean([r['wall'] for r in ours]):.0f}",
            _errors(_of(results, name, "plain")),
            _errors(_of(results, name, "plain64")),
            f"{min(plain) / np.median(errors):.0e}" if plain else "",
            case["published"],
        ]
        lines.append("| " + " | ".join(cells) + " |")
    others = [r for r in results if r["recipe"] not in ("default", "plain", "plain64")]
    if others:
        lines += [
            "",
            "| case | recipe | error | held-out residual | CPU s | wall s |",
            "|---|---|---|---|---|---|",
        ]
        for r in others:
            lines.append(
                f"| {r['case']} | {r['recipe']} | {r['error']:.1e} | {r['residual']:.1e} | {r['cpu']:.0f}"
                f" | {r['wall']:.0f} |"
            )
    return "\n".join(lines)


def draw(results: Results, path: Path) -> None:
    """Error against CPU seconds, one panel for each case, default and plain."""
    names = list(dict.fromkeys(r["case"] for r in results if r["way"]))
    columns = 4
    figure, axes = panels(-(-len(names) // columns), columns, (3.2, 2.6))
    for ax, name in zip(axes, names, strict=False):
        for i, recipe in enumerate(("default", "plain", "plain64")):
            for number, result in enumerate(_of(results, name, recipe)):
                ways = np.array(result["way"]).T
                ax.loglog(*ways, **line_style(i), label=recipe if number == 0 else None)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_minor_formatter(NullFormatter())  # they would overlap
        label(ax, "CPU time", "error", x_unit="s", title=name)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    axes[0].legend(fontsize=7, frameon=False)
    path.write_bytes(png(figure))


def _of(results: Results, name: str, recipe: str) -> list[Mapping[str, Any]]:
    return [r for r in results if r["case"] == name and r["recipe"] == recipe]


def _errors(of: Sequence[Mapping[str, Any]]) -> str:
    return f"{np.median([r['error'] for r in of]):.1e}" if of else ""
