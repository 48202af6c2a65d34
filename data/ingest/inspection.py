"""What a file or folder is: runs, reader, fields, times and parameters, enough to propose a first study."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import RunDescription, reader_for, runs_in
from fieldwright.data.ingest.mesh_proposal import proposed_mesh_rule
from fieldwright.data.ingest.parameters.case_entries import CaseEntry, case_entries
from fieldwright.data.ingest.parameters.contradictions import contradictions, disagreements
from fieldwright.data.ingest.parameters.table import read_table
from fieldwright.data.ingest.parameters.table_search import FoundTable, find_table
from fieldwright.data.ingest.run_folders import RunFolders, find_run_folders

_MOST_DESCRIBED = 200


@dataclass(frozen=True, eq=False)
class FoundParameter:
    """A number that differs between the runs: in their input files, their names, or within the file of all runs.

    expression: where the study file finds it (`case_file`); None for what the result file itself holds.
    values: by run.
    """

    name: str
    expression: str | None
    unit: str | None
    values: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Inspection:
    """Content of a path, as far as a first study needs it.

    folder, pattern, file, reader: for `[runs]` of a study file; file is None where the entry is the result.
    runs: their names; in_one_file: whether one file holds them all. first: the first run that can be described.
    described: what each run holds, of those that can be described and were looked into.
    mesh_rule: a rule of `[mesh]` that these runs need, and why; None where they share one mesh.
    unlike: runs that differ from the most, or cannot be described, with a sentence each.
    table, parameters: where parameters may come from. names: a pattern of the run names that holds numbers.
    """

    folder: Path
    pattern: str
    file: str | None
    reader: str
    runs: tuple[str, ...]
    first: RunDescription
    in_one_file: bool = False
    unlike: Mapping[str, str] = field(default_factory=dict)
    table: FoundTable | None = None
    parameters: tuple[FoundParameter, ...] = ()
    names: str | None = None
    notes: tuple[str, ...] = ()
    described: Mapping[str, RunDescription] = field(default_factory=dict)
    mesh_rule: tuple[str, str] | None = None


def inspect_path(path: Path) -> Inspection:
    """What the file or folder at `path` holds; raises ReadError where there is nothing that can be read."""
    if not path.exists():
        raise ReadError("The file or folder must exist", str(path), "Correct the path")
    if path.is_file():
        return _of_file(path)
    folders = find_run_folders(path)
    described, failed = _described(folders)
    if not described:
        raise ReadError(
            f"'{path.name}' must hold a run that can be read", next(iter(failed.values())), "Mend the runs"
        )
    mesh_rule = _mesh_rule(folders, described)
    # Where each run has a mesh of its own, other counts of points and cells are no news.
    of_own = mesh_rule is not None and mesh_rule[0] in ("map", "morph")
    unlike = {**_unlike(described, ("points", "cells") if of_own else ()), **failed}
    notes = list(folders.notes)
    if len(folders.entries) > len(described) + len(failed):
        notes.append(f"only the first {_MOST_DESCRIBED} runs were looked into")
    names = [_name(entry) for entry in folders.entries]
    table = find_table(folders.folder, names)
    entries = (
        {_name(e): case_entries(e) for e in folders.entries}
        if all(e.is_dir() for e in folders.entries)
        else {}
    )
    notes += [*(table.notes if table else ()), *_contradictions(table, entries)]
    return Inspection(
        folder=folders.folder,
        pattern=folders.pattern,
        file=folders.file,
        reader=folders.reader.name,
        runs=tuple(names),
        first=next(iter(described.values())),
        unlike=unlike,
        table=table,
        parameters=tuple(_varying(entries)) if len(names) > 1 else (),
        names=_pattern_of_names(names),
        notes=tuple(notes),
        described=described,
        mesh_rule=mesh_rule,
    )


def _of_file(path: Path) -> Inspection:
    reader = reader_for(path)
    described, runs = reader.describe(path), runs_in(path, reader)
    keys = list(dict.fromkeys(name for row in runs.values() for name in row))
    parameters = tuple(
        FoundParameter(name, None, None, {run: row[name] for run, row in runs.items() if name in row})
        for name in keys
    )
    names = tuple(runs) or (path.stem,)
    return Inspection(
        path.parent,
        path.name,
        None,
        reader.name,
        names,
        described,
        bool(runs),
        parameters=parameters,
        described={names[0]: described},
    )


def _described(folders: RunFolders) -> tuple[dict[str, RunDescription], dict[str, str]]:
    """Descriptions by run, and for those that have none, why."""
    described, failed = {}, {}
    for entry in folders.entries[:_MOST_DESCRIBED]:
        try:
            described[_name(entry)] = folders.reader.describe(folders.result_of(entry))
        except ReadError as error:
            failed[_name(entry)] = str(error)
    return described, failed


def _mesh_rule(folders: RunFolders, described: Mapping[str, RunDescription]) -> tuple[str, str] | None:
    """By the meshes of the first, the middle and the last run."""
    entries = [entry for entry in folders.entries if _name(entry) in described]
    numbers = {len(entries) // 2, len(entries) - 1} - {0}
    try:
        first, *others = (
            folders.reader.read(folders.result_of(entries[k]), []).mesh for k in (0, *sorted(numbers))
        )
    except (ReadError, OSError):
        return None
    return proposed_mesh_rule(first, others)


def _unlike(described: Mapping[str, RunDescription], without: Sequence[str] = ()) -> dict[str, str]:
    """Runs whose fields, points, cells or number of times, but for those left out, differ from those of the most."""
    forms = {name: _form(one) for name, one in described.items()}
    usual = max(forms.values(), key=list(forms.values()).count)
    words = ("fields", "points", "cells", "times")
    unlike = {}
    for name, form in forms.items():
        differing = [
            f"{w} {_words(mine)} instead of {_words(most)}"
            for w, mine, most in zip(words, form, usual, strict=True)
            if mine != most and w not in without
        ]
        if differing:
            unlike[name] = "; ".join(differing)
    return unlike


def _form(one: RunDescription) -> tuple[tuple, int, int, int]:
    fields = tuple(sorted((name, info.on, info.components) for name, info in one.fields.items()))
    return fields, one.n_points, one.n_cells, 1 if one.times is None else len(one.times)


def _words(part: int | tuple) -> str:
    return ", ".join(name for name, *_ in part) or "none" if isinstance(part, tuple) else str(part)


def _name(entry: Path) -> str:
    return entry.name if entry.is_dir() else entry.stem


def _contradictions(table: FoundTable | None, entries: Mapping[str, Mapping[str, CaseEntry]]) -> list[str]:
    """Sentences on parameters that the table and the input files of a run give differently."""
    if table is None:
        return []
    read = read_table(table.path, table.columns, table.run_column, list(entries))
    rows = {run: row for run in read.runs if run in entries and (row := read.row(run)) is not None}
    return disagreements(rows, entries) + [
        f"'{run}' has {one.name} = {table_value:g} in '{table.path.name}' and {file_value:g} in "
        f"its own '{one.expression}': it will be rejected"
        for one in contradictions(rows, entries)
        for run, (table_value, file_value) in one.runs.items()
    ]


def _varying(of_runs: Mapping[str, Mapping[str, CaseEntry]]) -> list[FoundParameter]:
    """Numbers of the input files that all runs have and that are not the same in all."""
    if not of_runs:
        return []
    first, *others = of_runs.values()
    parameters: list[FoundParameter] = []
    for expression, entry in first.items():
        if not all(expression in other for other in others):
            continue
        values = {run: numbers[expression].value for run, numbers in of_runs.items()}
        if len(set(values.values())) > 1 and all(
            list(values.values()) != list(f.values.values()) for f in parameters
        ):
            parameters.append(FoundParameter(_short(expression), expression, entry.unit, values))
    return parameters


def _short(expression: str) -> str:
    """A name for a parameter: "0/U: boundaryField.inlet.value[0]" is U_inlet_value_0."""
    file, _, entry = expression.partition(": ")
    entry = entry.replace("boundaryField.", f"{Path(file).name}_").replace(
        "internalField", f"{Path(file).name}_internal"
    )
    return re.sub(r"\W+", "_", entry).strip("_")


def _pattern_of_names(names: Sequence[str]) -> str | None:
    """The pattern "U{U}_nu{nu}" of "U1_nu1e-3", "U2_nu1e-4"; None where names count the runs or hold no numbers."""
    number = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
    words = {tuple(re.split(number, name)) for name in names}
    rows = [[float(value) for value in re.findall(number, name)] for name in names]
    if len(names) < 2 or len(words) != 1:
        return None
    parts = next(iter(words))
    differing = [i for i in range(len(parts) - 1) if len({row[i] for row in rows}) > 1]
    counting = [
        i
        for i in differing
        if sorted(row[i] for row in rows) == list(range(int(rows[0][i]), int(rows[0][i]) + len(rows)))
    ]
    if not set(differing) - set(counting):
        return None
    pattern = ""
    for i, part in enumerate(parts[:-1]):
        label = re.sub(r"\W", "", re.split(r"[_\- ]", part.rstrip("_-= "))[-1]) or f"p{i + 1}"
        pattern += part + (f"{{{label}}}" if i in differing and i not in counting else "*")
    return pattern + parts[-1]
