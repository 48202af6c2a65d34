"""What is at a path, as a page on the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from fieldwright.data.ingest.inspection import Inspection, inspect_path


def inspect_runs(path: Path, console: Console) -> None:
    """Looks into a file or folder of runs and prints what it holds."""
    print_inspection(inspect_path(path), console)


def print_inspection(found: Inspection, console: Console) -> None:
    """Prints runs, reader, fields, times, mesh, sizes, parameters, and what is unlike the rest."""
    first = found.first
    many = f"{len(found.runs)} runs" if len(found.runs) > 1 else "one run"
    console.print(f"{found.folder}: {many}, read by '{found.reader}'", markup=False, soft_wrap=True)
    where = f"pattern {found.pattern}" + (f", file {found.file}" if found.file else "")
    console.print(
        f"{where}; the first: {first.n_points:,} points, {first.n_cells:,} cells, ", markup=False, end=""
    )
    console.print(f"{first.size_bytes / 1e6:.3g} MB", markup=False)
    if first.times is not None:
        console.print(f"{len(first.times)} times from {first.times[0]:g} to {first.times[-1]:g}")
    fields = Table("field", "on", "components", "unit")
    for name, info in first.fields.items():
        fields.add_row(name, info.on, " ".join(info.components) or "scalar", info.unit or "?")
    console.print(fields)
    if found.table is not None:
        columns = ", ".join(f"{name} [{unit or '?'}]" for name, unit in found.table.columns.items())
        console.print(f"Parameter table {found.table.path.name}: {columns}", markup=False)
        if found.table.without:
            console.print(f"Runs without a row: {', '.join(found.table.without)}", markup=False)
    if found.names is not None:
        console.print(f"The runs' names hold numbers: {found.names}", markup=False)
    if found.parameters:
        table = Table("differs between runs", "where", "from", "to")
        for parameter in found.parameters:
            values = list(parameter.values.values())
            where = parameter.expression or "in the result file"
            table.add_row(parameter.name, where, f"{min(values):g}", f"{max(values):g}")
        console.print(table)
    for run, what in found.unlike.items():
        console.print(f"Unlike the rest: {run}: {what}", markup=False)
    for note in (*found.notes, *first.notes):
        console.print(f"Note: {note}", markup=False)
