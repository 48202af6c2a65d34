"""POST /jobs: photos that take long, answered by a process of their own while the endpoint goes on."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from fieldwright.data.photos.photo import png_bytes
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.jobs import job_list


@pytest.fixture
def champion(shelved, segmenter):
    return shelved(segmenter)


@pytest.fixture
def in_session(champion):
    """Runs questions to one endpoint in this process, whose jobs a real process computes."""

    def run(questions: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
        async def session() -> Any:
            endpoint = Endpoint(champion)
            transport = httpx.ASGITransport(endpoint.app())
            async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
                try:
                    return await questions(client)
                finally:
                    endpoint.stop()

        return asyncio.run(session())

    return run


async def until(client: httpx.AsyncClient, href: str, *states: str) -> dict[str, Any]:
    """The job once it is in one of the states."""
    deadline = time.monotonic() + 240.0
    while (state := (await client.get(href)).json())["state"] not in states:
        assert time.monotonic() < deadline, state
        await asyncio.sleep(0.05)
    return state


def test_a_job_answers_as_the_route_does(in_session, form, wall):
    photo, _ = wall(900, True)
    tiled = np.tile(photo, (6, 6, 1))
    damaged = io.BytesIO()
    Image.fromarray(photo).save(damaged, "JPEG")
    broken = [("photo", ("broken.jpg", damaged.getvalue()[:-400], "image/jpeg"))]

    async def questions(client: httpx.AsyncClient) -> None:
        options = {"mm_per_px": "0.5", "threshold": "0.4"}
        direct = await client.post("/segment", files=form(tiled), data=options)
        reply = await client.post("/jobs?route=segment", files=form(tiled), data=options)
        assert reply.status_code == 202, reply.text
        href = reply.json()["href"]
        assert href == f"/jobs/{reply.json()['job']}"
        second = (await client.post("/jobs?route=segment", files=broken)).json()["href"]
        assert (await client.get(second)).json()["state"] == "waiting"
        early = await client.get(f"{href}/answer")
        assert early.status_code == 409
        assert "must be done before its answer can be had" in early.json()["error"]
        state = await until(client, href, "done", "failed")
        assert state["done"] == state["total"] > 1
        assert (state["error"], state["seconds_left"]) == (None, None)
        assert (await client.get(f"{href}/answer")).json() == direct.json()
        png = await client.get(f"{href}/answer?picture=probability", headers={"Accept": "image/png"})
        assert np.asarray(Image.open(io.BytesIO(png.content))).shape == (384, 384)
        archive = await client.get(f"{href}/answer", headers={"Accept": "application/zip"})
        names = {"answer.json", *(f"0_{name}.png" for name in ("mask", "overlay", "probability", "std"))}
        assert set(zipfile.ZipFile(io.BytesIO(archive.content)).namelist()) == names
        failed = await until(client, second, "done", "failed")
        assert "in 'broken.jpg'" in failed["error"]
        assert failed["error"] in (await client.get(f"{second}/answer")).json()["error"]
        assert (await client.delete(href)).json()["state"] == "done"
        gone = await client.get(href)
        assert gone.status_code == 404
        assert "Send the photo again" in gone.json()["error"]

    in_session(questions)


def test_a_running_job_is_cancelled_at_once_and_others_go_on(in_session, form, wall):
    photo, _ = wall(900, True)
    large = np.tile(photo, (40, 40, 1))

    async def questions(client: httpx.AsyncClient) -> None:
        first = (await client.post("/jobs?route=segment", files=form(large))).json()["href"]
        second = (await client.post("/jobs?route=segment", files=form(photo))).json()["href"]
        third = (await client.post("/jobs?route=segment", files=form(photo))).json()["href"]
        assert (await client.delete(third)).json()["state"] == "cancelled"
        await until(client, first, "running")
        gone = (await client.delete(first)).json()
        assert (gone["state"], gone["error"]) == ("cancelled", "The job was cancelled.")
        assert (await until(client, second, "done", "failed"))["state"] == "done"
        assert (await client.get(first)).json()["state"] == "cancelled"

    in_session(questions)


def test_what_is_kept_is_bounded_and_forgotten(in_session, form, wall, monkeypatch):
    photo, _ = wall(900, True)
    monkeypatch.setattr(job_list, "MAX_JOBS", 2)
    monkeypatch.setattr(job_list, "KEPT_SECONDS", 0.2)

    async def questions(client: httpx.AsyncClient) -> None:
        taken = [await client.post("/jobs?route=segment", files=form(photo)) for _ in range(3)]
        assert [reply.status_code for reply in taken] == [202, 202, 503]
        assert "At most 2 jobs" in taken[2].json()["error"]
        for reply in taken[:2]:
            await client.delete(reply.json()["href"])
        await asyncio.sleep(0.3)
        assert (await client.get(taken[0].json()["href"])).status_code == 404
        monkeypatch.setattr(job_list, "MAX_BYTES", 100)
        assert (await client.post("/jobs?route=segment", files=form(photo))).status_code == 503

    in_session(questions)


@pytest.mark.parametrize(
    ("address", "content", "data", "sentence"),
    [
        ("/jobs", None, {}, "Ask POST /jobs?route=segment"),
        ("/jobs?route=classify", None, {}, "'route' must be one of 'segment'"),
        ("/jobs?route=segment", b"no picture", {}, "in 'wall0.png'"),
        ("/jobs?route=segment", None, {"threshold": "2"}, "between 0 and 1"),
        ("/jobs?route=segment", None, {"picture": "mask"}, "must come with the request for the answer"),
    ],
)
def test_what_cannot_become_a_job_gets_one_sentence_at_once(
    champion, ask, wall, address, content, data, sentence
):
    photo = content or png_bytes(wall(900, True)[0])
    reply = ask(champion, "POST", address, files=[("photo", ("wall0.png", photo, "image/png"))], data=data)
    assert reply.status_code == 422, reply.text
    assert sentence in reply.json()["error"]
