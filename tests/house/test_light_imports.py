"""What a command must not import: a study is read, and its state shown, without the libraries that take seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fieldwright.flows.demo.plate_demo import STUDY_FILE

HEAVY = (
    "torch",
    "gpytorch",
    "sklearn",
    "mlflow",
    "prefect",
    "bentoml",
    "deepxde",
    "scipy.stats",
    "xarray",
    "matplotlib",
)


@pytest.mark.parametrize(
    "does",
    [
        "from fieldwright.flows import cli",
        "from fieldwright.flows.study.loading import load_study; load_study(Path(sys.argv[1]))",
        "from fieldwright.flows.study.loading import load_study\n"
        "from fieldwright.flows.commands.status import print_status\n"
        "from fieldwright.flows.command_line.app import console\n"
        "print_status(load_study(Path(sys.argv[1])), console)",
    ],
    ids=["command line", "study file with gp and mlp", "status"],
)
def test_it_imports_nothing_heavy(does: str, tmp_path: Path) -> None:
    code = f"import sys\nfrom pathlib import Path\n{does}\nprint('*'.join(sys.modules))"
    # In a home of its own: the demo may have run in that of the checkout, from another folder.
    ran = subprocess.run(
        [sys.executable, "-c", code, str(STUDY_FILE)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"FIELDWRIGHT_HOME": str(tmp_path)},
    )
    names = set(ran.stdout.splitlines()[-1].split("*"))
    assert "cyclopts" in names or "pydantic" in names
    assert sorted(names & set(HEAVY)) == []
