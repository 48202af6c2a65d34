"""Series: one run written as one file per time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.errors import ReadError
from data.formats import Reader, Run


def read_series(
    reader: Reader, paths: Sequence[Path], fields: Sequence[str] | None, step: float | None = None
) -> Run:
    """The files of one run in the order of time, as one Run.

    step: seconds from file to file, the first one at `step`, for files that do not tell their time.
    Raises ReadError where times are unknown or do not rise, or where the files do not share a mesh.
    """
    runs = [reader.read(path, fields) for path in paths]
    if len(runs) == 1:
        return runs[0]
    first = runs[0]
    for path, run in zip(paths, runs, strict=True):
        if run.mesh.hash != first.mesh.hash:
            raise ReadError(
                "All files of a series must have one mesh",
                f"another mesh in '{path.name}' than in '{paths[0].name}'",
                "Write the run on a fixed mesh",
            )
    values = {
        name: replace(field, values=np.concatenate([run.fields[name].values for run in runs]))
        for name, field in first.fields.items()
    }
    files = tuple(path for run in runs for path in run.files)
    return Run(first.mesh, values, _times(runs, paths, step), files, first.notes)


def _times(runs: Sequence[Run], paths: Sequence[Path], step: float | None) -> np.ndarray:
    if step is not None:
        return step * np.arange(1, len(runs) + 1)
    known = [run.times for run in runs if run.times is not None]
    if len(known) < len(runs):
        raise ReadError(
            "The times of a series of files must be known",
            f"'{paths[0].name}' and {len(paths) - 1} more without a time",
            "Give 'time_step' in the study file, or write a PVD collection beside the files",
        )
    times = np.concatenate(known)
    if not np.all(np.diff(times) > 0):
        raise ReadError(
            "The times of a series of files must rise in the order of the file names",
            f"{times[int(np.argmin(np.diff(times)))]:g} before {times[int(np.argmin(np.diff(times))) + 1]:g}",
            "Rename the files, or name the right ones by 'file' in the study file",
        )
    return times
