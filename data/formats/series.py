"""Series: a folder of numbered result files, or a `.series` list of them, as one transient run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Run, RunDescription, reader_for, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.ingest.series import join_times

_NUMBERED = re.compile(r"(?P<stem>.*?)(?P<number>\d+)(?P<suffix>\.[A-Za-z]\w*)")
_SUFFIXES = {".vtu", ".vtk", ".vtp", ".pvtu", ".pvtp", ".msh", ".med", ".csv", ".dat", ".npz", ".npy"}


class SeriesReader:
    """Reads folders of `name_0001.vtu`, `name_0002.vtu`, ... and ParaView's `.vtk.series` files.

    Files without a time are numbered 1, 2, ..., with a note.
    """

    name = "series"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """A folder with exactly one series of two or more files, or a `.series` file."""
        return path.is_file() if path.suffix.lower() == ".series" else len(_series_in(path)) == 1

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields and counts of the first file; the times and the size of all."""
        files, times = _files(path)
        described = [reader_for(file).describe(file) for file in (files if times is None else files[:1])]
        notes = described[0].notes
        if times is None and described[0].times is None:
            times, notes = _numbered(files), (*notes, _note(files))
        elif times is None:
            times = np.concatenate([one.times for one in described if one.times is not None])
        size = sum(file.stat().st_size for file in files)
        return replace(described[0], reader=self.name, times=times, size_bytes=size, notes=notes)

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All files in the order of their numbers; raises ReadError where mesh or fields change."""
        files, times = _files(path)
        reader = reader_for(files[0])
        runs = [reader.read(file, fields) for file in files]
        numbered = times is None and all(run.times is None for run in runs)
        if numbered:
            times = _numbered(files)
        if times is not None:
            runs = [replace(run, times=times[i : i + 1]) for i, run in enumerate(runs)]
        run = join_times(runs, [file.name for file in files])
        list_file = (path,) if path.is_file() else ()
        notes = (*run.notes, _note(files)) if numbered else run.notes
        return replace(run, files=(*list_file, *run.files), notes=notes)


def _files(path: Path) -> tuple[list[Path], np.ndarray | None]:
    """The files in the order of time, and their times where a list gives them."""
    if path.is_file():
        entries = json.loads(path.read_text(encoding="utf-8"))["files"]
        entries = sorted(entries, key=lambda entry: float(entry["time"]))
        files = [_listed(path, entry["name"]) for entry in entries]
        times = np.array([float(entry["time"]) for entry in entries])
    else:
        series = _series_in(path)
        if len(series) != 1:
            raise ReadError(
                f"The folder '{path.name}' must hold one series of numbered files",
                ", ".join(f"'{stem}*{suffix}'" for stem, suffix in series) or "none",
                'Name the files by a pattern in the study file: file = "name_*.vtu"',
            )
        ((files, times),) = ((files, None) for files in series.values())
    missing = [file for file in files if not file.is_file()]
    if missing or not files:
        got = f"no '{missing[0].name}'" if missing else "an empty list"
        raise ReadError(f"All files of the series '{path.name}' must be there", got, "Copy them too")
    return files, times


def _listed(path: Path, name: str) -> Path:
    """The file of a list's entry; OpenFOAM v1912 lists legacy files without their stem and suffix."""
    file = path.parent / name
    stem, suffix = Path(path.stem).stem, Path(path.stem).suffix
    return file if file.is_file() else path.parent / f"{stem}{name}{suffix}"


def _series_in(folder: Path) -> dict[tuple[str, str], list[Path]]:
    """Files of a folder by what stands before and after their number, rising; single files are no series."""
    series: dict[tuple[str, str], list[tuple[int, Path]]] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        parts = _NUMBERED.fullmatch(path.name)
        if parts and parts["suffix"].lower() in _SUFFIXES and path.is_file():
            series.setdefault((parts["stem"], parts["suffix"]), []).append((int(parts["number"]), path))
    return {
        key: [path for _, path in sorted(files)] for key, files in sorted(series.items()) if len(files) > 1
    }


def _numbered(files: Sequence[Path]) -> np.ndarray:
    return np.arange(1.0, len(files) + 1)


def _note(files: Sequence[Path]) -> str:
    return (
        f"the {len(files)} files give no time: they are numbered; name the files and give 'step' for seconds"
    )


register(SeriesReader())
