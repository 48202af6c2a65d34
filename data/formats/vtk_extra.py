"""What VTK itself reads: EnSight Gold, CGNS, multi-block and HDF files, grids in XML. Needs the extra "vtk"."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.text.joined_blocks import join_parts
from fieldwright.data.formats.parsing.vtk.vtk_cells import mesh_of
from fieldwright.data.formats.parsing.vtk.vtk_pieces import component_names

_SUFFIXES = {
    ".case",
    ".encas",
    ".cgns",
    ".vtm",
    ".vtmb",
    ".vtkhdf",
    ".vti",
    ".vtr",
    ".vts",
    ".pvti",
    ".pvtr",
    ".pvts",
}
_LISTS = (".case", ".encas", ".vtm", ".vtmb")
_LIMIT_S = 1800


class VtkExtraReader:
    """Reads by VTK in a process of its own; of blocks of different dimensions those of the highest."""

    name = "vtk-extra"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix."""
        return path.suffix.lower() in _SUFFIXES and path.is_file()

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and times; VTK reads the whole file for them."""
        run = _read(path, None)
        infos = {name: FieldDescription(f.on, f.components) for name, f in run.fields.items()}
        n_points, n_cells, size = run.mesh.n_points, run.mesh.n_cells, path.stat().st_size
        return RunDescription(self.name, infos, n_points, n_cells, run.times, size, run.notes)

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All times of the named fields; raises ReadError where VTK is missing, crashes or finds no mesh."""
        return _read(path, fields)


def _read(path: Path, fields: Sequence[str] | None) -> Run:
    if importlib.util.find_spec("pyvista") is None:
        raise ReadError(
            f"Files like '{path.name}' need the extra 'vtk'",
            "an installation without it",
            'Run: pip install "fieldwright[vtk]"',
        )
    with tempfile.TemporaryDirectory(prefix="fieldwright-vtk-") as folder:
        target = Path(folder) / "arrays.npz"
        command = [
            sys.executable,
            "-m",
            "fieldwright.data.formats.parsing.vtk.vtk_worker",
            str(path.resolve()),
            str(target),
        ]
        process = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
        # VTK only logs that it left out what it could not read.
        if process.returncode or not target.exists() or "ERR|" in process.stderr:
            raise ReadError(
                f"'{path.name}' must be a file that VTK can read", _error_text(process), "Write it again"
            )
        with np.load(target, allow_pickle=False) as arrays:
            return _run({name: arrays[name] for name in arrays}, path, fields)


def _error_text(process: subprocess.CompletedProcess[str]) -> str:
    if process.returncode < 0:
        return f"a crash of VTK ({signal.Signals(-process.returncode).name})"
    lines = [line.strip() for line in process.stderr.splitlines() if line.strip()]
    errors = [line.split("ERR|", 1)[1].strip() for line in lines if "ERR|" in line]
    return f"'{(errors or lines)[-1][:200]}'" if lines else "no arrays"


def _run(arrays: dict[str, np.ndarray], path: Path, fields: Sequence[str] | None) -> Run:
    if len(arrays["parts"]) == 0:
        raise ReadError(
            f"'{path.name}' must hold a mesh", "no block with points", "Write it again from the solver"
        )
    parts = [_part(arrays, i, fields, path) for i in range(len(arrays["parts"]))]
    run = join_parts(parts, path.name)
    n_left_out = int(arrays["left_out"])
    notes = (f"{n_left_out} blocks of lower dimension left out",) if n_left_out else ()
    return replace(run, files=(path, *_named_in(path)), notes=(*run.notes, *notes))


def _named_in(path: Path) -> list[Path]:
    """The files that a list of files names, in EnSight with stars for the number of the step."""
    if path.suffix.lower() not in _LISTS:
        return []
    text = path.read_text(errors="replace")
    beside = sorted(file for file in path.parent.rglob("*") if file.is_file() and file != path)
    return [file for file in beside if file.name in text or re.sub(r"\d", "*", file.name) in text]


def _part(arrays: dict[str, np.ndarray], i: int, fields: Sequence[str] | None, path: Path) -> Run:
    mesh_arrays = (arrays[f"{i}/{name}"] for name in ("points", "connectivity", "ends", "types"))
    mesh, positions = mesh_of(*mesh_arrays)
    times = arrays["times"] if len(arrays["times"]) else None
    steps: dict[tuple[str, str], list[np.ndarray]] = {}
    for key, values in arrays.items():
        words = key.split("/", 3)
        if words[0] == str(i) and len(words) == 4:
            steps.setdefault((words[2], words[3]), []).append(values)
    read = {}
    for (place, name), rows in steps.items():
        key = f"{name} (cell)" if place == "cell" and ("point", name) in steps else name
        if (fields is not None and key not in fields) or len(rows) != max(1, len(arrays["times"])):
            continue
        values = np.stack([row.reshape(len(row), -1) for row in rows])
        if values.dtype not in (np.float32, np.float64):
            values = values.astype(np.float64)
        components = component_names(values.shape[2])
        if place == "point":
            read[key] = Field(values, "point", components)
        else:
            read[key] = Field(values[:, positions], "cell", components)
    missing = [name for name in fields or () if name not in read]
    if missing:
        names = ", ".join(sorted({name for _, name in steps})) or "none"
        must = f"Every time and block of '{path.name}' must hold the field '{missing[0]}'"
        raise ReadError(must, f"the fields {names}", "Correct 'fields' in the study file")
    return Run(mesh, read, times, (path,))


register(VtkExtraReader())
