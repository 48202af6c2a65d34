"""The Python client asks a segmenter: photos, masks, two photos of one place, and jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fieldwright as fw
from fieldwright.data.photos.photo import png_bytes
from fieldwright.library.client.failures import QuestionRefused
from fieldwright.serving.endpoint import Endpoint


@pytest.fixture
def url(shelved, segmenter, listening) -> Iterator[str]:
    endpoint = Endpoint(shelved(segmenter))
    with listening(endpoint.app()) as url:
        yield url
    endpoint.stop()


def test_masks_are_measured_as_they_were_segmented(url, wall, segmenter):
    photo, _ = wall(900, True)
    with fw.Client(url) as client:
        answer = client.segment(png_bytes(photo), mm_per_px=0.5, threshold=0.4)
        (pictures,) = answer.pictures
        np.testing.assert_array_equal(pictures["mask"] > 0, segmenter.segment(photo, threshold=0.4).mask)
        measured = client.measure(
            pictures["mask"],
            probability=pictures["probability"],
            std=pictures["std"],
            threshold=0.4,
            lines=True,
            mm_per_px=0.5,
        )
    length = answer.photos.measurements[0]["length"]
    assert measured.total.loc["length", "value"] == length["value"]
    assert measured.total.loc["max_width", "unit"] == "mm"
    total = float(measured.cracks["length", "value"].to_numpy().sum())
    assert total == pytest.approx(length["value"])
    assert len(measured.cracks["lines", ""][0][0]) >= 2
    assert measured.share == answer.photos.share[0]
    bare = asyncio.run(_measured(url, pictures["mask"] > 0))
    assert bare.total.loc["length", "unit"] == "px"
    assert (bare.model, bare.version, bare.about["components"]) == ("walls", "1", len(bare.cracks))


async def _measured(url: str, mask: np.ndarray) -> Any:
    async with fw.AsyncClient(url) as client:
        return await client.measure(mask)


def test_growth_is_a_table_with_pictures(url, wall):
    photo, mask = wall(900, True)
    photo = np.tile(photo, (4, 4, 1))
    before_mask, after_mask = np.tile(mask, (4, 4)), np.tile(mask, (4, 4))
    before_mask[:128] = False
    faint = np.where(before_mask, 140, 0).astype(np.uint8), np.where(before_mask, 60, 0).astype(np.uint8)
    with fw.Client(url) as client:
        question = {"before_mask": before_mask, "after_mask": after_mask, "mm_per_px": 0.5}
        grown = client.compare(png_bytes(photo), png_bytes(photo), **question)
        unsure = client.compare(
            png_bytes(photo), png_bytes(photo), **question, before_maps=faint, threshold=0.5, pictures=False
        )
    assert grown.growth.loc["length", "value"] == pytest.approx(
        grown.after["length"]["value"] - grown.before["length"]["value"]
    )
    assert grown.growth.loc["length", "unit"] == "mm"
    assert grown.pictures["new"][:100].any()
    assert not grown.pictures["new"][140:].any()
    assert grown.pictures["aligned"].shape == photo.shape
    assert (unsure.pictures, unsure.common) == ({}, 1.0)
    assert unsure.growth.loc["length", "upper"] > grown.growth.loc["length", "upper"]


def test_a_job_is_started_followed_fetched_and_forgotten(url, wall):
    photo = png_bytes(np.tile(wall(900, True)[0], (3, 3, 1)))
    with fw.Client(url) as client:
        name = client.start_job("segment", photo, mm_per_px=0.5, pictures="mask,std")
        end = time.monotonic() + 240.0
        while (job := client.job(name)).open:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert (job.state, job.route, job.done == job.total) == ("done", "segment", True)
        answer = client.job_answer(name)
        direct = client.segment(photo, mm_per_px=0.5)
        assert set(answer.pictures[0]) == {"mask", "std"}
        np.testing.assert_array_equal(answer.pictures[0]["mask"], direct.pictures[0]["mask"])
        assert answer.photos.measurements[0] == direct.photos.measurements[0]
        assert client.end_job(name).state == "done"
        with pytest.raises(QuestionRefused, match="A job must be one that is kept"):
            client.job(name)
