"""Runs of the heated plate on disk, as an engineer would find them: a folder a run and a table of parameters.

parameters.csv            run, heat_flux, convection, conductivity, youngs_modulus, expansion
UNITS.txt                 the unit of every column and field
run_0001/result.vtu       temperature, displacement, von_mises at the vertices
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from pathlib import Path

import meshio
import numpy as np
from threadpoolctl import threadpool_limits

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.plate import FIELD_UNITS, PARAMETER_NAMES, UNITS, PlateParameters
from fieldwright.physics.solvers.plate_solver import PlateFields, solve_plate

WORTH_SHARING = 16  # runs; starting two processes takes about as long as computing eight


def write_plate_runs(
    folder: Path,
    parameters: np.ndarray,
    first_number: int = 1,
    progress: Callable[[int, int], None] | None = None,
    processes: int | None = None,
) -> list[Path]:
    """Computes the runs that are not there yet and returns the folders (n,) of all requested ones.

    parameters: (n, 5) in the order and units of `plate.BOUNDS`; row i becomes run number first_number + i.
    progress: called with (finished, to compute) at the start and after every run.

    processes: of one thread each; by itself 2 where there are runs and cores enough to gain by it, otherwise 1.

    A run appears whole or not at all, and one that exists with the same parameters is left as it is. The files are
    the same bytes with one process and with several. A script that is run as a
    file must call this under `if __name__ == "__main__"`.
    Raises FieldwrightError when a run exists with other parameters, or a parameter is impossible.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    requests = {
        f"run_{first_number + i:04d}": PlateParameters(*map(float, row))
        for i, row in enumerate(np.asarray(parameters, dtype=float).reshape(-1, len(PARAMETER_NAMES)))
    }
    table = read_parameters(folder)
    missing = {}
    for name, request in requests.items():
        if name not in table or not (folder / name / "result.vtu").exists():
            missing[name] = request
        elif table[name] != request:
            raise FieldwrightError(
                f"'{name}' in {folder} must have the requested parameters",
                f"{table[name]} there, {request} requested",
                "Write to an empty folder, or remove that run",
            )
    _write_text(
        folder / "UNITS.txt", "".join(f"{name}: {unit}\n" for name, unit in (UNITS | FIELD_UNITS).items())
    )
    report = progress or (lambda finished, total: None)
    report(0, len(missing))
    # Listed before they are computed: a run without its row would be no use, a row without its run is computed.
    _write_table(folder, table | missing)
    for finished, _ in enumerate(_compute(folder, missing, processes), start=1):
        report(finished, len(missing))
    return [folder / name for name in requests]


def read_parameters(folder: Path) -> dict[str, PlateParameters]:
    """Run name to parameters, from the folder's parameters.csv; empty when there is none."""
    path = folder / "parameters.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {
            row["run"]: PlateParameters(*(float(row[name]) for name in PARAMETER_NAMES))
            for row in csv.DictReader(file)
        }


def write_result(path: Path, fields: PlateFields) -> None:
    """One run as a compressed binary VTU file in float64, with the displacement as three components."""
    mesh = meshio.Mesh(
        fields.points,
        [("triangle", fields.triangles)],
        point_data={
            "temperature": fields.temperature,
            "displacement": fields.displacement,
            "von_mises": fields.von_mises,
        },
    )
    mesh.write(path, file_format="vtu", binary=True, compression="zlib")


def _compute(folder: Path, runs: dict[str, PlateParameters], processes: int | None) -> Iterator[str]:
    jobs = [(folder, name, parameters) for name, parameters in runs.items()]
    if processes is None:
        processes = 2 if len(jobs) >= WORTH_SHARING and (os.cpu_count() or 1) > 1 else 1
    if processes == 1:
        yield from map(_compute_one, jobs)
        return
    # A forked copy of a process with threads (a flow runner, BLAS) can hang: these start afresh.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=fresh) as pool:
        yield from pool.map(_compute_one, jobs)


def _compute_one(job: tuple[Path, str, PlateParameters]) -> str:
    folder, name, parameters = job
    with threadpool_limits(1), tempfile.TemporaryDirectory(prefix=f".{name}_", dir=folder) as scratch:
        run_folder = Path(scratch) / name
        run_folder.mkdir()
        write_result(run_folder / "result.vtu", solve_plate(parameters))
        run_folder.rename(folder / name)
    return name


def _write_table(folder: Path, table: dict[str, PlateParameters]) -> None:
    rows = [["run", *PARAMETER_NAMES]]
    # repr gives the shortest digits that read back as the same number.
    rows += [[name, *map(repr, astuple(parameters))] for name, parameters in sorted(table.items())]
    _write_text(folder / "parameters.csv", "".join(",".join(row) + "\n" for row in rows))


def _write_text(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
