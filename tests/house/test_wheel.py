"""The wheel: one name in site-packages, and a user's own modules of the packages' bare names beside it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
STUDY = """
name = "bar"
[runs]
folder = "runs"
[parameters]
table = "runs/parameters.csv"
columns = { load = { unit = "N" } }
[fields]
u = { unit = "m" }
[[candidates]]
kind = "bayes"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a look at the network, from a copy: a build leaves files behind."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    left_out = shutil.ignore_patterns(".*", "build", "*.egg-info", "var", "tests", "docs", "__pycache__")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True, timeout=300)
    (built,) = folder.glob("fieldwright-*.whl")
    return built


def test_the_wheel_holds_one_package_and_all_its_modules(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"fieldwright"}
    packages = ("data", "flows", "physics", "serving", "surrogates")
    sources = {path for package in packages for path in (ROOT / package).rglob("*.py")}
    assert {f"fieldwright/{path.relative_to(ROOT).as_posix()}" for path in sources} <= names
    face = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fieldwright" / "library").glob("*.py")}
    assert {"fieldwright/py.typed", "fieldwright/__init__.py"} | face <= names
    page = {path for path in (ROOT / "serving" / "page" / "static").rglob("*") if path.is_file()}
    weights = {*(ROOT / "surrogates").rglob("*.safetensors")}
    assert weights
    assert {f"fieldwright/{path.relative_to(ROOT).as_posix()}" for path in page | weights} <= names


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment of its own that has the wheel, and the libraries of this one."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=False)
    site = next((folder / "lib").glob("python*/site-packages"))
    python = str(folder / "bin" / "python")
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    # A path to this checkout would make pip take it for the installation.
    elsewhere = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run(
        [*command, "--no-warn-script-location", str(wheel)],
        check=True,
        timeout=300,
        env=elsewhere,
        cwd=folder,
    )
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    # Added behind: what the wheel installed is found first.
    (site / "libraries.pth").write_text("\n".join(libraries) + "\n")
    return folder / "bin"


@pytest.mark.slow
def test_beside_a_users_own_data_everything_works(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "__init__.py").write_text(
        "raise RuntimeError('the user\\'s own package was imported')\n"
    )
    for name in ("flows.py", "serving.py", "surrogates.py", "physics.py"):
        (tmp_path / name).write_text("raise RuntimeError('the user\\'s own module was imported')\n")
    (tmp_path / "runs").mkdir()
    x, rows = np.linspace(0.0, 1.0, 9), ["run,load"]
    for k in range(10):
        load = 1.0 + 0.3 * k
        np.savez(tmp_path / "runs" / f"run_{k}.npz", x=x, u=load * x * (1.0 - x / 3.0))
        rows.append(f"run_{k},{load!r}")
    (tmp_path / "runs" / "parameters.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "study.toml").write_text(STUDY)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {
        "FIELDWRIGHT_HOME": str(tmp_path / "var"),
        "PREFECT_HOME": str(tmp_path / "prefect"),
    }

    def fieldwright(*words: str) -> str:
        done = subprocess.run(
            [installed / "fieldwright", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = [installed / "python", "-c", "import fieldwright.data as d; print(d.__file__)"]
    origin = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert Path(origin.stdout.strip()).is_relative_to(installed.parent)
    face = "import fieldwright as fw; m = fw.fit(fw.read('runs'), model='linear'); print(*m.parameters, *m.fields)"
    answer = subprocess.run(
        [installed / "python", "-c", face],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "load u\n"
    assert "10 runs" in fieldwright("inspect", "runs")
    assert "is now the champion" in fieldwright("run", "study.toml")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [installed / "fieldwright", "serve", "study.toml", "--port", str(port)], cwd=tmp_path, env=environment
    )
    try:
        answer = ask(f"http://127.0.0.1:{port}/predict", {"parameters": {"load": 2.0}}, server)
    finally:
        server.terminate()
        server.wait(60)
    # u is largest at x = 1, where it is two thirds of the load.
    assert answer["quantities"]["max(u)"]["mean"][0] == pytest.approx(2.0 * 2.0 / 3.0, rel=1e-3)


def ask(url: str, document: dict, server: subprocess.Popen) -> dict:
    request = urllib.request.Request(url, json.dumps(document).encode(), {"Content-Type": "application/json"})
    end = time.monotonic() + 240
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)
        except OSError:
            assert server.poll() is None, "the endpoint ended"
            assert time.monotonic() < end, "the endpoint did not answer"
            time.sleep(0.5)
