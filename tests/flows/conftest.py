"""A folder of small finished runs, as an engineer would have it, and its study."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import meshio
import mlflow
import numpy as np
import pytest
from mlflow.entities import Run

from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.report import Report
from fieldwright.flows.tracking.store import open_store

STUDY = """
name = "beam"
seed = 3
[runs]
folder = "runs"
pattern = "run_*"
file = "result.vtu"
[parameters]
table = "runs/parameters.csv"
columns = {{ load = {{ unit = "N" }}, modulus = {{ unit = "Pa" }} }}
[fields]
stress = {{ unit = "Pa" }}
displacement = {{ unit = "m" }}
[reduction]
energy = 0.999999
[validation]
folds = 4
{more}
[[candidates]]
kind = "bayes"
[[candidates]]
kind = "gp"
"""


def write_run(folder: Path, load: float, modulus: float) -> None:
    """One run on a unit square of 7 x 7 nodes: fields smooth in place and parameters, nothing solved."""
    grid = np.linspace(0.0, 1.0, 7)
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
    corner = np.array([7 * row + column for row in range(6) for column in range(6)])
    quads = np.stack([corner, corner + 1, corner + 8, corner + 7], axis=1)
    stress = load * (1.0 + x * y + 0.1 * np.sin(load * x))
    displacement = np.stack([load * x / modulus, -0.3 * load * y / modulus, 0.0 * x], axis=1)
    folder.mkdir(parents=True)
    mesh = meshio.Mesh(
        np.stack([x, y, 0.0 * x], axis=1),
        {"quad": quads},
        point_data={"stress": stress, "displacement": displacement},
    )
    mesh.write(folder / "result.vtu")


@pytest.fixture(scope="module", autouse=True)
def flows_are_recorded(request: pytest.FixtureRequest) -> Iterator[None]:
    """Flows that a file of tests calls are recorded by a server of its process.

    Prefect would start one at a port taken by chance, where it may find that of another process, which ends sooner.
    """
    if hasattr(request.module, "run_study") or hasattr(request.module, "watch_for_drift"):
        # Imported here: it takes seconds, and most files of tests call no flow.
        from fieldwright.flows.own_prefect_server import own_prefect_server

        with own_prefect_server():
            yield
    else:
        yield


@pytest.fixture(name="write_run")
def fixture_write_run() -> Callable[[Path, float, float], None]:
    """write_run(folder, load, modulus) writes one run."""
    return write_run


def write_study(folder: Path, n_runs: int = 24, more: str = "", name: str = "beam") -> Path:
    """Writes runs, their table and the study file, and returns its path."""
    rng = np.random.default_rng(7)
    rows = ["run,load,modulus"]
    for number in range(1, n_runs + 1):
        load, modulus = rng.uniform(1.0, 3.0), rng.uniform(5.0, 9.0)
        write_run(folder / "runs" / f"run_{number:04d}", load, modulus)
        rows.append(f"run_{number:04d},{load!r},{modulus!r}")
    (folder / "runs" / "parameters.csv").write_text("\n".join(rows) + "\n")
    path = folder / "study.toml"
    path.write_text(STUDY.format(more=more).replace('"beam"', f'"{name}"'))
    return path


@pytest.fixture
def make_study(tmp_path: Path) -> Callable[..., Path]:
    """make_study(n_runs, more="") writes runs, their table and the study file, and returns its path."""
    return partial(write_study, tmp_path)


@pytest.fixture(scope="session")
def study_in() -> Callable[..., Path]:
    """study_in(folder, n_runs, more, name) does so in any folder."""
    return write_study


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracking store without runs. MLflow takes a second for its migrations, which would be the half of a test."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    open_store(f"sqlite:///{path}")
    return path


@pytest.fixture(autouse=True)
def own_home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_store: Path
) -> Path:
    """Each test works in a home of its own; libraries find no settings of the user's.

    It has an empty store, but in modules that say `MAKES_STORES`.
    """
    home = tmp_path / "home"
    if not getattr(request.module, "MAKES_STORES", False):
        home.mkdir()
        shutil.copyfile(empty_store, home / "mlflow.db")
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(home))
    # Tests of the same process have set MLflow's own: none of it is of this one.
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # forgets it
    mlflow.set_registry_uri("")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def common_names() -> Callable[..., None]:
    """common_names(run, family) asserts what MLflow shows of a candidate of every family under the same names."""

    def check(run: Run, family: str) -> None:
        assert {"score", "fit_seconds"} <= set(run.data.metrics)
        assert {"kind", "seed", "samples.train"} <= set(run.data.params)
        assert {"role", "candidate", "metric", "family"} <= set(run.data.tags)
        assert run.data.tags["family"] == family

    return check


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of the tests' own, whose user is named user:secret."""
    pytest.importorskip("psycopg2", reason="the driver of PostgreSQL is not installed")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    # The server runs as no administrator, and its folder is that user's.
    user = "postgres" if os.geteuid() == 0 else None
    place = Path(tempfile.mkdtemp(prefix="postgresql_", dir="/tmp"))
    try:
        if user is not None:
            shutil.chown(place, user)
        (place / "password").write_text("secret")
        (place / "password").chmod(0o644)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        run = partial(subprocess.run, user=user, cwd=place, check=True, stdout=subprocess.DEVNULL)
        access = ("-U", "user", "-A", "scram-sha-256", "--pwfile", place / "password")
        run([folders[-1] / "initdb", "-D", place / "data", *access, "--no-sync"])
        options = f"-h 127.0.0.1 -p {port} -k {place} -c fsync=off"
        control = [folders[-1] / "pg_ctl", "-D", place / "data"]
        run([*control, "-w", "-t", "120", "-l", place / "log", "-o", options, "start"])
        try:
            yield f"postgresql://user:secret@127.0.0.1:{port}"
        finally:
            run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def s3_store() -> Iterator[dict[str, str]]:
    """The environment of an S3-compatible store with the bucket `models`."""
    server_module = pytest.importorskip("moto.server", reason="moto's server of S3 is not installed")
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
    server = server_module.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        environment = {
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{server.get_host_and_port()[1]}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        client = boto3.client(
            "s3",
            endpoint_url=environment["MLFLOW_S3_ENDPOINT_URL"],
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="models")
        yield environment
    finally:
        server.stop()


VOID = {"meta", "img", "br", "link", "input"}
LOADING = {"src", "href", "srcset", "data", "action", "poster"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed where it must be, and loads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.anchors: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        assert len(values) == len(attrs), f"an attribute of <{tag}> is given twice"
        for name in LOADING & set(values):
            assert values[name].startswith(("data:image/", "#")), f"<{tag} {name}> loads {values[name][:60]}"
        if "id" in values:
            assert values["id"] not in self.anchors
            self.anchors.add(values["id"])
        if values.get("href", "").startswith("#"):
            self.links.add(values["href"][1:])
        if tag == "img":
            assert len(values.get("alt", "").split()) >= 2, "a picture without words"
            assert int(values["width"]) > 0
            assert int(values["height"]) > 0
        if tag == "th":
            assert values["scope"] in ("col", "row")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            assert not re.search(r"url\(|@import", data)
        elif data.strip():
            self.texts.append(data.strip())


def texts_of(page: str) -> list[str]:
    """All texts of the page, once it is well formed and loads nothing from elsewhere."""
    assert page.startswith('<!doctype html><html lang="en">')
    parser = Page()
    parser.feed(page)
    parser.close()
    assert not parser.open
    assert parser.links <= parser.anchors
    return parser.texts


@pytest.fixture(scope="session")
def check_page() -> Callable[[str], list[str]]:
    """check_page(html) asserts that a report's page is well formed and loads nothing; returns its texts."""
    return texts_of


@pytest.fixture(scope="session")
def check_report() -> Callable[[Report], str]:
    """check_report(report) asserts that a pipeline's page tells its numbers; returns all of its text."""

    def check(report: Report) -> str:
        page = Path(report.page).read_text(encoding="utf-8")
        assert len(page) < 1_000_000
        text = "\n".join(texts_of(page))
        assert f"Version {report.version} ({report.best})" in text
        assert report.why in text
        for one in report.evaluations:
            assert number_text(one.score, 3) in text
        for row in (*report.gates, *report.ingested.rejected):
            assert all(cell in text for cell in row)
        assert f"{len(report.ingested.accepted)} " in text or report.subject == "an equation"
        assert "fieldwright open study.toml" in text
        return text

    return check
