"""The answer to one query as a table on a terminal."""

from __future__ import annotations

import numpy as np
from rich.console import Console
from rich.table import Table

from fieldwright.data.output.columns import Column
from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.commands.predictions.version_answer import VersionAnswer

DIGITS = 5
MOST_TIMES = 6
"""Times of a transient quantity that are printed."""


def print_answer(answer: VersionAnswer, console: Console) -> None:
    """Prints each quantity with its band and unit, and whether the query is inside, with why."""
    named = {_key(column): column for column in answer.columns if column.about.get("statistic")}
    times = next((column.times for column in named.values() if column.times), None)
    table = Table()
    for name in ("", *(("time",) if times else ()), "value", "lower", "upper", "unit"):
        table.add_column(name, justify="left" if name in ("", "unit") else "right")
    for (label, statistic), column in named.items():
        if statistic != "mean":
            continue
        parts = [named.get((label, one)) for one in ("mean", "lower", "upper")]
        if column.times is None:
            when = ("",) if times else ()
            table.add_row(label, *when, *(_text(part) for part in parts), column.unit)
            continue
        for k in _times_printed(len(column.times)):
            row = (number_text(column.times[k], DIGITS), *(_text(part, k) for part in parts))
            table.add_row(label, *row, column.unit)
    console.print(table)
    if times and len(times) > MOST_TIMES:
        console.print(f"{MOST_TIMES} of {len(times)} times; --out answer.csv writes all of them.")
    console.print(answer.bands, markup=False)
    why = answer.why[0]
    if not answer.inside[0]:
        console.print(
            f"OUTSIDE the domain, where no band is promised: {why}.",
            style="bold",
            markup=False,
            soft_wrap=True,
        )
    else:
        console.print(f"Inside the domain{f', but: {why}' if why else ''}.", markup=False, soft_wrap=True)


def _key(column: Column) -> tuple[str, str]:
    about = column.about
    return about.get("quantity") or about["output"], about["statistic"]


def _text(column: Column | None, k: int | None = None) -> str:
    if column is None or not isinstance(column.values, np.ndarray):
        return "-"
    return number_text(float(column.values[0] if k is None else column.values[0, k]), DIGITS)


def _times_printed(n: int) -> list[int]:
    """Positions of the first, the last and others in even steps."""
    return np.unique(np.linspace(0, n - 1, min(n, MOST_TIMES)).round().astype(int)).tolist()
