"""What must be alike on the machine that hands out work and on those that do it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fieldwright.data.errors import ComputeError

PACKAGE = Path(__file__).parents[2]
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "gpytorch", "pydantic", "distributed")
"""Those whose release may change the numbers, or what can be sent."""
FOLDERS = ("data", "physics", "surrogates", "flows")


@dataclass(frozen=True)
class Installation:
    """Python, libraries and the product's code, by name and version."""

    versions: tuple[tuple[str, str], ...]

    @classmethod
    @cache
    def here(cls) -> Installation:
        """That of this process."""
        versions = {"Python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}
        return cls((*versions.items(), ("fieldwright", f"code {code_digest()[:12]}")))

    def refuse_other(self, worker: str) -> None:
        """Raises ComputeError where this process is not installed like the one that hands out work."""
        here = dict(Installation.here().versions)
        others = [
            f"{name} {here.get(name, 'none')} in place of {value}"
            for name, value in self.versions
            if here.get(name) != value
        ]
        if others:
            raise ComputeError(
                "Workers must run the same versions as this process",
                f"{', '.join(others)} on {worker}",
                "Install the same release and libraries there, and start the worker again",
            )


def refuse_unseen(folders: Sequence[Path], worker: str) -> None:
    """Raises ComputeError where one of the folders is not to be seen from this process."""
    for folder in folders:
        if not folder.exists():
            raise ComputeError(
                "Workers must see the folders of the study under the same paths as this machine",
                f"no '{folder}' on {worker}",
                "Mount it there, or set FIELDWRIGHT_HOME to a folder that all machines share",
            )


@lru_cache(maxsize=8)
def check_worker(installation: Installation, seen: tuple[Path, ...]) -> None:
    """Raises ComputeError where this process cannot do the work of one with that installation, on these paths."""
    worker = f"the worker on {platform.node()}"
    installation.refuse_other(worker)
    refuse_unseen(seen, worker)


@cache
def code_digest() -> str:
    """The SHA-256 of all Python files of the installed packages, by their names and contents."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"
