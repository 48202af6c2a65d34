"""No module imports one that imports it, by whichever way round; imports for type checking alone count too."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("data", "physics", "surrogates", "flows", "serving")


def imported() -> dict[str, set[str]]:
    """Module to the modules of the house that it imports, anywhere in it."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = {_name(path): path for path in files}
    graph: dict[str, set[str]] = {}
    for name, path in names.items():
        wanted = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                wanted |= {one if one in names else node.module for one in inner}
            elif isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
        graph[name] = (wanted & set(names)) - {name}
    return graph


def _name(path: Path) -> str:
    parts = ("fieldwright", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_there_is_no_circle_of_imports():
    try:
        TopologicalSorter(imported()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_imports_are_seen():
    graph = imported()
    assert "fieldwright.surrogates.model" in graph["fieldwright.surrogates.families"]
    assert len(graph) > 500
