"""One thing has one name, and the name is a word of the field: see the glossary in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("data", "physics", "surrogates", "serving", "flows", "fieldwright/library")
NO_NAMES = frozenset(
    [
        "told",
        "found",
        "parted",
        "asked",
        "judge",
        "judged",
        "judges",
        "judgement",
        "heard",
        "kept",
        "aside",
        "held",
        "wanted",
        "chosen",
        "said",
        "shown",
        "gone",
        "learned",
        "learnt",
        "sought",
        "spoken",
        "apart",
        "whole",
        "known",
        "own",
        "rest",
        "what",
        "keep_aside",
        "kept_aside",
        "set_aside",
    ]
)
"""Participles and vague nouns, which do not say what a value is."""
NO_WORDS = re.compile(
    r"\bjudg(e[sd]?|ing|ements?)\b|\b(set|sets|setting|put|keep|keeps|kept|leave|leaves) (\w+ )?aside\b|quarantin",
    re.I,
)
"""In place of evaluate, rejected and test set."""
HTTP_KEYS = {
    "surrogates/fields/quantities.py": {"what"},
    "serving/fields/quantity_requests.py": {"what"},
    "serving/hosting/champion_state.py": {"wanted"},
    "serving/schemas/openapi.py": {"wanted"},
}
"""Keys of requests and replies that users have in their scripts, by the file of the class that has them as fields."""
FACE = frozenset({"Regressor", "SVD", "solve"})
"""Names of the Python interface, which stand for what is called so in the packages below."""
CONVENTIONS = frozenset({"main", "register"})
"""Functions that have one role in every module that has them."""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def bound_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Variables, parameters, fields, functions and classes, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno


@pytest.mark.parametrize("package", PACKAGES)
def test_names_say_what_a_value_is(package: str) -> None:
    assert [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources(package)
        for name, line in bound_names(tree_of(path))
        if name.lstrip("_") in NO_NAMES - HTTP_KEYS.get(str(path.relative_to(ROOT)), set())
    ] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_messages_and_comments_use_the_words_of_the_glossary(package: str) -> None:
    assert [one for path in sources(package) for one in private_words(path)] == []


def test_pages_use_the_words_of_the_glossary() -> None:
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").glob("*.md"),
    ]
    assert len(pages) > 20
    assert [one for page in pages for one in private_words(page)] == []


def private_words(path: Path) -> list[str]:
    # The last column of the glossary holds the words that are not used.
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    text = {number: line.rpartition("| ")[0] if line.count(" | ") == 2 else line for number, line in lines}
    return [
        f"{path.relative_to(ROOT)}:{number}: {line}" for number, line in text.items() if NO_WORDS.search(line)
    ]


EQUATIONS = ("physics/equations/problems/", "flows/equations/templates/")


@pytest.mark.parametrize("kind", [ast.ClassDef, ast.FunctionDef], ids=["classes", "functions"])
def test_no_two_public_definitions_share_a_name(kind: type[ast.ClassDef | ast.FunctionDef]) -> None:
    files: dict[str, list[str]] = defaultdict(list)
    for path in (path for package in PACKAGES for path in sources(package)):
        name = str(path.relative_to(ROOT))
        # A problem's file states the same functions as every other; a command is called as on the command line.
        if name.startswith(EQUATIONS) or name.startswith("flows/command_line/"):
            continue
        for node in tree_of(path).body:
            if isinstance(node, kind) and not node.name.startswith("_") and node.name not in CONVENTIONS:
                files[node.name].append(name)
    shared = {name: paths for name, paths in files.items() if len(paths) > 1}
    assert {name: paths for name, paths in shared.items() if name not in FACE} == {}
