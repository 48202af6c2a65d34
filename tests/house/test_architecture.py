"""docs/architecture.md names files, folders and definitions that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_file_and_folder_exists() -> None:
    names = set(re.findall(r"`([a-z_0-9]+/[a-z_0-9/]*(?:\.py)?)`", PAGE))
    assert len(names) > 30
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


def test_every_name_is_defined_in_its_file() -> None:
    pairs = re.findall(r"`([a-z_0-9/]+\.py)`\s+\(`(\w+)`\)", PAGE)
    assert len(pairs) > 10
    missing = []
    for file, name in pairs:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        if name not in {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}:
            missing.append((file, name))
    assert missing == []


def test_the_picture_shows_every_package() -> None:
    picture = PAGE.split("```")[1]
    for package in ("data", "flows", "physics", "serving", "surrogates"):
        folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert [name for name in sorted(folders - {"demo"}) if name not in picture] == []
