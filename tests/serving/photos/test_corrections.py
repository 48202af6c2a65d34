"""POST /corrections: corrected masks become training labels, where the operator has asked for it."""

from __future__ import annotations

import io
import json
import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fieldwright.data.photos.collection import read_collection
from fieldwright.data.photos.photo import png_bytes
from fieldwright.serving.hosting.worker_settings import Options


@pytest.fixture
def champion(shelved, segmenter):
    return shelved(segmenter)


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "corrections"


@pytest.fixture
def correct(champion, ask, folder):
    """Sends a photo and its mask to an endpoint that keeps corrections."""

    def correct(photo: bytes, mask: np.ndarray, name: str = "deck 7.jpg", **data: str):
        files = [("photo", (name, photo, "image/jpeg")), ("mask", ("m.png", png_bytes(mask), "image/png"))]
        options = Options(corrections=str(folder))
        return ask(champion, "POST", "/corrections", options=options, files=files, data=data)

    return correct


def jpeg(pixels: np.ndarray, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_reader_of_pairs_finds_photo_and_mask_as_they_were_sent(correct, folder, wall, orientation):
    photo = jpeg(wall(900, True)[0][:50], orientation)
    upright = (50, 64) if orientation < 5 else (64, 50)
    mask = np.zeros(upright, dtype=bool)
    mask[10:14, 3:40] = True
    reply = correct(photo, mask, note="by hand")
    assert reply.status_code == 201, reply.text
    (found,) = read_collection(folder, "pairs").photos
    assert Path(found.name).stem == reply.json()["name"]
    assert (folder / "photos" / found.name).read_bytes() == photo
    np.testing.assert_array_equal(found.outline(), mask)
    about = json.loads((folder / "versions" / reply.json()["name"] / "1.json").read_bytes())
    assert (about["note"], about["photo"], about["model"], about["version"]) == (
        "by hand",
        "deck 7.jpg",
        "walls",
        "1",
    )


def test_the_same_photo_corrected_again_is_a_new_version(correct, champion, ask, folder, wall):
    photo, other = jpeg(wall(900, True)[0]), jpeg(wall(901, True)[0])
    masks = [np.zeros((64, 64), dtype=bool) for _ in range(3)]
    for row, mask in enumerate(masks):
        mask[row] = True
    names = [correct(photo, masks[0]), correct(photo, masks[1], "renamed.jpg"), correct(other, masks[2])]
    assert [one.json()["version"] for one in names] == [1, 2, 1]
    assert names[0].json()["name"] == names[1].json()["name"] != names[2].json()["name"]
    found = read_collection(folder, "pairs")
    assert found.rejected == ()
    newest = {photo.name: photo.outline() for photo in found.photos}
    np.testing.assert_array_equal(newest[f"{names[0].json()['name']}.jpg"], masks[1])
    first = np.asarray(Image.open(folder / "versions" / names[0].json()["name"] / "1.png")) > 0
    np.testing.assert_array_equal(first, masks[0])
    state = ask(champion, "GET", "/corrections", options=Options(corrections=str(folder))).json()
    assert state == {"enabled": True, "photos": 2, "versions": 3, "how": None}


def test_nothing_is_kept_unless_the_operator_asks_for_it(champion, ask, wall):
    state = ask(champion, "GET", "/corrections").json()
    assert (state["enabled"], state["photos"]) == (False, 0)
    assert "--corrections FOLDER" in state["how"]
    reply = ask(champion, "POST", "/corrections", files={"photo": jpeg(wall(900, True)[0])})
    assert reply.status_code == 403
    assert "Start it by `fieldwright serve STUDY --corrections FOLDER`" in reply.json()["error"]


def test_a_full_disk_is_said_and_leaves_nothing_half(correct, folder, wall):
    assert correct(jpeg(wall(900, True)[0]), wall(900, True)[1]).status_code == 201
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    large = np.random.default_rng(0).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Less than the photo, more than the memory that workers share, which is a file to the kernel.
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
    try:
        reply = correct(jpeg(large), np.zeros((1500, 1500), dtype=bool))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert reply.status_code == 507
    assert "The disk of the folder of corrections must take a file of this size" in reply.json()["error"]
    assert "nothing has been kept" in reply.json()["error"]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("photo", "shape", "name", "data", "sentence"),
    [
        (b"no picture", (64, 64), "a.jpg", {}, "in 'a.jpg'"),
        (
            None,
            (32, 64),
            "a.jpg",
            {},
            "of the size of what it belongs to, 64 x 64 pixels. Got 64 x 32",
        ),
        (None, (64, 64), "a.jpg", {"note": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_kept_gets_one_sentence(correct, folder, wall, photo, shape, name, data, sentence):
    reply = correct(photo or jpeg(wall(900, True)[0]), np.zeros(shape, dtype=bool), name, **data)
    assert reply.status_code == 422, reply.text
    assert sentence in reply.json()["error"]
    assert not folder.exists()


def test_a_name_leads_out_of_no_folder(correct, folder, wall):
    reply = correct(jpeg(wall(900, True)[0]), wall(900, True)[1], "../../etc/.pass\\wd:*.jpg")
    assert reply.json()["name"].startswith("wd-")
    assert {path.name for path in folder.parent.iterdir()} >= {"corrections"}
    assert len(list(folder.glob("photos/*"))) == 1


def test_a_wrong_method_is_answered_with_both_that_are_right(champion, ask):
    reply = ask(champion, "PUT", "/corrections")
    assert reply.status_code == 405
    assert "GET or HEAD or POST" in reply.json()["error"]
