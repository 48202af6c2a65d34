"""`python -m fieldwright.serving.hosting.bento_build`: one version of a model as a bento that serves it anywhere.

The bento holds the package itself and the model beside it; what it needs besides are the package's requirements. It
follows no registry.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from fieldwright.data.errors import FieldwrightError, ModelError
from fieldwright.serving.hosting.bundle import BUNDLE, PACKAGE
from fieldwright.serving.hosting.shelf import Shelf, Shelved

SERVICE = "fieldwright.serving.service:Fieldwright"


def build_bento(artifact: Path, model: str, version: str, out: Path) -> Path:
    """Builds the bento of a model's artifact into a folder and returns its own; raises ModelError."""
    name = re.sub(r"[^a-z0-9_.-]+", "-", model.lower()).strip("-._") or "model"
    with tempfile.TemporaryDirectory(prefix="fieldwright-bento-") as folder:
        context, store = Path(folder) / "context", Path(folder) / "store"
        shutil.copytree(PACKAGE, context / "fieldwright", ignore=shutil.ignore_patterns("__pycache__"))
        _shelve(artifact, Shelved(model, version, version), context / BUNDLE)
        # A document of JSON is one of YAML.
        (context / "bentofile.yaml").write_text(
            json.dumps(
                {
                    "service": SERVICE,
                    "name": name,
                    "include": ["fieldwright/**", f"{BUNDLE}/**"],
                    "python": {"packages": _requirements(), "lock_packages": False},
                }
            ),
            encoding="utf-8",
        )
        environment = {**os.environ, "BENTOML_HOME": str(store), "PYTHONPATH": str(context)}
        environment |= {"BENTOML_DO_NOT_TRACK": "true"}
        command = [sys.executable, "-m", "bentoml", "build", "--version", version, "--output", "tag"]
        done = subprocess.run(
            command, cwd=context, env=environment, capture_output=True, text=True, check=False
        )
        built = store / "bentos" / name / version
        if done.returncode or not built.is_dir():
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no further words"]
            raise ModelError("`bentoml build` must build the bento", lines[-1], "Mend what it says")
        target = out / f"{name}-{version}"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(built, target)
    return target


def _shelve(artifact: Path, shelved: Shelved, folder: Path) -> None:
    def fetch(into: Path) -> Path:
        return Path(shutil.copytree(artifact, into / "artifact"))

    shelf = Shelf(folder)
    shelf.put(shelved, fetch)
    shelf.point_to(shelved)


def _requirements() -> list[str]:
    """What the package needs, without its extras."""
    try:
        return [one for one in requires("fieldwright") or () if "extra ==" not in one]
    except PackageNotFoundError as error:
        raise ModelError(
            "A bento must list what the package 'fieldwright' requires",
            "a package that is not installed",
            "Install it: pip install fieldwright",
        ) from error


def main() -> None:
    """Builds as the arguments say and prints the folder; a mistake is one sentence and exit status 2."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("--artifact", "--model", "--version", "--out"):
        parser.add_argument(option, required=True)
    arguments = parser.parse_args()
    try:
        print(
            build_bento(
                Path(arguments.artifact), arguments.model, arguments.version, Path(arguments.out).resolve()
            )
        )
    except FieldwrightError as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
