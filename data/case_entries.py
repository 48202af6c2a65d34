"""All numbers in a run's input files, each under the expression that finds it again (`data.case_values`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.case_values import foam_entries
from data.parsing.foam_file import unit_of

_LARGEST = 2 << 20
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?"
_ASSIGNMENT = re.compile(
    rf"^\s*(?:(?:real|int|double|float|const)\s+)*([A-Za-z_]\w*)\s*(?:=|:)\s*({_NUMBER})\s*(?:[;,]\s*)?"
    r"(?:(?://|#|%|!)\s*(.*?))?\s*$",
    re.M,
)
_UNIT = re.compile(r"\[?([A-Za-z%°][\w/()^*. ·-]{0,24}|1)\]?")
_DECKS = (".inp", ".fbd")
_ASSIGNED = (
    ".edp",
    ".pro",
    ".geo",
    ".py",
    ".m",
    ".ini",
    ".cfg",
    ".toml",
    ".yaml",
    ".yml",
    ".txt",
    ".i",
    ".param",
)
# Nodes and elements are the mesh; steps and outputs are of the solver.
_NO_PARAMETERS = {"NODE", "ELEMENT", "NSET", "ELSET", "SURFACE", "STEP"}
_OF_THE_SOLVER = {"controlDict", "fvSchemes", "fvSolution", "decomposeParDict"}


@dataclass(frozen=True)
class CaseEntry:
    """A number of an input file: its expression, its value, its unit where the file tells."""

    expression: str
    value: float
    unit: str | None = None


def case_entries(folder: Path) -> dict[str, CaseEntry]:
    """The numbers in the input files of a run, by expression; results, logs and meshes are not looked at."""
    found: dict[str, CaseEntry] = {}
    for path in _input_files(folder):
        text = path.read_text(encoding="utf-8", errors="replace")
        name = path.relative_to(folder).as_posix()
        for entry, value, unit in _entries(path, text):
            found.setdefault(f"{name}: {entry}", CaseEntry(f"{name}: {entry}", value, unit))
    return found


def _input_files(folder: Path) -> list[Path]:
    """Decks, scripts and settings of the folder itself; of an OpenFOAM case its dictionaries and time 0."""
    own = [path for path in folder.iterdir() if path.suffix.lower() in (*_DECKS, *_ASSIGNED, ".json")]
    foam = [folder / "constant", folder / "system", folder / "0.orig"]
    foam = [*foam, folder / "0"] if not foam[2].is_dir() else foam
    for part in foam if (folder / "system").is_dir() else ():
        own += [path for path in part.iterdir() if path.name not in _OF_THE_SOLVER] if part.is_dir() else []
    logs = re.compile(r"log\b.*|.*\.log", re.I)
    return sorted(
        p for p in own if p.is_file() and p.stat().st_size <= _LARGEST and not logs.fullmatch(p.name)
    )


def _entries(path: Path, text: str) -> Iterator[tuple[str, float, str | None]]:
    if path.suffix.lower() in _DECKS:
        yield from ((entry, value, None) for entry, value in _of_deck(text))
    elif path.suffix.lower() == ".json":
        yield from ((entry, value, None) for entry, value in _of_json(text))
    elif "FoamFile" in text:
        yield from _of_dictionary(text)
    elif path.suffix.lower() in _ASSIGNED:
        for name, value, comment in _ASSIGNMENT.findall(text):
            unit = _UNIT.fullmatch(comment.strip())
            yield name, _float(value), unit[1] if unit else None


def _of_deck(text: str) -> Iterator[tuple[str, float]]:
    """The first data line under each keyword, and every one that begins with a label."""
    keyword, first = "", True
    for line in text.splitlines():
        items = [item.strip() for item in line.split(",")]
        if line.startswith("**") or not line.strip():
            continue
        if line.startswith("*"):
            keyword, first = items[0][1:].strip().upper(), True
            options = [item.split("=", 1) for item in items[1:] if "=" in item]
            yield from (
                (f"*{keyword} {key.strip()}", _float(v)) for key, v in options if re.fullmatch(_NUMBER, v)
            )
            continue
        label = "" if re.fullmatch(_NUMBER, items[0]) else f" {items[0]}"
        if keyword and keyword not in _NO_PARAMETERS and (label or first):
            numbers = [(i, _float(item)) for i, item in enumerate(items) if re.fullmatch(_NUMBER, item)]
            yield from ((f"*{keyword}{label}[{i}]", value) for i, value in numbers)
        first = False


def _of_json(text: str) -> Iterator[tuple[str, float]]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError:
        return

    def walk(value: Any, path: str) -> Iterator[tuple[str, float]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                yield from walk(inner, f"{path}.{i}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield path, float(value)

    yield from walk(content, "")


def _of_dictionary(text: str) -> Iterator[tuple[str, float, str | None]]:
    whole = re.search(r"^\s*dimensions\s+\[([^\]]*)\]", text, re.M)
    for entry, value in foam_entries(text):
        told = re.search(r"\[([^\]]*)\]", value) or whole
        unit = unit_of(told[1]) if told else None
        numbers = re.findall(_NUMBER, re.sub(r"\[[^\]]*\]|List<\w+>", " ", value))
        if entry.startswith("FoamFile") or entry == "dimensions" or len(numbers) > 9:
            continue
        if re.sub(
            rf"{_NUMBER}|\[[^\]]*\]|[()\s]|uniform|constant|\b{re.escape(entry.split('.')[-1])}\b", "", value
        ):
            continue
        for i, number in enumerate(numbers):
            yield f"{entry}[{i}]" if len(numbers) > 1 else entry, _float(number), unit


def _float(text: str) -> float:
    return float(text.strip().replace("d", "e").replace("D", "e"))
