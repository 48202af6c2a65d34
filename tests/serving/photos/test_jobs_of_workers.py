"""Jobs of an endpoint of two workers: each finds every job, and the endpoint's end is the end of its jobs."""

from __future__ import annotations

import signal
import time

import httpx
import numpy as np
import pytest


@pytest.fixture(scope="module")
def walls(store, command, segmenter, start):
    """An endpoint of two workers that serves the segmenter."""
    segmenter.save(store.folder / "walls")
    store.promote(store.register(store.folder / "walls", "walls"), "walls")
    endpoint = start(command("walls", None, None, "--workers", "2"))
    yield endpoint
    if endpoint.process.poll() is None:
        endpoint.stop()


@pytest.mark.slow
def test_a_job_is_found_by_whichever_worker_is_asked(walls, form, wall):
    photo, _ = wall(900, True)
    large = np.tile(photo, (40, 40, 1))
    # Each client keeps a connection, and workers share connections evenly.
    clients = [httpx.Client(base_url=walls.url, timeout=60.0, trust_env=False) for _ in range(4)]
    try:
        hrefs = [one.post("/jobs?route=segment", files=form(photo)).json()["href"] for one in clients]
        deadline = time.monotonic() + 240.0
        for href in hrefs:
            while (states := {one.get(href).json()["state"] for one in clients}) != {"done"}:
                assert states <= {"waiting", "running", "done"}
                assert time.monotonic() < deadline
                time.sleep(0.1)
        answers = [clients[k].get(f"{href}/answer").content for k, href in enumerate(reversed(hrefs))]
        assert len(set(answers)) == 1
        unknown = [one.get("/jobs/none") for one in clients]
        assert {reply.status_code for reply in unknown} == {404}
        assert all(reply.json()["request_id"] == reply.headers["x-request-id"] for reply in unknown)
        assert 'fieldwright_requests_total{route="/jobs",status="202"} 4.0' in clients[0].get("/metrics").text
        running = clients[0].post("/jobs?route=segment", files=form(large)).json()["href"]
        assert clients[1].get(running).json()["state"] in ("waiting", "running")
        processes = walls.descendants()
    finally:
        for one in clients:
            one.close()
    walls.process.send_signal(signal.SIGTERM)
    assert walls.process.wait(timeout=60) == 0
    assert len(processes) >= 3
    assert walls.descendants() == []
