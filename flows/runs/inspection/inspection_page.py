"""The contents of a folder of runs, as a page on the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from fieldwright.data.ingest.inspection import Inspection, inspect_path


def inspect_runs(path: Path, console: Console) -> None:
    """Looks into a file or folder of runs and prints what it holds."""
    print_inspection(inspect_path(path), console)


def print_inspection(inspection: Inspection, console: Console) -> None:
    """Prints runs, reader, fields, times, mesh, sizes, parameters, and runs that differ from the others."""
    first = inspection.first
    many = f"{len(inspection.runs)} runs" if len(inspection.runs) > 1 else "one run"
    console.print(f"{inspection.folder}: {many}, read by '{inspection.reader}'", markup=False, soft_wrap=True)
    where = f"pattern {inspection.pattern}" + (f", file {inspection.file}" if inspection.file else "")
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
    if inspection.table is not None:
        columns = ", ".join(f"{name} [{unit or '?'}]" for name, unit in inspection.table.columns.items())
        console.print(f"Parameter table {inspection.table.path.name}: {columns}", markup=False)
        if inspection.table.without:
            console.print(f"Runs without a row: {', '.join(inspection.table.without)}", markup=False)
    if inspection.names is not None:
        console.print(f"The runs' names hold numbers: {inspection.names}", markup=False)
    if inspection.parameters:
        table = Table("differs between runs", "where", "from", "to")
        for parameter in inspection.parameters:
            values = list(parameter.values.values())
            where = parameter.expression or "in the result file"
            table.add_row(parameter.name, where, f"{min(values):g}", f"{max(values):g}")
        console.print(table)
    if inspection.mesh_rule is not None:
        rule, why = inspection.mesh_rule
        console.print(f'Meshes that differ: {why}; rule = "{rule}" in [mesh]', markup=False)
    for run, difference in inspection.unlike.items():
        console.print(f"Unlike the others: {run}: {difference}", markup=False)
    for note in (*inspection.notes, *first.notes):
        console.print(f"Note: {note}", markup=False)
