"""The tables of an inspection: a row for each photo, and one for each crack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fieldwright.data.output.columns import Column
from fieldwright.data.output.csv_table import csv_bytes

QUANTITIES = ("length", "mean_width", "p95_width", "max_width", "area")
GROWN = ("length", "mean_width", "max_width")
Row = dict[str, Any]


def photos_table(abouts: Sequence[Row], rejected: Sequence[tuple[str, str]]) -> bytes:
    """CSV of all photos, those that could not be inspected with the reason alone.

    abouts: what was said of each photo, as `inspected_photo` gives it. rejected: name and sentence.
    """
    rows: list[Row] = [*abouts, *({"name": name, "problem": sentence} for name, sentence in rejected)]
    measured = [row.get("measurements", {}) for row in rows]
    columns = [
        _texts("photo", rows, lambda row: row["name"]),
        _texts("crack", rows, lambda row: _flag(row, "crack")),
        _texts("inside", rows, lambda row: _flag(row, "inside")),
        _texts("beware", rows, lambda row: row.get("why") or row.get("warning") or ""),
        _numbers("probability", rows, lambda row: row.get("probability")),
        _numbers("threshold", rows, lambda row: row.get("threshold")),
        _numbers("share", rows, lambda row: row.get("share")),
        *_quantities(measured),
        _numbers("cracks", measured, lambda one: one.get("components")),
        _numbers("branches", measured, lambda one: one.get("branches")),
        _numbers("scale", measured, lambda one: one.get("mm_per_px"), "mm/px"),
    ]
    growths = [row.get("growth") for row in rows]
    if any(one is not None for one in growths):
        numbers = [one if isinstance(one, dict) else {} for one in growths]
        for name in GROWN:
            columns += _bounded(f"growth of {name}", numbers, name)
        columns += [
            _numbers("new crack", numbers, lambda one: one.get("new_px2"), "px2"),
            _texts("growth", growths, lambda one: one if isinstance(one, str) else ""),
        ]
    return csv_bytes([*columns, _texts("problem", rows, lambda row: row.get("problem", ""))])


def cracks_table(abouts: Sequence[Row]) -> bytes:
    """CSV of every crack that was measured, photo by photo, the longest first."""
    cracks = [
        {"photo": about["name"]} | crack for about in abouts for crack in about["measurements"]["cracks"]
    ]
    columns = [
        _texts("photo", cracks, lambda crack: crack["photo"]),
        _numbers("crack", cracks, lambda crack: crack["number"]),
        *(
            _numbers(side, cracks, lambda crack, k=k: crack["box"][k], "px")
            for k, side in enumerate(("top", "left", "bottom", "right"))
        ),
        *_quantities(cracks),
        _numbers("branches", cracks, lambda crack: crack["branches"]),
        _numbers("tips", cracks, lambda crack: crack["tips"]),
    ]
    return csv_bytes(columns)


def _quantities(rows: Sequence[Row]) -> list[Column]:
    columns = [column for name in QUANTITIES for column in _bounded(name, rows, name)]
    columns.append(_numbers("orientation", rows, lambda row: row.get("orientation_deg"), "deg"))
    for k, which in enumerate(("lower", "upper")):
        columns.append(
            _numbers(
                f"orientation, {which}",
                rows,
                lambda row, k=k: (row.get("orientation_bounds_deg") or (None, None))[k],
                "deg",
            )
        )
    return columns


def _bounded(head: str, rows: Sequence[Row], key: str) -> list[Column]:
    """A quantity and its bounds; all rows have one unit, since they have one scale."""
    unit = next((row[key]["unit"] for row in rows if key in row), "")
    return [
        _numbers(f"{head}{more}", rows, lambda row, part=part: row.get(key, {}).get(part), unit)
        for part, more in (("value", ""), ("lower", ", lower"), ("upper", ", upper"))
    ]


def _numbers(head: str, rows: Sequence[Any], get: Callable[[Any], float | None], unit: str = "") -> Column:
    values = [get(row) for row in rows]
    return Column(head, np.array([np.nan if value is None else value for value in values], dtype=float), unit)


def _texts(head: str, rows: Sequence[Any], get: Callable[[Any], str]) -> Column:
    return Column(head, [get(row) for row in rows])


def _flag(row: Row, key: str) -> str:
    return str(row[key]).upper() if key in row else ""
