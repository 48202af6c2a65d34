"""The five packages stay importable under one name, distinct, and are run as modules."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("data", "flows", "physics", "serving", "surrogates")
FACE = ROOT / "fieldwright" / "library"
SOURCES = [
    path for folder in (*(ROOT / name for name in PACKAGES), FACE) for path in sorted(folder.rglob("*.py"))
]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_is_a_regular_package(package: str) -> None:
    folders = {path.parent for path in SOURCES if path.is_relative_to(ROOT / package)}
    assert folders
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_module_is_named_like_a_library() -> None:
    taken = set(sys.stdlib_module_names)
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


def test_no_package_is_run_as_a_file() -> None:
    """Run as a file, a module's folder would stand first on the path and its neighbours shadow libraries."""
    for text in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "Makefile"]:
        for package in PACKAGES:
            assert f"python {package}/" not in text.read_text(encoding="utf-8"), text


def test_every_package_has_its_link() -> None:
    links = {path.name: path.readlink() for path in (ROOT / "fieldwright").iterdir() if path.is_symlink()}
    assert links == {package: Path("..") / package for package in PACKAGES}


def test_a_new_file_is_seen_without_a_new_installation(tmp_path: Path) -> None:
    code = (
        f"import importlib.util as u; print([u.find_spec('fieldwright.' + p).origin for p in {PACKAGES!r}])"
    )
    origins = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert [Path(origin).resolve() for origin in ast.literal_eval(origins.stdout)] == [
        ROOT / package / "__init__.py" for package in PACKAGES
    ]


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
    assert importlib.util.find_spec("fieldwright.flows.cli") is not None


MOST_FILES = 22
"""In one folder: twenty or so, so that a stranger finds the one that is looked for."""


def test_no_folder_is_crowded() -> None:
    counts = Counter(path.parent for path in SOURCES if path.name != "__init__.py")
    assert {str(folder): count for folder, count in counts.items() if count > MOST_FILES} == {}
