"""One run from its files to a staged group or a rejection: what a worker does, in any process."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fieldwright.data.disk import unreadable
from fieldwright.data.errors import DivergedError, ReadError, RunRejected, StoreError
from fieldwright.data.formats import Reader, Run, reader_for, reader_named
from fieldwright.data.formats.parsing.kept_values import kept_while_reading
from fieldwright.data.ingest.cell_point_conversion import converted
from fieldwright.data.ingest.checks import check_bound, check_fields, check_finite
from fieldwright.data.ingest.cycles.one_period import mean_over_time, one_period
from fieldwright.data.ingest.rules import MeshRule, Rules
from fieldwright.data.ingest.scalars.scalar_values import read_scalars
from fieldwright.data.ingest.series import read_series
from fieldwright.data.ingest.solver_log import check_log, failure_in_logs
from fieldwright.data.ingest.sources import RunSource, with_sums
from fieldwright.data.ingest.timebase import check_times
from fieldwright.data.mesh.mapping import Mapping as MeshMapping
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.mesh_difference import difference, remedy, same_connectivity
from fieldwright.data.mesh.own_meshes.morphing import Morphing
from fieldwright.data.mesh.own_meshes.own_coordinates import on_own_coordinates
from fieldwright.data.mesh.places import regular_grid
from fieldwright.data.mesh.renumbering import renumbered, renumbering
from fieldwright.data.store.catalogue import RunRecord, SourceFile, StoredField
from fieldwright.data.store.groups import MESHES, read_mesh
from fieldwright.data.store.staging import stage


@dataclass(frozen=True)
class Reference:
    """What the runs of a study share: the mesh, and the times and fields of the first accepted run."""

    mesh: str | None = None
    times: tuple[float, ...] | None = None
    fields: Mapping[str, StoredField] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """All that a worker needs to bring one run into the incoming folder of a store.

    scalars: those of the run that a table of all runs has.
    """

    source: RunSource
    files: tuple[SourceFile, ...]
    parameters: Mapping[str, float]
    scalars: Mapping[str, float]
    units: Mapping[str, str | None]
    settings: str
    rules: Rules
    store: Path
    incoming: Path
    reference: Reference

    def draft(self) -> RunRecord:
        """The record as far as it is known before the run is read."""
        return RunRecord(
            self.source.name,
            "rejected",
            self.parameters,
            self.units,
            sources=self.files,
            settings=self.settings,
        )


def prepare(task: Task) -> RunRecord:
    """Reads, checks and stages one run: an accepted record of a staged group, or a rejected one with the reason.

    Raises StoreError where the store cannot be written; nothing that is wrong with the run itself is raised.
    """
    draft = task.draft()
    try:
        run, reader = _read(task)
        sources = with_sums(task.files, run.files)
        draft = replace(draft, reader=reader.name, reader_version=reader.version, sources=sources)
        run, span = _checked(run, task)
        scalars, files = read_scalars(
            task.source.name, task.source.folder, task.rules.scalars, task.scalars, span
        )
        draft = replace(draft, sources=with_sums(task.files, (*run.files, *files)))
        run = replace(run, fields=run.fields | scalars)
        return stage(task.store, task.incoming, run, replace(draft, notes=run.notes))
    except RunRejected as why:
        return replace(draft, reason=why.reason, sentence=str(why))
    except StoreError:
        raise
    except (Exception, SystemExit) as error:
        # One run must not stop the others, whatever a library trips over in it. What it was may lie outside the
        # run, so it is tried again at the next ingestion: no settings, no standing.
        return not_readable(draft, task.source.path, error)


def not_readable(draft: RunRecord, path: Path, error: BaseException) -> RunRecord:
    """The record of a run that failed for another reason than its content; it is tried again next time."""
    why = unreadable(path, error) if isinstance(error, OSError) else None
    why = why or RunRejected(
        "unreadable",
        f"Run '{draft.name}' must be readable",
        f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
        "Look at its files, or leave the run out",
    )
    return replace(draft, reason=why.reason, sentence=str(why), settings="")


def _read(task: Task) -> tuple[Run, Reader]:
    source, rules, reader = task.source, task.rules, None
    check_log(source.path, rules.log, rules.log_failed)
    try:
        reader = reader_named(rules.reader) if rules.reader else reader_for(source.files[0])
        run = read_series(reader, source.files, list(rules.fields), rules.step)
    except ReadError as error:
        failure = None if isinstance(error, DivergedError) else failure_in_logs(source.path)
        if failure is not None:
            got = f"{error.got.rstrip('.')}; the solver says {failure}"
            raise RunRejected(DivergedError.reason, error.must, got, error.do) from error
        raise RunRejected(_reason(error, reader, task), error.must, error.got, error.do) from error
    fields = {name: replace(f, unit=rules.fields[name] or f.unit) for name, f in run.fields.items()}
    return replace(run, fields=fields), reader


def _reason(error: ReadError, reader: Reader | None, task: Task) -> str:
    if error.reason == "unreadable" and reader is not None:
        with suppress(ReadError):
            described = reader.describe(task.source.files[0]).fields
            if not task.rules.fields.keys() <= described.keys():
                return "missing field"
    return error.reason


def _checked(run: Run, task: Task) -> tuple[Run, tuple[float, float] | None]:
    """The run as it is to be stored, on the places, mesh and times of the study; raises RunRejected.

    Second come the first and last time that count, None where the whole run does.
    """
    rules, reference = task.rules, task.reference
    check_finite(run)
    check_bound(run, rules.bound)
    fields = {
        name: converted(f, run.mesh, rules.places[name]) if name in rules.places else f
        for name, f in run.fields.items()
    }
    run = replace(run, fields=fields)
    check_fields(run, rules.fields, reference.fields)
    span = None
    if rules.time.rule == "periodic":
        run, span = one_period(run, rules.time, task.parameters)
    elif rules.time.rule == "mean":
        run, span = mean_over_time(run, rules.time)
    elif reference.times is not None:
        check_times(run.times, np.array(reference.times) if reference.times else None, rules.time)
    if reference.mesh is None:
        return _as_study_mesh(run, rules.mesh), span
    return _on_study_mesh(run, task), span


def _as_study_mesh(run: Run, rule: MeshRule) -> Run:
    """The first run, whose mesh is the study's, or on a grid over it."""
    if rule.rule == "follow":
        return on_own_coordinates(run, None)
    if rule.rule == "morph":
        return Morphing(run.mesh)(run, rule.largest_error)
    return (
        run if rule.grid is None else MeshMapping(regular_grid(run.mesh, rule.grid))(run, rule.largest_error)
    )


