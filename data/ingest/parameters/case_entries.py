"""All numbers in a run's input files, each under the expression that finds it again (`case_values`)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldwright.data.errors import ReadError
from fieldwright.data.formats.parsing.openfoam.foam_dictionary import (
    FoamDictionary,
    RefusedError,
    expanded,
    numbers_of,
)
from fieldwright.data.formats.parsing.openfoam.foam_file import case_dictionary, si_unit
from fieldwright.data.formats.parsing.openfoam.foam_tokens import Token

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
    """A number of an input file: its expression, its value, its unit where the file gives one."""

    expression: str
    value: float
    unit: str | None = None


def case_entries(folder: Path) -> dict[str, CaseEntry]:
    """The numbers in the input files of a run, by expression; results, logs and meshes are not looked at."""
    entries: dict[str, CaseEntry] = {}
    for path in _input_files(folder):
        name = path.relative_to(folder).as_posix()
        for entry, value, unit in _entries(path, folder):
            entries.setdefault(f"{name}: {entry}", CaseEntry(f"{name}: {entry}", value, unit))
    return entries


def _input_files(folder: Path) -> list[Path]:
    """Decks, scripts and settings of the folder itself; of an OpenFOAM case its dictionaries and time 0."""
    paths = [path for path in folder.iterdir() if path.suffix.lower() in (*_DECKS, *_ASSIGNED, ".json")]
    foam = [folder / "constant", folder / "system", folder / "0.orig"]
    foam = [*foam, folder / "0"] if not foam[2].is_dir() else foam
    for part in foam if (folder / "system").is_dir() else ():
        paths += [path for path in part.iterdir() if path.name not in _OF_THE_SOLVER] if part.is_dir() else []
    logs = re.compile(r"log\b.*|.*\.log", re.I)
    return sorted(
        p for p in paths if p.is_file() and p.stat().st_size <= _LARGEST and not logs.fullmatch(p.name)
    )


def _entries(path: Path, folder: Path) -> Iterator[tuple[str, float, str | None]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # that run is rejected with the reason; it ends nothing
        return
    if path.suffix.lower() in _DECKS:
        yield from ((entry, value, None) for entry, value in _of_deck(text))
    elif path.suffix.lower() == ".json":
        yield from ((entry, value, None) for entry, value in _of_json(text))
    else:
        try:
            dictionary = case_dictionary(path, folder)
        except ReadError:  # whoever asks for an entry of it gets the reason
            return
        if dictionary is not None:
            yield from _of_dictionary(dictionary)
        elif path.suffix.lower() in _ASSIGNED:
            for name, value, comment in _ASSIGNMENT.findall(text):
                unit = _UNIT.fullmatch(comment.strip())
                yield name, _float(value), unit[1] if unit else None


def _of_deck(text: str) -> Iterator[tuple[str, float]]:
    """The first data line under each keyword, and every one that begins with a label."""
    keyword, first = "", True
    for line in text.splitlines():
        # Nodes and elements are most of a deck.
        is_mesh = keyword in _NO_PARAMETERS and not line.startswith("*")
        if is_mesh or line.startswith("**") or not line.strip():
            continue
        items = [item.strip() for item in line.split(",")]
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


def _of_dictionary(dictionary: FoamDictionary) -> Iterator[tuple[str, float, str | None]]:
    """Entries of at most nine numbers and no other words; what only OpenFOAM can compute is left out."""
    unit_of_field = _unit_among(_expanded(dictionary.entries.get("dimensions")))
    for entry, value in dictionary.items():
        tokens = _expanded(value)
        entry_name = entry.rpartition(".")[2]
        numbers = [] if any(not _is_plain(token, entry_name) for token in tokens) else numbers_of(tokens)
        if entry == "dimensions" or len(numbers) > 9 or not all(map(math.isfinite, numbers)):
            continue
        of_field = entry.split(".")[0] in ("internalField", "boundaryField")
        unit = _unit_among(tokens) or (unit_of_field if of_field else None)
        for i, number in enumerate(numbers):
            yield f"{entry}[{i}]" if len(numbers) > 1 else entry, number, unit


def _expanded(value: list[Token] | FoamDictionary | None) -> list[Token]:
    try:
        return expanded(value) if isinstance(value, list) else []
    except (RefusedError, RecursionError):
        return []


def _is_plain(token: Token, own_name: str) -> bool:
    if token.kind in ("number", "dimensions"):
        return True
    return token.text in "(){}" if token.kind == "mark" else token.text in ("uniform", "constant", own_name)


def _unit_among(tokens: list[Token]) -> str | None:
    return next((si_unit(token.text) for token in tokens if token.kind == "dimensions"), None)


def _float(text: str) -> float:
    return float(text.strip().replace("d", "e").replace("D", "e"))
