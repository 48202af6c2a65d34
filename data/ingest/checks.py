"""What a run must fulfil before it is accepted: one small function per rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.parameters.table import ParameterTable
from fieldwright.data.store.catalogue import RunRecord, StoredField

REASONS = (
    "not finite",
    "diverged",
    "truncated",
    "missing time steps",
    "does not repeat",
    "wrong mesh",
    "missing field",
    "missing parameter",
    "contradicting parameters",
    "duplicated",
    "unreadable",
)


def check_parameters(run: str, table: ParameterTable) -> dict[str, float]:
    """The run's row in the table; raises RunRejected where there is none, or where its own files contradict it."""
    row = table.row(run)
    if run in table.contradictions:
        raise RunRejected(
            "contradicting parameters",
            f"Run '{run}' must have the parameters that its own files have",
            table.contradictions[run],
            "Find out which is right and correct the other",
        )
    if row is None:
        raise RunRejected(
            "missing parameter",
            f"Run '{run}' must have its parameters {', '.join(table.names)}",
            table.problems.get(run, "no row of that name in the parameter table"),
            "Correct it there" if run in table.problems else "Add the row, or correct the name of the run",
        )
    return row


def check_fields(run: Run, names: Iterable[str], reference: Mapping[str, StoredField]) -> None:
    """The wanted fields are there, with place and components as in the accepted runs."""
    for name in names:
        if name not in run.fields:
            raise RunRejected(
                "missing field",
                f"A run must have the field '{name}'",
                f"the fields {', '.join(run.fields) or 'none'}",
                "Have the solver write it, or correct 'fields' in the study file",
            )
        got, expected = _form(run.fields[name]), _form(reference.get(name, run.fields[name]))
        if got != expected:
            raise RunRejected(
                "missing field",
                f"Field '{name}' must be {expected} as in the accepted runs",
                got,
                "Export all runs alike",
            )


def check_finite(run: Run) -> None:
    """No coordinate of the mesh and no value is NaN or infinite."""
    for on, places in (("point", run.mesh.points), ("cell", run.mesh.cell_centres)):
        if places is None:
            continue
        bad = ~np.isfinite(places).all(axis=1)
        if bad.any():
            raise RunRejected(
                "not finite",
                f"All {on}s of the mesh must have finite coordinates",
                f"{bad.sum()} of {len(places)} without, first {on} {int(np.argmax(bad))}",
                "If the solver wrote them, the run diverged: look at its log and run the case again",
            )
    for name, field in run.fields.items():
        # A sum is finite only if all values are, and needs no copy of the array; it may overflow though.
        if np.isfinite(np.sum(field.values)):
            continue
        bad = ~np.isfinite(field.values)
        if bad.any():
            time, place, _ = (int(i[0]) for i in np.nonzero(bad))
            raise RunRejected(
                "not finite",
                f"All values of '{name}' must be finite",
                f"{bad.sum()} of {bad.size} not finite, first at {field.on} {place}, time step {time + 1}",
                "If the solver wrote them, the run diverged: look at its log and run the case again",
            )


def check_bound(run: Run, bound: float) -> None:
    """No value is larger than the bound in magnitude: beyond it a run counts as diverged."""
    for name, field in run.fields.items():
        largest = max(float(np.max(field.values)), -float(np.min(field.values))) if field.values.size else 0.0
        if largest > bound:
            raise RunRejected(
                "diverged",
                f"The values of '{name}' must stay within {bound:g}",
                f"{largest:g}",
                "Look at the solver's log; raise 'bound' in the study file if the value is right",
            )


def check_duplicate(record: RunRecord, accepted: Iterable[RunRecord]) -> None:
    """No accepted run of another name has the very same results; the same parameters with others are a replicate."""
    for other in accepted:
        if other.name == record.name or other.results != record.results:
            continue
        same = dict(other.parameters) == dict(record.parameters)
        raise RunRejected(
            "duplicated",
            "Each run must have results of its own",
            f"the same results as '{other.name}' with {'the same' if same else 'different'} parameters",
            "Delete one of the two runs" if same else "Find out which run is right",
        )


def _form(field: Field | StoredField) -> str:
    components = f"of components {', '.join(field.components)}" if len(field.components) > 1 else "a scalar"
    return f"{components} on {field.on}s"
