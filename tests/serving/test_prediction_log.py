"""The sampled log of predictions: what was answered, within a size, whatever the disk does."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from fieldwright.data.errors import ReadError
from fieldwright.data.prediction_log import (
    LoggedPrediction,
    predictions_folder,
    prune_predictions,
    read_predictions,
    write_predictions,
)
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.metrics import LOG_DROPPED, LOG_WRITTEN, Metrics
from fieldwright.serving.observation import prediction_writer
from fieldwright.serving.observation.prediction_writer import PredictionWriter

ROWS = [{"heat_flux": 2e4, "thickness": 4.0}, {"heat_flux": 9e4, "thickness": 4.0}]
QUANTITIES = [
    {"what": "max", "field": "temperature"},
    {"what": "max", "field": "displacement", "component": "x"},
]
CANNOT_MOUNT = "a disk that is full needs a small file system, and none can be mounted here"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path))
    return tmp_path / "predictions" / "plate"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


Logging = Callable[..., tuple[PredictionWriter, httpx.Response]]


@pytest.fixture
def log(champion: Champion, metrics: Metrics) -> Logging:
    """Asks an endpoint that logs a share of its predictions; its writer has not been started."""

    def log(share: float, queries: list, writer: PredictionWriter | None = None):
        writer = writer or PredictionWriter(share, metrics.rows)

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(Endpoint(champion, metrics, predictions=writer).app())
            async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
                document = {"parameters": queries, "quantities": QUANTITIES}
                return await client.post("/predict", json=document, headers={"X-Request-ID": "mine"})

        return writer, asyncio.run(ask())

    return log


def test_the_log_holds_what_was_answered(log: Logging, folder: Path, metrics: Metrics):
    before = datetime.now(UTC)
    writer, reply = log(1.0, ROWS)
    assert not folder.exists()
    writer.start()
    writer.stop()
    assert predictions_folder("plate") == folder
    table = read_predictions(folder)
    assert table["inside"].tolist() == [True, False]
    assert set(table["request_id"]) == {"mine"}
    assert set(table["version"]) == {"7"}
    assert (table["time"] >= before).all()
    assert table["parameters.heat_flux"].tolist() == [2e4, 9e4]
    for label, answer in reply.json()["quantities"].items():
        for statistic in ("mean", "std", "lower", "upper"):
            logged = table[f"quantities.{label}.{statistic}"].tolist()
            np.testing.assert_array_equal(logged, answer[statistic])
    assert metrics.rows.column(LOG_WRITTEN) == [2.0]
    assert read_predictions(folder, version="8").empty
    assert read_predictions(folder, since=datetime.now(UTC) + timedelta(hours=1)).empty


def test_about_the_share_is_logged(log: Logging, folder: Path):
    writer, _ = log(0.25, ROWS[:1] * 2000)
    writer.start()
    writer.stop()
    # Twelve standard deviations of the number of queries.
    assert abs(len(read_predictions(folder)) - 500) < 12 * np.sqrt(2000 * 0.25 * 0.75)


def test_without_a_share_nothing_is_taken(log: Logging, folder: Path):
    writer, reply = log(1e-300, ROWS)
    assert reply.status_code == 200
    writer.start()
    writer.stop()
    assert not folder.exists()


def prediction(number: int) -> LoggedPrediction:
    numbers = np.random.default_rng(number).random(400).tolist()
    quantities = {"max(t)": [numbers] * 4}
    return LoggedPrediction(datetime.now(UTC), "plate", "1", str(number), True, {"a": number}, quantities)


def test_the_oldest_files_give_way(folder: Path):
    paths = [write_predictions(folder, [prediction(number)]) for number in range(4)]
    size = paths[0].stat().st_size
    prune_predictions(folder, int(2.5 * size))
    assert sorted(folder.iterdir()) == paths[2:]
    assert read_predictions(folder)["request_id"].tolist() == ["2", "3"]


def test_files_that_are_too_old_or_too_many_are_not_read(folder: Path):
    paths = [write_predictions(folder, [prediction(number)]) for number in range(4)]
    assert read_predictions(folder, most=2)["request_id"].tolist() == ["2", "3"]
    assert read_predictions(folder, most=0).empty
    old = paths[0].with_name(f"20000101T000000000000-1{paths[0].suffix}")
    old.write_bytes(b"not even a file of the log")
    paths[0].unlink()
    since = datetime.now(UTC) - timedelta(hours=1)
    assert read_predictions(folder, since)["request_id"].tolist() == ["1", "2", "3"]
    with pytest.raises(ReadError):
        read_predictions(folder)


def test_a_damaged_file_is_said(folder: Path):
    path = write_predictions(folder, [prediction(0)])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ReadError, match=f"'{path}' must be a whole file of a log of predictions"):
        read_predictions(folder)


def test_more_than_can_wait_is_dropped_and_counted(log: Logging, metrics: Metrics, monkeypatch):
    monkeypatch.setattr(prediction_writer, "MOST_WAITING", 3)
    writer, _ = log(1.0, ROWS)
    _, reply = log(1.0, ROWS, writer)
    assert reply.status_code == 200
    assert metrics.rows.column(LOG_DROPPED) == [2.0]


def check_trouble(
    writer: PredictionWriter, log: Logging, folder: Path, caplog, mend: Callable[[], object]
) -> None:
    """The disk fails the first and second time; answers go on, and all is written once it is mended."""
    caplog.set_level(logging.ERROR, "bentoml.fieldwright")
    for _ in range(2):
        assert log(1.0, ROWS, writer)[1].status_code == 200
        writer.write()
    (record,) = caplog.records
    assert record.getMessage().startswith("The log of predictions cannot be written: [Errno ")
    mend()
    writer.write()
    assert len(read_predictions(folder)) == 4
    assert [path.suffix for path in folder.iterdir()] == [".parquet"]


def test_a_folder_that_cannot_be_made_stops_nothing(log: Logging, metrics: Metrics, folder: Path, caplog):
    folder.parent.mkdir()
    folder.touch()
    check_trouble(PredictionWriter(1.0, metrics.rows), log, folder, caplog, folder.unlink)


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip(CANNOT_MOUNT)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_stops_nothing(log: Logging, metrics: Metrics, small_disk: Path, caplog):
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):  # noqa: PT012
        while True:
            file.write(bytes(4096))
    check_trouble(PredictionWriter(1.0, metrics.rows), log, small_disk, caplog, ballast.unlink)
