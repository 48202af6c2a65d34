"""A first study file, written from what is found on disk."""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.environment import home
from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.inspection import FoundParameter, Inspection, inspect_path
from fieldwright.data.store.snapshot_store import store_owner
from fieldwright.flows.runs.inspection.first_fields import omitted_fields
from fieldwright.flows.runs.inspection.first_times import coefficient_lines, first_rule

USUAL_RUNS = 8
"""Accepted runs without which a study does not begin, unless it says otherwise."""
LEAST_TIMES = 20
"""Times of a single run from which a forecast can be learned: some four windows of history and horizon."""
_EVEN = 0.01
# Names of folders that many projects have.
_SAY_NOTHING = re.compile(
    r"(run|case|sim|simulation|result|output|sample|solution)s?|data|out|doe|study|work|var|tmp", re.I
)


def runs_first_study(folder: Path, beside: Path, candidates: Sequence[str]) -> str:
    """The text of a study file for the runs in a folder; see `first_study`."""
    return first_study(inspect_path(folder), beside, candidates)


def first_study(inspection: Inspection, beside: Path, candidates: Sequence[str] = ()) -> str:
    """The text of a study file for these runs, to lie in the folder `beside`.

    candidates: kinds to train; the usual ones if left out. A single run is forecast from its own first times; raises
    StudyError where it is steady or too short for that.
    """
    single = len(inspection.runs) == 1
    if single:
        _check_forecast(inspection)
    lines = [f"name = {_text(_name(inspection))}", "seed = 0", "", "[runs]"]
    lines.append(f"folder = {_text(_relative(inspection.folder, beside))}")
    lines.append(f"pattern = {_text(inspection.pattern)}")
    if inspection.file is not None:
        lines.append(f"file = {_text(inspection.file)}")
    lines.append(f"reader = {_text(inspection.reader)}")
    if len(inspection.runs) < USUAL_RUNS:
        least = len(inspection.runs) - len(inspection.runs) // 5
        lines.append(f"minimum = {least}  # {USUAL_RUNS} if left out: of fewer runs a model knows little")
    without = omitted_fields(inspection)
    lines += [
        "",
        *([] if single else [*_parameters(inspection, beside), ""]),
        "[fields]",
        *_fields(inspection, without),
    ]
    lines += _forecast(inspection) if single else _time(inspection, without)
    if inspection.mesh_rule is not None and not single:
        rule, why = inspection.mesh_rule
        lines += ["", "[mesh]", f"rule = {_text(rule)}  # {why}"]
    lines += ["", "[validation]", f"folds = {4 if single else USUAL_RUNS}", "coverage = 0.9"]
    for kind in candidates or (("dmd", "lstm") if single else ()):
        lines += ["", "[[candidates]]", f"kind = {_text(kind)}"]
    return "\n".join(lines).replace("{  }", "{}") + "\n"


def _fields(inspection: Inspection, without: Mapping[str, str]) -> list[str]:
    lines = []
    for name, info in inspection.first.fields.items():
        line = f"{_key(name)} = {{ {f'unit = {_text(info.unit)}' if info.unit else ''} }}"
        lines.append(f"# {line}  # left out: {without[name]}" if name in without else line)
    return lines


def _time(inspection: Inspection, without: Mapping[str, str]) -> list[str]:
    """The rule of the times and the scalars that follow from it."""
    proposed = first_rule(inspection, [name for name in inspection.first.fields if name not in without])
    lines = []
    if proposed is not None:
        rule, why = proposed
        others = [f'"{name}"' for name in ("exact", "overlap", "last") if name != rule.rule]
        lines += ["", "[time]", f"rule = {_text(rule.rule)}  # {why}; or {' or '.join(others)}"]
    scalars = coefficient_lines(inspection, None if proposed is None else proposed[0].rule)
    return [*lines, *(["", "[scalars]", *scalars] if scalars else [])]


def _forecast(inspection: Inspection) -> list[str]:
    count = len(inspection.first.times if inspection.first.times is not None else ())
    history, horizon = min(10, max(3, count // 10)), min(25, max(3, count // 8))
    return [
        "",
        "# One run: what follows is forecast from its first times, without parameters.",
        "[time]",
        f"history = {history}  # times that a query brings as measured",
        f"horizon = {horizon}  # times that are forecast after them",
    ]


def _check_forecast(inspection: Inspection) -> None:
    times = np.asarray(inspection.first.times if inspection.first.times is not None else [0.0])
    steps = np.diff(times)
    if len(times) < LEAST_TIMES:
        got = f"one run, '{inspection.runs[0]}', with {len(times)} times"
    elif np.ptp(steps) > _EVEN * steps.mean():
        got = f"one run, '{inspection.runs[0]}', with steps from {steps.min():g} to {steps.max():g}"
    else:
        return
    raise StudyError(
        f"A study needs a folder of runs, or one run with {LEAST_TIMES} or more times in even steps to forecast",
        got,
        "Give the folder that holds the runs",
    )


def _name(inspection: Inspection) -> str:
    """The name of the file of all runs, or of their folder with as many above it as say something and are free.

    Free is a name whose store is not of another folder: two projects may both have a folder `runs`.
    """
    folder = inspection.folder.resolve()
    above = [part for part in reversed(folder.parts) if part != folder.anchor]
    if inspection.in_one_file:
        above.insert(0, Path(inspection.pattern).stem)
    elif len(inspection.runs) == 1:
        above.insert(0, inspection.runs[0])
    telling = [part for part in above if not _SAY_NOTHING.fullmatch(part)] or above
    name = ""
    for part in telling:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{part}_{name}" if name else part).strip("._-")
        owner = store_owner(home() / "stores" / name) if name else None
        if name and (owner is None or owner == folder):
            return name
    return name or "study"


def _parameters(inspection: Inspection, beside: Path) -> list[str]:
    if inspection.table is not None:
        columns = [f"{_key(name)} = {{ {_unit(unit)} }}" for name, unit in inspection.table.columns.items()]
        return [
            "[parameters]",
            f"table = {_text(_relative(inspection.table.path, beside))}",
            f"run_column = {_text(inspection.table.run_column)}",
            "",
            "[parameters.columns]",
            *columns,
        ]
    if inspection.names is not None:
        columns = [f"{name} = {{}}" for name in re.findall(r"\{(\w+)\}", inspection.names)]
        return ["[parameters]", f"names = {_text(inspection.names)}", "", "[parameters.columns]", *columns]
    head = [
        "[parameters]",
        *(["in_file = true"] if inspection.in_one_file else []),
        "",
        "[parameters.columns]",
    ]
    columns = [_parameter_line(parameter) for parameter in inspection.parameters]
    return head + (columns or ["# name the inputs here: load = { unit = \"N\" }, and give a 'table' above"])


def _parameter_line(parameter: FoundParameter) -> str:
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
