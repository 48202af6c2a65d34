"""What CalculiX prints into its .dat file: total forces and values of sets of nodes or elements."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from fieldwright.data.ingest.scalars.time_table import TimeTable

_HEADING = re.compile(
    r"^\s*(?P<name>[A-Za-z][^()]*?)\s*\((?P<columns>[^()]+)\)\s+for set\s+(?P<set>\S+)\s+and time\s+(?P<time>\S+)"
)


def read_print(path: Path, entry: str) -> TimeTable | None:
    """The printed block "total force" or "total force NFIX" by time; None where the file has no printed blocks.

    entry: the block's name, and that of the set where there are several. Raises KeyError where there is no such
    block or it has several rows at a time.
    """
    printed: dict[tuple[str, str], tuple[tuple[str, ...], dict[float, list[list[float]]]]] = {}
    rows: list[list[float]] | None = None
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if (heading := _HEADING.match(line)) is not None:
                columns = tuple(name.strip() for name in heading["columns"].split(","))
                key = " ".join(heading["name"].split()), heading["set"]
                rows = printed.setdefault(key, (columns, {}))[1].setdefault(float(heading["time"]), [])
            elif rows is not None and line.strip():
                rows.append([float(cell) for cell in line.split()])
    if not printed:
        return None
    named_blocks = [key for key in printed if entry in (key[0], " ".join(key))]
    if len(named_blocks) != 1:
        named = ", ".join(f"'{' '.join(key)}'" for key in printed)
        raise KeyError(f"{'no' if not named_blocks else 'more than one'} block '{entry}' among {named}")
    columns, blocks = printed[named_blocks[0]]
    if any(len(block) != 1 or len(block[0]) != len(columns) for block in blocks.values()):
        raise KeyError(f"several rows in the block '{entry}': a scalar needs a total ('TOTALS=ONLY')")
    times = np.array(sorted(blocks))
    return TimeTable(columns, times, np.array([blocks[time][0] for time in times.tolist()]))
