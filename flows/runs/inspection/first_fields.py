"""Which fields a first study learns: those of all runs, without what solvers write for their own use."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from fieldwright.data.errors import FieldwrightError
from fieldwright.data.formats import Run, reader_named
from fieldwright.data.ingest.inspection import Inspection
from fieldwright.data.ingest.series import read_series
from fieldwright.data.ingest.sources import find_runs

# Runs that are read to look at values, and the size of one beyond which that would take too long.
_LOOKED_INTO = 3
_LARGEST = 100 << 20
_BY_PRODUCTS = {
    "ERROR": "the solver's estimate of its own error",
    "HERROR": "the solver's estimate of its own error",
    "TOSTRAIN": "strain, which follows from the displacements",
    "MESTRAIN": "strain, which follows from the displacements",
    "phi": "the flux that the solver keeps between its steps",
}
_NUMBERS = re.compile(
    r"((material|region|element|node|point|cell|global|proc(essor)?|part|domain|body|block|object)[ _]?)?"
    r"(id|ids|label|labels|index|rank|tag)|vtk(Original|Ghost|Valid)\w+|gmsh:\w+|medit:ref|pedigree\w*",
    re.I,
)


def omitted_fields(inspection: Inspection) -> dict[str, str]:
    """Fields that a first study does not ask for, with the reason; none where no other would be left."""
    reasons: dict[str, str] = {}
    described = inspection.described
    for name, info in inspection.first.fields.items():
        form = (info.on, info.components)
        lacking = [
            run
            for run, one in described.items()
            if name not in one.fields or (one.fields[name].on, one.fields[name].components) != form
        ]
        if lacking:
            reasons[name] = (
                f"not, or otherwise, in {len(lacking)} of {len(described)} runs, such as {lacking[0]}"
            )
        elif name in _BY_PRODUCTS:
            reasons[name] = _BY_PRODUCTS[name]
        elif name.endswith("_0") and name[:-2] in inspection.first.fields:
            reasons[name] = "the field of the step before, which the solver keeps"
        elif _NUMBERS.fullmatch(name):
            reasons[name] = "a number of parts"
    runs = some_runs(inspection, [name for name in inspection.first.fields if name not in reasons])
    for name in runs[0].fields if runs else ():
        values = [run.fields[name].values for run in runs]
        if not any(np.isfinite(one).all() for one in values):
            reasons[name] = "not finite in the runs that were looked into"
        elif _never_varies(values):
            reasons[name] = "the same in all runs that were looked into"
    return reasons if reasons.keys() < inspection.first.fields.keys() else {}


def _never_varies(values: Sequence[np.ndarray]) -> bool:
    first = values[0]
    if len(values) == 1:
        return bool(np.all(first == first[:1]) and len(first) > 1)
    return all(one.shape == first.shape and np.array_equal(one, first) for one in values[1:])


def some_runs(inspection: Inspection, fields: Sequence[str]) -> list[Run]:
    """The first, middle and last run, those of them that can be read and are small enough."""
    if not fields or inspection.first.size_bytes > _LARGEST:
        return []
    try:
        sources = find_runs(inspection.folder, inspection.pattern, inspection.file, inspection.reader)
    except FieldwrightError:
        return []
    runs = []
    for index in sorted({0, len(sources) // 2, len(sources) - 1}):
        try:
            runs.append(read_series(reader_named(inspection.reader), sources[index].files, fields, 1.0))
        except (FieldwrightError, OSError, ValueError, IndexError):
            continue
    return runs[:_LOOKED_INTO]
