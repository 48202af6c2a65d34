"""POST /measure: the cracks of a mask that was corrected by hand."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from fieldwright.data.photos.photo import png_bytes


@pytest.fixture
def champion(shelved, segmenter):
    return shelved(segmenter)


def sent(**pictures: np.ndarray) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [(name, (f"{name}.png", png_bytes(one), "image/png")) for name, one in pictures.items()]


def test_a_drawn_crack_has_its_length_and_direction(champion, ask):
    mask = np.zeros((200, 300), dtype=bool)
    mask[98:104, 50:250] = True
    reply = ask(champion, "POST", "/measure", files=sent(mask=mask), data={"mm_per_px": "0.5"})
    assert reply.status_code == 200, reply.text
    (answer,) = reply.json()["photos"]
    assert (answer["name"], answer["height"], answer["width"]) == ("mask.png", 200, 300)
    assert answer["share"] == pytest.approx(1200 / 60000)
    measured = answer["measurements"]
    assert measured["length"]["value"] == pytest.approx(100.0, rel=0.03)
    assert measured["mean_width"]["value"] == pytest.approx(3.0, rel=0.05)
    assert min(measured["orientation_deg"], 180.0 - measured["orientation_deg"]) < 1.0
    assert (measured["branches"], measured["branches_bounds"]) == (0, [0, 0])


def test_the_mask_of_a_large_photo_is_read_though_its_file_is_small(champion, ask):
    mask = np.zeros((2200, 2200), dtype=bool)
    mask[1000:1006, 100:300] = True
    content = png_bytes(mask)
    assert mask.size > 80 * len(content)
    maps = [
        (name, ("map.png", png_bytes(mask.astype(np.uint8) * level), "image/png"))
        for name, level in (("probability", 200), ("std", 9))
    ]
    reply = ask(champion, "POST", "/measure", files=[("mask", ("mask.png", content, "image/png")), *maps])
    assert reply.status_code == 200, reply.text
    assert reply.json()["photos"][0]["measurements"]["length"]["value"] == pytest.approx(200.0, rel=0.03)


def test_the_mask_may_be_the_whole_body(champion, ask):
    mask = np.zeros((64, 64), dtype=bool)
    mask[30:33] = True
    headers = {"Content-Type": "image/png"}
    reply = ask(champion, "POST", "/measure?lines=true", content=png_bytes(mask), headers=headers)
    assert len(reply.json()["photos"][0]["measurements"]["cracks"][0]["lines"][0]) == 2


def test_an_untouched_mask_measures_as_the_segmenter_s(champion, ask, form, wall):
    reply = ask(
        champion, "POST", "/segment", files=form(wall(900, True)[0]), headers={"Accept": "application/zip"}
    )
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        names = ("mask", "probability", "std")
        pictures = {name: np.asarray(Image.open(archive.open(f"0_{name}.png"))) for name in names}
    segmented = ask(champion, "POST", "/segment", files=form(wall(900, True)[0])).json()["photos"][0]
    measured = ask(champion, "POST", "/measure", files=sent(**pictures)).json()["photos"][0]
    assert measured["threshold"] == segmented["threshold"]
    for name in ("length", "mean_width", "max_width", "area"):
        one, other = measured["measurements"][name], segmented["measurements"][name]
        assert one["value"] == pytest.approx(other["value"])
        for bound in ("lower", "upper"):
            # The pictures have 255 steps of probability.
            assert one[bound] == pytest.approx(other[bound], rel=0.1)


def test_what_was_erased_widens_no_bound(champion, ask):
    """A second line that the model saw is rubbed out with all that it may have been."""
    probability = np.zeros((120, 200), dtype=np.uint8)
    for top in (30, 80):
        probability[top - 1 : top + 6, 20:180] = 90
        probability[top : top + 5, 20:180] = 240
    mask = probability > 127
    mask[60:] = False
    request = {"data": {"threshold": "0.5"}}
    with_map = ask(champion, "POST", "/measure", files=sent(mask=mask, probability=probability), **request)
    area = with_map.json()["photos"][0]["measurements"]["area"]
    assert (area["value"], area["lower"], area["upper"]) == (800.0, 800.0, 1120.0)


@pytest.mark.parametrize(
    ("files", "status", "sentence"),
    [
        ({}, 422, "at least one mask"),
        ({"photo": "wall"}, 422, "must be named one of 'mask', 'probability' and 'std'"),
        ({"mask": "inverted"}, 422, "must call less than 67% of the photo crack"),
        ({"mask": "grey"}, 422, "must be black with cracks in one colour"),
        ({"mask": "line", "probability": "small"}, 422, "must be of the size of what it belongs to, 64 x 64"),
        ({"mask": "line", "std": "grey"}, 422, "'std' goes with 'probability'"),
        ({"mask": "line", "probability": "colour"}, 422, "A map must be a grey picture of 8 bits"),
    ],
)
def test_what_cannot_be_measured_gets_one_sentence(champion, ask, wall, files, status, sentence):
    line = np.zeros((64, 64), dtype=bool)
    line[20:23] = True
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))
    pictures = {
        "wall": wall(900, True)[0],
        "inverted": ~line,
        "grey": ramp,
        "line": line,
        "small": ramp[:40],
        "colour": wall(900, True)[0],
    }
    form = sent(**{name: pictures[one] for name, one in files.items()}) or [("x", (None, "y"))]
    reply = ask(champion, "POST", "/measure", files=form)
    assert reply.status_code == status, reply.text
    assert sentence in reply.json()["error"]


def test_every_option_is_honoured_or_refused(check_options, champion):
    mask = np.zeros((64, 64), dtype=bool)
    mask[30:33] = True
    table = {
        "mm_per_px": [("0.5", ""), ("-1", "above 0")],
        "distance_mm": [("5", "or by all of")],
        "focal_length_mm": [("5", "or by all of")],
        "pixel_pitch_um": [("5", "or by all of")],
        "scale_error": [("0.1", "must come with the scale")],
        "threshold": [("0.9", ""), ("x", "between 0 and 1")],
        "profiles": [("true", ""), ("1", "'profiles' must be one of")],
        "lines": [("true", ""), ("1", "'lines' must be one of")],
        "augmented": [("true", "The request's options must be among")],
    }
    check_options(champion, "/measure", table, files=sent(mask=mask))
