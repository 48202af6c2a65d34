"""Reads a file by VTK in a process of its own, which VTK can crash.

`python -m fieldwright.data.formats.parsing.vtk.vtk_worker FILE OUT.npz` writes what it finds.

OUT.npz holds plain arrays alone: "times", "parts" (numbers of points and cells), and for every part i "i/points",
"i/connectivity", "i/ends", "i/types", and "i/t/point/NAME" or "i/t/cell/NAME" at every time t.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np

_BOOKKEEPING = ("vtkGhostType", "vtkOriginalPointIds", "vtkOriginalCellIds")


def main(source: str, target: str) -> None:
    """Writes what VTK makes of the file; all problems end the process with a message on stderr."""
    pyvista = import_module("pyvista")
    pipeline = import_module("vtkmodules.vtkCommonExecutionModel").vtkStreamingDemandDrivenPipeline
    reader = pyvista.get_reader(source).reader
    reader.UpdateInformation()
    information = reader.GetOutputInformation(0)
    times = list(information.Get(pipeline.TIME_STEPS()) or ())
    arrays: dict[str, Any] = {"times": np.array(times, dtype=float)}
    counts, left_out = [], 0
    for t, time in enumerate(times or [None]):
        reader.Update() if time is None else reader.UpdateTimeStep(time)
        leaves = list(_leaves(pyvista.wrap(reader.GetOutputDataObject(0))))
        dimension = max((_dimension(leaf) for leaf in leaves), default=0)
        parts = [leaf.cast_to_unstructured_grid() for leaf in leaves if _dimension(leaf) == dimension]
        left_out = len(leaves) - len(parts)
        for i, part in enumerate(parts):
            mesh = {
                "points": np.array(part.points, dtype=float),
                "connectivity": np.array(part.cell_connectivity),
                "ends": np.array(part.offset[1:]),
                "types": np.array(part.celltypes),
            }
            for name, values in mesh.items():
                if t and not np.array_equal(arrays[f"{i}/{name}"], values):
                    raise SystemExit("the mesh changes with time")
                arrays[f"{i}/{name}"] = values
            for place, data in (("point", part.point_data), ("cell", part.cell_data)):
                for name in data:
                    if name not in _BOOKKEEPING and np.asarray(data[name]).dtype.kind in "fiu":
                        arrays[f"{i}/{t}/{place}/{name}"] = np.array(data[name])
            if t == 0:
                counts.append((part.n_points, part.n_cells))
            if time is None and "TimeValue" in part.field_data:
                arrays["times"] = np.array(part.field_data["TimeValue"], dtype=float)[:1]
    arrays["parts"], arrays["left_out"] = np.array(counts).reshape(-1, 2), np.array(left_out)
    np.savez(target, **arrays)


def _leaves(data: Any) -> Iterator[Any]:
    """The blocks that hold points, of blocks within blocks."""
    if data is None:
        return
    if hasattr(data, "n_blocks"):
        for block in data:
            yield from _leaves(block)
    elif data.n_points:
        yield data


def _dimension(leaf: Any) -> int:
    types = {int(kind) for kind in leaf.cast_to_unstructured_grid().celltypes}
    flat = {1: 0, 2: 0, 3: 1, 4: 1, 21: 1, 35: 1, 5: 2, 6: 2, 7: 2, 8: 2, 9: 2, 22: 2, 23: 2, 28: 2, 34: 2}
    return max((flat.get(kind, 3) for kind in types), default=0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
