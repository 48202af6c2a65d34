"""Events of a study at a real HTTP server: what failed, who is champion, what was rejected, what was killed."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fieldwright.data.errors import StudyError
from fieldwright.flows.notification.messages import notify
from fieldwright.flows.notification.pipeline_events import sweep_killed
from fieldwright.flows.notification.running_pipeline import running_pipeline, update_running
from fieldwright.flows.notification.webhook import LONGEST
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.study_lock import study_lock
from fieldwright.flows.workflow import run_study

MakeStudy = Callable[..., Path]
SECRET = "s3cr3t-t0ken"


class Receiver:
    """A server that keeps what it is sent, and answers with `status` after `seconds`."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.status, self.seconds = 200, 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/json"
                receiver.messages.append(json.loads(body))
                time.sleep(receiver.seconds)
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook/{SECRET}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.server.shutdown()
    one.server.server_close()


def with_webhook(path: Path, webhook: str, on: str = '["failed", "promoted", "rejected_runs"]') -> Path:
    path.write_text(path.read_text() + f'\n[notify]\nwebhook = "{webhook}"\non = {on}\n')
    return path


def without_gp(path: Path) -> Path:
    path.write_text(path.read_text().replace('[[candidates]]\nkind = "gp"\n', ""))
    return path


def test_a_new_champion_a_failure_and_rejected_runs_are_sent(
    make_study: MakeStudy, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = with_webhook(without_gp(make_study(9)), receiver.address)
    run_study(str(path))
    (promoted,) = receiver.messages
    assert (promoted["study"], promoted["event"], promoted["version"]) == ("beam", "promoted", "1")
    assert "Version 1 (bayes) is the champion" in promoted["sentence"]
    tracking = Tracking(None, "beam")
    (pipeline,) = tracking.client.search_runs([tracking.experiment_id()], "tags.role = 'pipeline'")
    assert promoted["link"] == (
        f"http://127.0.0.1:5000/#/experiments/{pipeline.info.experiment_id}/runs/{pipeline.info.run_id}"
    )
    copy = tracking.client.download_artifacts(pipeline.info.run_id, "study.toml")
    assert SECRET not in Path(copy).read_text()
    assert "$WEBHOOK" in Path(copy).read_text()

    result = path.parent / "runs" / "run_0001" / "result.vtu"
    result.write_bytes(result.read_bytes()[:900])
    run_study(str(path))
    rejected = receiver.messages[1]
    assert (rejected["event"], rejected["number"]) == ("rejected_runs", 1)
    assert rejected["rejected"][0][0] == "run_0001"
    number = len(receiver.messages)
    run_study(str(path))
    assert len(receiver.messages) == number, "what has been said is not repeated"

    path.write_text(path.read_text().replace("[runs]", "[runs]\nminimum = 30"))
    with pytest.raises(StudyError):
        run_study(str(path))
    failed = receiver.messages[-1]
    assert (failed["event"], failed["step"]) == ("failed", "split")
    assert "A study needs at least 30 accepted runs" in failed["sentence"]
    assert failed["link"].startswith("http://127.0.0.1:5000/#/experiments/")
    champion = tracking.registry.champion()
    assert champion is not None
    assert champion.version == "1", "it goes on serving"
    assert SECRET not in caplog.text

    path.write_text(path.read_text().replace("seed = 3", "seed = -3"))
    with pytest.raises(StudyError):
        run_study(str(path))
    assert receiver.messages[-1]["step"] == "study file"
    assert "'seed' in study.toml" in receiver.messages[-1]["sentence"]


def test_a_webhook_that_is_down_slow_or_refuses_is_a_line_in_the_log(
    make_study: MakeStudy, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    base = make_study(3)
    text = base.read_text()
    for address, status, seconds, reason in (
        (f"http://127.0.0.1:{closed}/{SECRET}", 200, 0.0, "Connection refused"),
        (receiver.address, 500, 0.0, "it answered 500"),
        (receiver.address, 404, 0.0, "it answered 404"),
        (receiver.address, 200, 60.0, "not reached"),
    ):
        base.write_text(text)
        study = load_study(with_webhook(base, address))
        receiver.status, receiver.seconds = status, seconds
        caplog.clear()
        begin = time.monotonic()
        assert not notify(study, "failed", "It failed.")
        assert time.monotonic() - begin < LONGEST + 20.0
        assert reason in caplog.text
        assert SECRET not in caplog.text
    receiver.seconds = 0.0


def test_an_address_of_the_environment_and_events_that_nobody_asked_for(
    make_study: MakeStudy, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_study(3)
    study = load_study(with_webhook(path, "$MY_HOOK", '["drift"]'))
    assert not notify(study, "drift", "It drifts.")
    monkeypatch.setenv("MY_HOOK", receiver.address)
    assert not notify(study, "failed", "It failed.")
    assert notify(study, "drift", f"It drifts, see {receiver.address}.", link="http://host/page")
    (message,) = receiver.messages
    assert message["sentence"] == "It drifts, see the webhook."
    assert message["text"] == "fieldwright, beam: It drifts, see the webhook. http://host/page"
    path.write_text(path.read_text().replace("$MY_HOOK", f"ftp://{SECRET}"))
    with pytest.raises(StudyError, match=r"'notify.webhook' must begin with http") as caught:
        load_study(path)
    assert SECRET not in str(caught.value)


def test_a_killed_pipeline_is_sent_once_by_whoever_comes_next(
    make_study: MakeStudy, receiver: Receiver
) -> None:
    study = load_study(with_webhook(make_study(3), receiver.address))
    code = (
        "import os, signal\n"
        "from fieldwright.flows.notification.running_pipeline import running_pipeline, update_running\n"
        "with running_pipeline('beam'):\n"
        "    update_running(step='evaluate gp', link='http://host/run')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False)
    with study_lock("beam", print):
        assert sweep_killed(study) is None, "one is under way"
    assert sweep_killed(study) is not None
    assert sweep_killed(study) is None
    (message,) = receiver.messages
    assert (message["event"], message["step"], message["killed"]) == ("failed", "evaluate gp", True)
    assert message["link"] == "http://host/run"
    with running_pipeline("beam"):
        update_running(step="split")
    assert sweep_killed(study) is None, "it ended as it should"
