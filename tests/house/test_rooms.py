"""The five rooms stay importable, distinct and run as modules."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("data", "flows", "physics", "serving", "surrogates")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("room", ROOMS)
def test_every_folder_of_a_room_is_a_regular_package(room: str) -> None:
    folders = {path.parent for path in SOURCES if path.is_relative_to(ROOT / room)}
    assert folders
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_module_is_named_like_a_room_or_a_library() -> None:
    taken = set(ROOMS) | set(sys.stdlib_module_names)
    taken |= {
        "torch",
        "zarr",
        "xarray",
        "prefect",
        "mlflow",
        "bentoml",
        "gpytorch",
        "sklearn",
        "deepxde",
        "dask",
    }
    names = {path.stem for path in SOURCES if path.stem not in ("__init__", "__main__")}
    assert names & taken == set()


def test_no_room_is_run_as_a_file() -> None:
    """Run as a file, a module's folder would stand first on the path and its neighbours shadow libraries."""
    for text in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "Makefile"]:
        for room in ROOMS:
            assert f"python {room}/" not in text.read_text(encoding="utf-8"), text


def test_rooms_are_imported_from_this_checkout(tmp_path: Path) -> None:
    code = f"import importlib.util as u; print([u.find_spec(room).origin for room in {ROOMS!r}])"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ast.literal_eval(found.stdout) == [str(ROOT / room / "__init__.py") for room in ROOMS]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_unpickled(path: Path) -> None:
    """No call reads a pickle, by whatever library."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in ("torch.load", "joblib.load", "cloudpickle.load", "cloudpickle.loads"), path
        assert not called.startswith(("pickle.", "dill.")), path
        assert not any(
            keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False"
            for keyword in node.keywords
        ), path


def test_every_module_says_what_it_is() -> None:
    silent = [path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []
    assert importlib.util.find_spec("flows.cli") is not None
