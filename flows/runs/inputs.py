"""The requirements of a study on its runs and the sources of their parameters, in the terms of `fieldwright.data`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from fieldwright.data.ingest.ingestion import IngestReport, ingest_sources
from fieldwright.data.ingest.parameters.case_values import table_from_cases
from fieldwright.data.ingest.parameters.contradictions import without_contradictions
from fieldwright.data.ingest.parameters.run_names import table_from_names
from fieldwright.data.ingest.parameters.table import ParameterTable, joined, read_table
from fieldwright.data.ingest.rules import MeshRule, Rules
from fieldwright.data.ingest.sources import RunSource, table_in_files
from fieldwright.data.ingest.timebase import TimeRule
from fieldwright.data.ingest.workers import Workers
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.study.runs_study import Study


def read_runs(study: Study) -> IngestReport:
    """Reads new and changed runs into the study's store; broken ones are rejected with the reason.

    Raises StoreError where the store of that name is of another folder.
    """
    sources = study.runs_on_disk()
    store = SnapshotStore(study.store_path)
    store.claim(study.beside(study.runs.folder), [source.name for source in sources])
    return ingest_sources(
        store,
        sources,
        parameter_table(study, sources),
        rules(study),
        progress=lambda done, total, run: report_progress("Reading runs", done, total),
        workers=workers(study, len(sources)),
    )


def parameter_table(study: Study, sources: Sequence[RunSource]) -> ParameterTable:
    """The parameters of all runs, from the table, the runs' names and their own files together."""
    parameters = study.parameters
    from_names = set(re.findall(r"\{(\w+)\}", parameters.names or ""))
    expressions = {name: one.case_file for name, one in parameters.columns.items() if one.case_file}
    units = {name: one.unit for name, one in parameters.columns.items()}
    tables = []
    if expressions:
        tables.append(table_from_cases(sources, expressions, units))
    if parameters.names:
        units_in_names = {name: unit for name, unit in units.items() if name in from_names - set(expressions)}
        tables.append(table_from_names(sources, parameters.names, units_in_names))
    other_units = {name: unit for name, unit in units.items() if name not in from_names | set(expressions)}
    if other_units and parameters.table is not None:
        path = study.beside(parameters.table)
        table = read_table(path, other_units, parameters.run_column, [source.name for source in sources])
        tables.append(without_contradictions(table, sources, path.name))
    elif other_units:
        tables.append(table_in_files(sources, study.runs.reader, other_units))
    if not tables:
        names = tuple(source.name for source in sources)
        return ParameterTable((), (), names, np.zeros((len(names), 0)))
    return tables[0] if len(tables) == 1 else joined(tables)


def rules(study: Study) -> Rules:
    """The rules that every run must meet."""
    return Rules(
        fields={name: field.unit for name, field in study.fields.items()}
        | ({} if study.geometry is None else {study.geometry.field: None}),
        reader=study.runs.reader,
        bound=study.runs.bound,
        time=TimeRule(**study.time.model_dump(exclude={"history", "horizon"})),
        mesh=MeshRule(
            **study.mesh.model_dump(exclude={"reference"}),
            reference=None if study.mesh.reference is None else study.beside(study.mesh.reference),
        ),
        step=study.runs.step,
        places={name: field.on for name, field in study.fields.items() if field.on},
        log=study.runs.log,
        log_failed=study.runs.log_failed,
    )


def workers(study: Study, runs: int) -> Workers | None:
    """The processes that read the runs; None for so few runs that starting processes would take longer."""
    if study.runs.scheduler is None and (study.runs.workers < 2 or runs < 200):
        return None
    return Workers(study.runs.workers, study.runs.scheduler)
