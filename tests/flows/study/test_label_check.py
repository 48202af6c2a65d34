"""`[labels]` of a study: masks that show other cracks than their photo are named, and left out on request."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import StudyError
from fieldwright.data.photos.photo import png_bytes
from fieldwright.flows.photos.label_check import check_labels
from fieldwright.flows.photos.parts import parts_of, read_photos
from fieldwright.flows.photos.report import suspected_masks_table
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study.photo_study import PhotoStudy

STUDY = """
name = "masks"
kind = "segmentation"
[photos]
folder = "walls"
minimum = 20
[labels]
suspected = "{suspected}"
steps = 60
[[candidates]]
kind = "crack_unet"
widths = [8, 12]
crop = 48
batch = 6
averaging = 0.9
"""
SWAPPED = (2, 3)


def write_walls(folder: Path) -> None:
    """24 rough walls with a dark line each; two have each other's mask."""
    rng = np.random.default_rng(5)
    row, column = np.mgrid[:64, :80]
    photos, masks = [], []
    for k in range(24):
        slope = 0.5 * (-1) ** k
        mask = np.abs(row - 32 - slope * (column - 40) - rng.uniform(-8, 8)) < 2.5
        grey = rng.uniform(120, 200) * np.where(mask, 0.5, 1.0) + rng.normal(0, 12, mask.shape)
        photos.append(np.clip(grey, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2))
        masks.append(mask)
    masks[SWAPPED[0]], masks[SWAPPED[1]] = masks[SWAPPED[1]], masks[SWAPPED[0]]
    for name, pictures in (("photos", photos), ("masks", masks)):
        (folder / name).mkdir(parents=True)
        for k, picture in enumerate(pictures):
            (folder / name / f"{k:02d}.png").write_bytes(png_bytes(picture))


def loaded(folder: Path, text: str) -> PhotoStudy:
    (folder / "study.toml").write_text(text)
    study = load_study(folder / "study.toml")
    assert isinstance(study, PhotoStudy)
    return study


def test_swapped_masks_are_named_and_left_out_of_what_is_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path / "home"))
    write_walls(tmp_path / "walls")
    study = loaded(tmp_path, STUDY.format(suspected="leave_out"))
    before = parts_of(study, read_photos(study))
    after, suspected_masks = check_labels(study, before)
    swapped = {f"{k:02d}.png" for k in SWAPPED}
    assert {one.name for one in suspected_masks} == swapped
    scores = [one.score for one in suspected_masks]
    assert scores == sorted(scores, reverse=True)
    for one in suspected_masks:
        assert "cracks" in one.sentence
        assert one.left_out == (one.part != "test")
        part = {photo.name for photo in vars(after)[one.part].photos}
        assert (one.name in part) == (one.part == "test")
    gone = sum(one.left_out for one in suspected_masks)
    assert sum(after.counts().values()) == sum(before.counts().values()) - gone
    assert len(after.train.pixels) == after.counts()["train"]

    # The same photos and settings are not looked through again, and `show` takes nothing out.
    (kept,) = (tmp_path / "home" / "stores" / "masks").glob("labels-*.json")
    written = kept.stat().st_mtime_ns
    shown = loaded(tmp_path, STUDY.format(suspected="show"))
    parts, again = check_labels(shown, before)
    assert parts is before
    assert {one.name for one in again} == swapped
    assert not any(one.left_out for one in again)
    assert kept.stat().st_mtime_ns == written

    # Down-weighted, it stays in its part and is learned from less often; one of validation or test is as it was.
    lighter = loaded(
        tmp_path, STUDY.format(suspected="down_weight").replace("[labels]", "[labels]\nweight = 0.2")
    )
    parts, weighed = check_labels(lighter, before)
    assert parts.names() == before.names()
    expected = {one.name: 0.2 for one in weighed if one.part == "train"}
    assert expected, "a swapped mask must lie in the training part"
    assert parts.train.weights is not None
    np.testing.assert_array_equal(
        parts.train.weights, [expected.get(photo.name, 1.0) for photo in parts.train.photos]
    )
    assert {one.place for one in weighed} <= {"train, weight 0.2", "validation", "test"}
    assert kept.stat().st_mtime_ns == written

    out = io.StringIO()
    Console(file=out, width=200).print(suspected_masks_table(suspected_masks))
    assert "Masks to be looked at: 2" in out.getvalue()


def test_labels_are_the_masks_of_photos(tmp_path: Path) -> None:
    text = STUDY.format(suspected="show").partition("[[candidates]]")[0]
    drawn = text.replace('[photos]\nfolder = "walls"\nminimum = 20', "[generator]\nphotos = 8")
    for wrong in (text.replace("segmentation", "classification"), drawn):
        with pytest.raises(StudyError, match=r"`\[labels\]` are the masks"):
            loaded(tmp_path, wrong)
