"""How tasks run: with one thread for each training, and again where what has failed can pass."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from requests.exceptions import ConnectionError as NoConnection
from sqlalchemy.exc import OperationalError

from fieldwright.data.errors import ModelError, StudyError
from fieldwright.flows.passing_errors import is_passing
from fieldwright.flows.tasks import one_thread, pipeline_task
from fieldwright.flows.workflow import run_study


def caused_by(error: Exception, cause: Exception | None) -> Exception:
    try:
        raise error from cause
    except Exception as raised:
        return raised


def test_one_thread_holds_for_torch_too_and_is_given_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        OSError(errno.ENOSPC, "No space left on device"),
        NoConnection(),
        OperationalError("SELECT 1", {}, Exception()),
        MlflowException("busy", error_code=TEMPORARILY_UNAVAILABLE),
        caused_by(ModelError("The tracking store must open", "nothing", "Check it"), NoConnection()),
    ],
)
def test_what_was_away_or_full_can_pass(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        None,
        StudyError("a", "b", "c"),
        ValueError("a"),
        FileNotFoundError(errno.ENOENT, "No such file"),
        MlflowException("no such run"),
        caused_by(StudyError("a", "b", "c"), ValueError("a")),
    ],
)
def test_a_mistake_stays_one(error: Exception | None) -> None:
    assert not is_passing(error)


@pytest.mark.parametrize(
    ("error", "of_worker", "starts"),
    [(ConnectionError(), True, 4), (StudyError("a", "b", "c"), True, 1), (ConnectionError(), False, 1)],
)
def test_a_worker_tries_again_what_can_pass(
    error: Exception, of_worker: bool, starts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Prefect reads its settings once: only after those of the product are set.
    from prefect import flow

    if of_worker:
        monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "00000000-0000-0000-0000-000000000000")
    calls = []

    @pipeline_task
    def fails() -> None:
        calls.append(1)
        raise error

    @flow
    def one() -> None:
        fails.with_options(retry_delay_seconds=0)()

    with pytest.raises(type(error)):
        one()
    assert len(calls) == starts


def test_a_run_of_a_worker_must_know_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "00000000-0000-0000-0000-000000000000")
    monkeypatch.delenv("FIELDWRIGHT_HOME")
    with pytest.raises(StudyError, match="job variables"):
        run_study.fn(str(tmp_path / "study.toml"))
