"""The requirements of a study on its runs and the sources of their parameters, in the terms of `fieldwright.data`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from fieldwright.data.computing.executor import Executor
from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.ingestion import IngestReport, ingest_sources, unchanged_report
from fieldwright.data.ingest.parameters.case_values import table_from_cases
from fieldwright.data.ingest.parameters.contradictions import without_contradictions
from fieldwright.data.ingest.parameters.run_names import table_from_names
from fieldwright.data.ingest.parameters.table import ParameterTable, joined, read_table
from fieldwright.data.ingest.rules import MeshRule, Rules
from fieldwright.data.ingest.scalars.scalar_values import ScalarRule
from fieldwright.data.ingest.sources import RunSource, table_in_files
from fieldwright.data.ingest.timebase import TimeRule
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.report import Ingested
from fieldwright.flows.runs.executors import reading_executor, study_executor
from fieldwright.flows.study.run_sections import ScalarSpec
from fieldwright.flows.study.runs_study import Study


def read_runs(study: Study, executor: Executor | None = None) -> IngestReport:
    """Reads new and changed runs into the study's store; broken ones are rejected with the reason.

    executor: of the study, where one is in use already. Raises StoreError where the store of that name is of another
    folder.
    """
    sources = study.runs_on_disk()
    store = SnapshotStore(study.store_path)
    store.claim(study.beside(study.runs.folder), [source.name for source in sources])
    with ExitStack() as stack:
        if executor is None:
            executor = stack.enter_context(study_executor(study))
        if not executor.elsewhere:
            executor = stack.enter_context(reading_executor(study, len(sources)))
        return ingest_sources(
            store,
            sources,
            parameter_table(study, sources),
            rules(study),
            progress=lambda done, total, run: report_progress("Reading runs", done, total),
            executor=executor,
            scalars=scalar_table(study, sources),
        )


def ingest_runs(study: Study, executor: Executor | None = None) -> Ingested:
    """Reads new and changed runs into the store and rejects broken ones with the reason; see `read_runs`."""
    return _ingested(study, read_runs(study, executor))


def unchanged_runs(study: Study) -> tuple[Ingested, str] | None:
    """What `ingest_runs` and `digest_of_runs` would give if there is nothing to read; None where there is."""
    if not study.store_path.exists():
        return None
    sources = study.runs_on_disk()
    store = SnapshotStore(study.store_path)
    if store.folder != study.beside(study.runs.folder).resolve():
        return None
    report = unchanged_report(
        store, sources, parameter_table(study, sources), rules(study), scalar_table(study, sources)
    )
    return None if report is None else (_ingested(study, report), digest_of_runs(study))


def require_runs(study: Study, ingested: Ingested) -> None:
    """Raises StudyError, with the reasons, where too few runs were accepted."""
    if len(ingested.accepted) < study.runs.minimum:
        reasons = sorted({reason for _, reason, _ in ingested.rejected})
        raise StudyError(
            f"A study needs at least {study.runs.minimum} accepted runs ('runs.minimum')",
            f"{len(ingested.accepted)} accepted and {len(ingested.rejected)} rejected"
            + (f" ({', '.join(reasons)})" if reasons else ""),
            f"Mend or add runs; `fieldwright status {study.path.name}` says what is wrong with each",
        )


def digest_of_runs(study: Study) -> str:
    """The SHA-256 of the names and contents of all accepted runs, in their order."""
    records = SnapshotStore(study.store_path).accepted()
    text = json.dumps([(record.name, record.content) for record in records])
    return hashlib.sha256(text.encode()).hexdigest()


def _ingested(study: Study, report: IngestReport) -> Ingested:
    accepted = tuple(record.name for record in SnapshotStore(study.store_path).accepted())
    return Ingested(accepted, len(report.unchanged), tuple(report.rejected), tuple(report.notes))


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


def scalar_table(study: Study, sources: Sequence[RunSource]) -> ParameterTable | None:
    """The scalars of all runs out of the study's tables; None where all stand in the runs' own files."""
    names = [source.name for source in sources]
    by_path: dict[Path, dict[str, ScalarSpec]] = {}
    for name, one in study.scalars.items():
        if one.table is not None:
            by_path.setdefault(study.beside(one.table), {})[name] = one
    tables = []
    for path, scalars in by_path.items():
        columns = {one.column or name: one.unit for name, one in scalars.items()}
        table = read_table(path, columns, study.parameters.run_column, names)
        tables.append(replace(table, names=tuple(scalars)))
    return joined(tables) if tables else None


def rules(study: Study) -> Rules:
    """The rules that every run must meet."""
    return Rules(
        fields={name: field.unit for name, field in study.fields.items()}
        | ({} if study.geometry is None else {study.geometry.field: None}),
        reader=study.runs.reader,
        bound=study.runs.bound,
        time=TimeRule(**study.time.model_dump(exclude={"history", "horizon"})),
        mesh=MeshRule(
            **study.mesh.model_dump(exclude={"reference", "unit"}),
            reference=None if study.mesh.reference is None else study.beside(study.mesh.reference),
        ),
        step=study.runs.step,
        places={name: field.on for name, field in study.fields.items() if field.on},
        scalars={
            name: ScalarRule(one.file, one.take, one.start, one.unit) for name, one in study.scalars.items()
        },
        log=study.runs.log,
        log_failed=study.runs.log_failed,
    )
