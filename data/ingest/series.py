"""Series: one run written as one file per time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Reader, Run


def read_series(
    reader: Reader, paths: Sequence[Path], fields: Sequence[str] | None, step: float | None = None
) -> Run:
    """The files of one run in the order of time, as one Run.

    step: seconds from file to file, the first one at `step`, for files without a time.
    Raises ReadError where times are unknown or do not rise, or where the files do not share mesh and fields.
    """
    runs = [reader.read(path, fields) for path in paths]
    if len(runs) == 1:
        return runs[0]
    if step is not None:
        runs = [replace(run, times=np.array([step * i])) for i, run in enumerate(runs, start=1)]
    return join_times(runs, [path.name for path in paths])


def join_times(runs: Sequence[Run], names: Sequence[str]) -> Run:
    """The runs one after the other; `names` of their files for the errors, which are those of `read_series`."""
    first = runs[0]
    for name, run in zip(names, runs, strict=True):
        if run.mesh.hash != first.mesh.hash:
            raise ReadError(
                "All files of a series must have one mesh",
                f"another mesh in '{name}' than in '{names[0]}'",
                "Write the run on a fixed mesh",
            )
        if run.fields.keys() != first.fields.keys():
            raise ReadError(
                "All files of a series must hold the same fields",
                f"{', '.join(run.fields)} in '{name}' and {', '.join(first.fields)} in '{names[0]}'",
                "Name the fields in the study file, or write them at every time",
            )
    values = {
        name: replace(field, values=np.concatenate([run.fields[name].values for run in runs]))
        for name, field in first.fields.items()
    }
    files = tuple(dict.fromkeys(path for run in runs for path in run.files))
    return Run(first.mesh, values, _times(runs, names), files, first.notes)


def _times(runs: Sequence[Run], names: Sequence[str]) -> np.ndarray:
    times_of_runs = [run.times for run in runs if run.times is not None]
    if len(times_of_runs) < len(runs):
        raise ReadError(
            "The times of a series of files must be known",
            f"'{names[0]}' and {len(names) - 1} more without a time",
            "Give 'step' under [runs] in the study file, or write a PVD collection beside the files",
        )
    times = np.concatenate(times_of_runs)
    if not np.all(np.diff(times) > 0):
        raise ReadError(
            "The times of a series of files must rise in the order of the file names",
            f"{times[int(np.argmin(np.diff(times)))]:g} before {times[int(np.argmin(np.diff(times))) + 1]:g}",
            "Rename the files, or name the right ones by 'file' in the study file",
        )
    return times