def _on_study_mesh(run: Run, task: Task) -> Run:
    rule, study = task.rules.mesh, _mapping(task.store, str(task.reference.mesh))
    if rule.rule == "follow":
        if not same_connectivity(run.mesh, study.reference):
            order = renumbering(run.mesh, study.reference, rule.tolerance)
            run = run if order is None else renumbered(run, order, study.reference)
        return on_own_coordinates(run, study.reference)
    if rule.rule == "morph":
        return _morphing(task.store, str(task.reference.mesh))(run, rule.largest_error)
    if run.mesh.same_as(study.reference):
        # The one mesh, of which the hash is known, for all runs.
        return replace(run, mesh=study.reference)
    order = renumbering(run.mesh, study.reference, rule.tolerance)
    if order is not None:
        note = "the same mesh in another numbering or within the tolerance: put in the order of the study's"
        return replace(renumbered(run, order, study.reference), notes=(*run.notes, note))
    if rule.rule == "same" and rule.grid is None:
        raise RunRejected(
            "wrong mesh",
            f"A run must be on the mesh of the study ({_counts(study.reference)})",
            difference(run.mesh, study.reference),
            remedy(
                run.mesh,
                study.reference,
                "Run it on that mesh, have it mapped ('mesh' in the study file), or begin a new store for a new mesh",
            ),
        )
    return study(run, rule.largest_error)


@kept_while_reading(2)
def _mapping(store: Path, mesh: str) -> MeshMapping:
    return MeshMapping(read_mesh(store / MESHES / mesh))


@kept_while_reading(2)
def _morphing(store: Path, mesh: str) -> Morphing:
    return Morphing(read_mesh(store / MESHES / mesh))


def _counts(mesh: Mesh) -> str:
    return f"{mesh.n_points} points, {mesh.n_cells} cells"
