"""POST /segment: photos in; outlines, and cracks measured in pixels and millimetres, out."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

PNG = {"Accept": "image/png"}


@pytest.fixture
def champion(shelved, segmenter):
    return shelved(segmenter)


def test_the_mask_is_the_model_s_and_lies_on_the_crack(champion, ask, form, wall, segmenter):
    photo, truth = wall(900, True)
    reply = ask(champion, "POST", "/segment", files=form(photo), headers=PNG)
    assert reply.status_code == 200, reply.text
    mask = np.asarray(Image.open(io.BytesIO(reply.content)))
    np.testing.assert_array_equal(mask > 0, segmenter.segment(photo).mask)
    overlap = (mask > 0) & truth
    assert overlap.sum() > 0.7 * ((mask > 0) | truth).sum()


def test_a_crack_is_measured_in_pixels_and_in_millimetres(champion, ask, form, wall):
    photo, _ = wall(900, True)
    asked = {"files": form(photo)}
    in_pixels = ask(champion, "POST", "/segment", **asked).json()["photos"][0]
    assert in_pixels["crack"]
    assert in_pixels["measurements"]["length"]["value"] == pytest.approx(64.0, rel=0.4)
    assert in_pixels["measurements"]["length"]["unit"] == "px"
    assert "profile" not in in_pixels["measurements"]["cracks"][0]
    options = {"mm_per_px": "0.25", "profiles": "true"}
    direct = ask(champion, "POST", "/segment", **asked, data=options).json()["photos"][0]["measurements"]
    camera = {"distance_mm": "1000", "focal_length_mm": "20", "pixel_pitch_um": "5"}
    by_camera = ask(champion, "POST", "/segment", **asked, data=camera).json()["photos"][0]["measurements"]
    assert direct["length"]["unit"] == direct["cracks"][0]["profile"]["unit"] == "mm"
    assert direct["length"]["value"] == pytest.approx(0.25 * in_pixels["measurements"]["length"]["value"])
    assert by_camera["length"]["value"] == pytest.approx(direct["length"]["value"])


def test_a_higher_threshold_leaves_less_of_the_crack(champion, ask, form, wall, segmenter):
    photo, _ = wall(900, True)
    own = segmenter.segment(photo)
    found = {}
    for threshold in (0.02, 0.98):
        request = {"files": form(photo), "data": {"threshold": str(threshold)}}
        answer = ask(champion, "POST", "/segment", **request).json()["photos"][0]
        assert answer["threshold"] == threshold
        assert answer["share"] == pytest.approx((own.probability >= np.float32(threshold)).mean())
        found[threshold] = answer["measurements"]["area"]["value"]
    assert found[0.02] > own.mask.sum() > found[0.98]
    plain = ask(champion, "POST", "/segment", files=form(photo)).json()["photos"][0]
    assert plain["threshold"] == segmenter.description.threshold


def test_lines_to_be_drawn_lie_upon_the_crack(champion, ask, form, wall):
    photo, truth = wall(900, True)
    request = {"files": form(photo), "data": {"lines": "true"}}
    cracks = ask(champion, "POST", "/segment", **request).json()["photos"][0]["measurements"]["cracks"]
    points = np.array([point for line in cracks[0]["lines"] for point in line])
    assert points.shape[0] < 12
    assert np.hypot(*(points.max(axis=0) - points.min(axis=0))) > 50.0
    columns, rows = np.clip(np.rint(points).astype(int), 0, 63).T
    assert truth[rows, columns].mean() > 0.7


def test_all_pictures_come_as_an_archive(champion, ask, form, wall):
    reply = ask(
        champion, "POST", "/segment", files=form(wall(900, True)[0]), headers={"Accept": "application/zip"}
    )
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        names = {"answer.json", *(f"0_{name}.png" for name in ("mask", "overlay", "probability", "std"))}
        assert set(archive.namelist()) == names
        assert Image.open(archive.open("0_overlay.png")).mode == "RGB"


def test_the_verdict_and_the_warning_are_the_model_s(champion, ask, form, wall, segmenter):
    for photo in (wall(900, True)[0], wall(902, False)[0], 255 - wall(900, True)[0]):
        answer = ask(champion, "POST", "/segment", files=form(photo)).json()["photos"][0]
        found = segmenter.segment(photo)
        verdict = (found.inside, found.why, found.warning)
        assert (answer["inside"], answer["why"], answer["warning"]) == verdict


def test_a_sound_wall_has_no_crack_to_measure(champion, ask, form, wall):
    answer = ask(champion, "POST", "/segment", files=form(wall(901, False)[0])).json()["photos"][0]
    assert not answer["crack"]
    assert answer["share"] == 0.0
    assert answer["measurements"]["length"]["value"] == 0.0


def test_every_option_is_honoured_or_refused(check_options, champion, form, wall):
    table = {
        "bits": [("x", "between 8 and 16")],
        "mm_per_px": [("0.5", ""), ("-1", "above 0")],
        "distance_mm": [("5", "or by all of")],
        "focal_length_mm": [("5", "or by all of")],
        "pixel_pitch_um": [("5", "or by all of")],
        "scale_error": [("0.1", "must come with the scale")],
        "threshold": [("0.9", ""), ("1.5", "'threshold' must be a number between 0 and 1")],
        "lines": [("true", ""), ("2", "'lines' must be one of")],
        "profiles": [("true", ""), ("1", "'profiles' must be one of")],
        "augmented": [("true", ""), ("yes", "'augmented' must be one of")],
        "picture": [("std", "must come with the header 'Accept: image/png'")],
        "pictures": [
            ("mask,std", "must come with the header 'Accept: application/zip'"),
            ("x", "some of 'mask'"),
        ],
        "method": [("saliency", "The request's options must be among")],
    }
    check_options(champion, "/segment", table, files=form(wall(900, True)[0]))


def test_questions_drawn_from_the_document_are_answered_in_its_words(check_interface, champion):
    check_interface(champion, {"/segment", "/measure", "/compare", "/corrections", "/models"}, examples=6)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"distance_mm": "1000"}, "or by all of distance_mm, focal_length_mm, pixel_pitch_um"),
        ({"mm_per_px": "1", "distance_mm": "1000"}, "Got mm_per_px, distance_mm"),
        ({"mm_per_px": "0"}, "'mm_per_px' must be a number above 0"),
        ({"augmented": "maybe"}, "'augmented' must be one of 'false' and 'true'"),
        ({"prevalence": "0.1"}, "'mm_per_px'"),
    ],
)
def test_what_cannot_be_measured_gets_one_sentence(champion, ask, form, wall, options, sentence):
    reply = ask(champion, "POST", "/segment", files=form(wall(900, True)[0]), data=options)
    assert reply.status_code == 422
    assert sentence in reply.json()["error"]
