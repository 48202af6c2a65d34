"""POST /compare: growth between two photos of one place."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from PIL import Image
from skimage.transform import AffineTransform, ProjectiveTransform, warp

from fieldwright.data.photos.photo import png_bytes
from fieldwright.physics.concrete import SurfaceSettings, generate

MOVED = AffineTransform(rotation=0.05, translation=(8.0, -5.0))
"""From the first photo's x and y to the second's."""


@pytest.fixture
def champion(shelved, segmenter):
    return shelved(segmenter)


@pytest.fixture(scope="module")
def place() -> np.ndarray:
    settings = SurfaceSettings(family="concrete", size=(240, 320), crack=False, distractors=0.0, camera=False)
    return generate(settings, 3).photo


def moved(picture: np.ndarray) -> np.ndarray:
    return np.asarray(warp(picture.astype(float), MOVED.inverse, order=1, mode="reflect"))


def cracked(place: np.ndarray, end: int) -> tuple[np.ndarray, np.ndarray]:
    """The place with a crack to this column, and its mask."""
    mask = np.zeros(place.shape[:2], dtype=bool)
    mask[110:116, 40:end] = True
    return np.where(mask[..., None], 30, place).astype(np.uint8), mask


def sent(**pictures: np.ndarray) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [(name, (f"{name}.png", png_bytes(one), "image/png")) for name, one in pictures.items()]


@pytest.fixture(scope="module")
def pictures(place) -> dict[str, np.ndarray]:
    """A crack that has grown by 60 px, seen from elsewhere the second time."""
    (before, before_mask), (after, after_mask) = cracked(place, 180), cracked(place, 240)
    return {
        "before": before,
        "after": moved(after).astype(np.uint8),
        "before_mask": before_mask,
        "after_mask": moved(after_mask) >= 0.5,
    }


def test_growth_comes_with_bounds_and_both_pictures(champion, ask, pictures):
    request = {"files": sent(**pictures), "data": {"mm_per_px": "0.5"}}
    reply = ask(champion, "POST", "/compare", **request, headers={"Accept": "application/zip"})
    assert reply.status_code == 200, reply.text
    answer = ask(champion, "POST", "/compare", **request).json()
    assert answer["length"]["unit"] == "mm"
    assert answer["length"]["value"] == pytest.approx(30.0, abs=1.5)
    assert answer["length"]["lower"] < 30.0 < answer["length"]["upper"]
    corners = np.array([[0, 0], [319, 0], [0, 239], [319, 239]], dtype=float)
    laid = np.column_stack([corners, np.ones(4)]) @ np.array(answer["registration"]["matrix"]).T
    assert np.abs(laid[:, :2] / laid[:, 2:] - MOVED(corners)).max() < 2.0
    assert [photo["name"] for photo in answer["photos"]] == ["before.png", "after.png"]
    assert answer["photos"][0]["probability"] is None
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert set(archive.namelist()) == {"answer.json", "new.png", "aligned.png"}
        new = np.asarray(Image.open(archive.open("new.png"))) > 0
        aligned = np.asarray(Image.open(archive.open("aligned.png")))
    assert new.sum() == answer["new_px2"]
    assert new[108:118, 186:238].mean() > 0.5
    assert not new[:, :184].any()
    way = ProjectiveTransform(matrix=np.array(answer["registration"]["matrix"]))
    expected = np.asarray(warp(pictures["after"].astype(float), way, output_shape=(240, 320), order=1))
    inner = np.s_[20:220, 20:300]
    assert np.abs(aligned[inner] - expected[inner]).mean() < 0.6


def test_masks_that_are_not_sent_are_segmented(champion, ask, pictures):
    photos = {name: pictures[name] for name in ("before", "after")}
    answer = ask(champion, "POST", "/compare", files=sent(**photos), data={"threshold": "0.7"}).json()
    assert [photo["threshold"] for photo in answer["photos"]] == [0.7, 0.7]
    assert all(0.0 < photo["probability"] <= 1.0 for photo in answer["photos"])


def test_the_probability_of_masks_widens_the_bounds(champion, ask, pictures):
    bare = ask(champion, "POST", "/compare", files=sent(**pictures)).json()["length"]
    faint = {
        f"{when}_{name}": np.where(pictures[f"{when}_mask"], level, 0).astype(np.uint8)
        for when in ("before", "after")
        for name, level in (("probability", 140), ("std", 60))
    }
    unsure = ask(champion, "POST", "/compare", files=sent(**pictures, **faint), data={"threshold": "0.5"})
    assert unsure.status_code == 200, unsure.text
    length = unsure.json()["length"]
    assert length["value"] == bare["value"]
    assert length["lower"] < bare["lower"] - 50.0
    alone = pictures | {"before_std": faint["before_std"]}
    del alone["before_mask"]
    assert (
        "must come with 'before_mask'"
        in ask(champion, "POST", "/compare", files=sent(**alone)).json()["error"]
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"after": None}, "at least one after"),
        (
            {"before_mask": np.zeros((40, 40), dtype=bool)},
            "must be of the size of what it belongs to, 320 x 240",
        ),
        ({"after": "another place"}, "Two photos must show the same place to be compared"),
    ],
)
def test_what_cannot_be_compared_gets_one_sentence(champion, ask, pictures, change, sentence):
    changed = dict(pictures)
    for name, picture in change.items():
        if picture is None:
            del changed[name]
        elif isinstance(picture, str):
            settings = SurfaceSettings(
                family="concrete", size=(240, 320), crack=False, distractors=0.0, camera=False
            )
            changed[name] = generate(settings, 4).photo
        else:
            changed[name] = picture
    reply = ask(champion, "POST", "/compare", files=sent(**changed))
    assert reply.status_code == 422, reply.text
    assert sentence in reply.json()["error"]


def test_the_picture_is_chosen(champion, ask, pictures):
    request = {"files": sent(**pictures), "headers": {"Accept": "image/png"}}
    shapes = {
        name: np.asarray(
            Image.open(io.BytesIO(ask(champion, "POST", f"/compare{query}", **request).content))
        ).shape
        for name, query in (("new", ""), ("aligned", "?picture=aligned"))
    }
    assert shapes == {"new": (240, 320), "aligned": (240, 320, 3)}
