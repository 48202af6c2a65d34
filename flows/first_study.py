"""A first study file, written from what is found on disk."""

from __future__ import annotations

import json
import os.path
import re
from pathlib import Path

from data.environment import home
from data.errors import StudyError
from data.inspection import FoundParameter, Inspection
from data.store import store_owner

LEAST_RUNS = 2
# Names of folders that many projects have.
_SAY_NOTHING = re.compile(
    r"(run|case|sim|simulation|result|output|sample|solution)s?|data|out|doe|study|work|var|tmp", re.I
)


def first_study(found: Inspection, beside: Path) -> str:
    """The text of a study file for these runs, to lie in the folder `beside`; raises StudyError for a lone run."""
    if len(found.runs) < LEAST_RUNS:
        raise StudyError(
            "A study needs a folder of runs",
            f"one run, '{found.runs[0]}'",
            "Give the folder that holds the runs",
        )
    lines = [
        f"name = {_text(_name(found))}",
        "seed = 0",
        "",
        "[runs]",
        f"folder = {_text(_relative(found.folder, beside))}",
    ]
    lines.append(f"pattern = {_text(found.pattern)}")
    if found.file is not None:
        lines.append(f"file = {_text(found.file)}")
    lines += [f"reader = {_text(found.reader)}", "", *_parameters(found, beside), "", "[fields]"]
    for field, info in found.first.fields.items():
        lines.append(f"{_key(field)} = {{ {f'unit = {_text(info.unit)}' if info.unit else ''} }}")
    if found.first.times is not None:
        lines += ["", "[time]", 'rule = "exact"  # or "overlap", or "last" for the last time alone']
    lines += ["", "[validation]", "folds = 8", "coverage = 0.9"]
    return "\n".join(lines).replace("{  }", "{}") + "\n"


def _name(found: Inspection) -> str:
    """The name of the file of all runs, or of their folder with as many above it as say something and are free.

    Free is a name whose store is not of another folder: two projects may both have a folder `runs`.
    """
    folder = found.folder.resolve()
    above = [part for part in reversed(folder.parts) if part != folder.anchor]
    if found.in_one_file:
        above.insert(0, Path(found.pattern).stem)
    elif len(found.runs) == 1:
        above.insert(0, found.runs[0])
    telling = [part for part in above if not _SAY_NOTHING.fullmatch(part)] or above
    name = ""
    for part in telling:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{part}_{name}" if name else part).strip("._-")
        owner = store_owner(home() / "stores" / name) if name else None
        if name and (owner is None or owner == folder):
            return name
    return name or "study"


def _parameters(found: Inspection, beside: Path) -> list[str]:
    if found.table is not None:
        columns = [f"{_key(name)} = {{ {_unit(unit)} }}" for name, unit in found.table.columns.items()]
        return [
            "[parameters]",
            f"table = {_text(_relative(found.table.path, beside))}",
            f"run_column = {_text(found.table.run_column)}",
            "",
            "[parameters.columns]",
            *columns,
        ]
    if found.names is not None:
        columns = [f"{name} = {{}}" for name in re.findall(r"\{(\w+)\}", found.names)]
        return ["[parameters]", f"names = {_text(found.names)}", "", "[parameters.columns]", *columns]
    head = ["[parameters]", *(["in_file = true"] if found.in_one_file else []), "", "[parameters.columns]"]
    columns = [_found(parameter) for parameter in found.parameters]
    return head + (columns or ["# name the inputs here: load = { unit = \"N\" }, and give a 'table' above"])


def _found(parameter: FoundParameter) -> str:
    where = f"case_file = {_text(parameter.expression)}" if parameter.expression else ""
    return (
        f"{_key(parameter.name)} = {{ {', '.join(part for part in (_unit(parameter.unit), where) if part)} }}"
    )


def _unit(unit: str | None) -> str:
    return f"unit = {_text(unit)}" if unit else ""


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    # JSON's strings are TOML's basic strings.
    return json.dumps(value, ensure_ascii=False)


def _relative(path: Path, beside: Path) -> str:
    return os.path.relpath(path.resolve(), beside.resolve())
