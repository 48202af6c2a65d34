"""Collections in every layout, what is rejected and why, and photos that did not change."""

from __future__ import annotations

import io
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.collection import Collection, read_collection
from fieldwright.data.photos.fingerprint import near_duplicates, small_grey
from fieldwright.data.photos.photo import read_photo
from fieldwright.data.photos.photo_catalogue import PhotoCatalogue
from fieldwright.data.photos.reading import PhotoReading


def reasons(collection: Collection) -> dict[str, str]:
    return {name: reason for name, reason, _ in collection.rejected}


def by_name(collection: Collection) -> dict:
    return {photo.name: photo for photo in collection.photos}


def test_metu_tells_the_class_by_the_folder(tmp_path, surface, save):
    for k, (folder, name) in enumerate(
        [("Positive", "00012"), ("Positive", "12522_1"), ("Negative", "00012")]
    ):
        save(tmp_path / folder / f"{name}.jpg", surface(k)[0], quality=95)
    found = read_collection(tmp_path)
    assert found.reader == "metu"
    assert {p.name: p.crack for p in found.photos} == {
        "Negative/00012.jpg": False,
        "Positive/00012.jpg": True,
        "Positive/12522_1.jpg": True,
    }
    # One number in both folders is two photos.
    assert len({p.group for p in found.photos}) == 3
    assert by_name(found)["Positive/12522_1.jpg"].group == "Positive/12522"
    assert found.photos[0].outline() is None
    assert found.photos[0].pixels().shape == (48, 64, 3)


def test_sdnet_tiles_of_one_photo_are_one_group(tmp_path, surface, save):
    places = ["D/CD/7001-12", "D/UD/7001-13", "D/UD/7002-1", "W/CW/7001-3", "W/UW/7001-4"]
    for k, place in enumerate(places):
        save(tmp_path / f"{place}.jpg", surface(k)[0], quality=95)
    found = read_collection(tmp_path)
    assert found.reader == "sdnet2018"
    assert {p.name: (p.crack, p.group) for p in found.photos} == {
        "D/CD/7001-12.jpg": (True, "D/7001"),
        "D/UD/7001-13.jpg": (False, "D/7001"),
        "D/UD/7002-1.jpg": (False, "D/7002"),
        "W/CW/7001-3.jpg": (True, "W/7001"),
        "W/UW/7001-4.jpg": (False, "W/7001"),
    }


def test_deepcrack_has_masks_and_a_test_part_of_its_own(tmp_path, surface, save):
    for k, (part, name) in enumerate([("train", "11116"), ("train", "11116-2"), ("test", "IMG27-3")]):
        pixels, mask = surface(k, crack=name != "IMG27-3")
        save(tmp_path / f"{part}_img" / f"{name}.jpg", pixels, quality=95)
        save(tmp_path / f"{part}_lab" / f"{name}.png", mask)
    found = read_collection(tmp_path)
    photos = by_name(found)
    assert found.reader == "deepcrack"
    assert [(p.part, p.group, p.crack) for p in found.photos] == [
        ("train", "11116", True),
        ("train", "11116", True),
        ("test", "IMG27", False),
    ]
    np.testing.assert_array_equal(photos["train_img/11116-2.jpg"].outline(), surface(1)[1])
    assert len(photos["train_img/11116.jpg"].mask_sha256) == 64


def segmentation(folder: Path, name: str, labels: np.ndarray) -> None:
    (folder / "groundTruth").mkdir(parents=True, exist_ok=True)
    truth = np.empty((1, 1), dtype=[("Segmentation", object), ("Boundaries", object)])
    truth[0, 0] = (labels, np.zeros_like(labels))
    savemat(folder / "groundTruth" / f"{name}.mat", {"groundTruth": truth})


def test_crackforest_labels_2_and_4_are_crack(tmp_path, surface, save):
    labels = np.ones((48, 64), dtype=np.uint8)
    labels[10, :] = 2
    labels[20, 5:30] = 4
    labels[11:20, 5:30] = 3
    save(tmp_path / "image" / "001.jpg", surface(0)[0], quality=95)
    segmentation(tmp_path, "001", labels)
    save(tmp_path / "image" / "002.jpg", surface(1)[0], quality=95)
    segmentation(tmp_path, "002", labels + 7)
    save(tmp_path / "image" / "003.jpg", surface(2)[0], quality=95)
    (tmp_path / "groundTruth" / "003.mat").write_bytes(b"MATLAB 5.0 MAT-file, broken" * 9)
    found = read_collection(tmp_path)
    assert found.reader == "crackforest"
    np.testing.assert_array_equal(by_name(found)["001.jpg"].outline(), np.isin(labels, (2, 4)))
    assert reasons(found) == {"002.jpg": "mask not binary", "003.jpg": "unreadable"}


def test_crack500_crops_know_their_photo(tmp_path, surface, save):
    for k, (folder, name) in enumerate(
        [
            ("traincrop", "20160222_081011_1_361"),
            ("traincrop", "20160222_081011_641_1"),
            ("valcrop", "20160222_9_1_1"),
        ]
    ):
        pixels, mask = surface(k)
        save(tmp_path / folder / f"{name}.jpg", pixels, quality=95)
        save(tmp_path / folder / f"{name}.png", mask)
    found = read_collection(tmp_path)
    assert found.reader == "crack500"
    assert [(p.part, p.group) for p in found.photos] == [
        ("train", "20160222_081011"),
        ("train", "20160222_081011"),
        ("validation", "20160222_9_1_1"),
    ]


def test_a_pair_of_folders_of_any_name_and_a_rule_for_tiles(tmp_path, surface, save):
    for k, name in enumerate(["wall_r1", "wall_r2", "deck_r1"]):
        pixels, mask = surface(k)
        save(tmp_path / "taken" / f"{name}.png", pixels)
        save(tmp_path / "drawn" / f"{name}_mask.png", mask)
    found = read_collection(tmp_path, photos="taken", masks="drawn", group=r"(.+)_r\d+")
    assert found.reader == "pairs"
    assert [(p.name, p.group) for p in found.photos] == [
        ("deck_r1.png", "deck"),
        ("wall_r1.png", "wall"),
        ("wall_r2.png", "wall"),
    ]


def test_labels_are_checked_and_bad_ones_set_aside_with_the_reason(tmp_path, surface, save):
    pixels, mask = surface(0)
    save(tmp_path / "photos" / "good.png", pixels)
    save(tmp_path / "masks" / "good.png", mask)
    cases = {
        "small_mask": (surface(1)[0], mask[:-1]),
        "inverted": (surface(2)[0], ~mask),
        "grey": (surface(3)[0], surface(3)[0][..., 0]),
        "lonely": (surface(4)[0], None),
        "broken": (None, mask),
        "tiny": (surface(5)[0][:9], mask[:9]),
        "large": (surface(6, 200, 200)[0], surface(6, 200, 200)[1]),
    }
    for name, (photo, outline) in cases.items():
        if photo is not None:
            save(tmp_path / "photos" / f"{name}.png", photo)
        if outline is not None:
            save(tmp_path / "masks" / f"{name}.png", outline)
    (tmp_path / "photos" / "broken.png").write_bytes((tmp_path / "photos" / "good.png").read_bytes()[:500])
    save(tmp_path / "masks" / "nothing.png", mask)
    found = read_collection(tmp_path, reading=PhotoReading(max_pixels=30_000))
    assert [p.name for p in found.photos] == ["good.png"]
    assert reasons(found) == {
        "small_mask.png": "size mismatch",
        "inverted.png": "mask inverted",
        "grey.png": "mask not binary",
        "lonely.png": "no mask",
        "broken.png": "unreadable",
        "tiny.png": "too small",
        "large.png": "huge",
        "nothing.png": "no photo",
    }
    sentences = {name: sentence for name, _, sentence in found.rejected}
    assert "64 x 47 pixels for a photo of 64 x 48 pixels" in sentences["small_mask.png"]


def test_the_same_photo_twice_is_set_aside_and_both_where_labels_contradict(tmp_path, surface, save):
    for name, seed in (
        ("Positive/a", 0),
        ("Positive/b", 0),
        ("Positive/c", 1),
        ("Negative/d", 1),
        ("Negative/e", 2),
    ):
        save(tmp_path / f"{name}.png", surface(seed)[0])
    found = read_collection(tmp_path)
    assert [p.name for p in found.photos] == ["Negative/e.png", "Positive/a.png"]
    assert reasons(found) == {
        "Positive/b.png": "duplicated",
        "Positive/c.png": "labels contradict",
        "Negative/d.png": "labels contradict",
    }
    sentences = {name: sentence for name, _, sentence in found.rejected}
    assert "'Positive/b.png', the same as 'Positive/a.png'" in sentences["Positive/b.png"]
    assert "'Positive/c.png', the same as 'Negative/d.png'" in sentences["Positive/c.png"]


def test_near_duplicates_are_reported_and_share_a_group(tmp_path, surface, save):
    large = surface(0, 240, 320)[0]
    save(tmp_path / "Positive" / "one.png", large)
    save(tmp_path / "Positive" / "again.jpg", large, quality=40)
    save(tmp_path / "Positive" / "shifted.png", large[3:, 3:])
    save(tmp_path / "Negative" / "other.png", surface(1, 240, 320)[0])
    found = read_collection(tmp_path)
    linked = {frozenset(pair) for pair in found.near_duplicates}
    assert frozenset(("Positive/again.jpg", "Positive/one.png")) in linked
    assert frozenset(("Positive/one.png", "Positive/shifted.png")) in linked
    groups = {p.name: p.group for p in found.photos}
    assert len({groups[name] for name in groups if name.startswith("Positive")}) == 1
    assert groups["Negative/other.png"] == "Negative/other"
    assert any("near-duplicates" in note for note in found.notes)


def test_unchanged_photos_are_not_read_again(tmp_path, surface, save):
    for k in range(4):
        save(tmp_path / "c" / "Positive" / f"{k}.png", surface(k)[0])
    (tmp_path / "c" / "Negative").mkdir()
    (tmp_path / "c" / "Negative" / "bad.png").write_bytes(b"broken")
    catalogue = PhotoCatalogue(tmp_path / "photos.sqlite")
    first = read_collection(tmp_path / "c", catalogue=catalogue)
    assert (first.unchanged, catalogue.count()) == (0, 5)
    # Bytes that change behind an unchanged size and time show that the file was not opened.
    file = tmp_path / "c" / "Positive" / "0.png"
    status = file.stat()
    file.write_bytes(bytes(status.st_size))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = read_collection(tmp_path / "c", catalogue=catalogue)
    assert again.unchanged == 5
    assert (again.photos, again.rejected) == (first.photos, first.rejected)
    os.utime(file)
    (tmp_path / "c" / "Positive" / "3.png").unlink()
    changed = read_collection(tmp_path / "c", catalogue=catalogue)
    assert changed.unchanged == 3
    assert reasons(changed) == {"Negative/bad.png": "unreadable", "Positive/0.png": "unreadable"}
    assert [row[:2] for row in catalogue.rejected()] == sorted(reasons(changed).items())
    assert catalogue.count() == 4


def test_a_name_without_a_file_is_set_aside(tmp_path, surface, save):
    save(tmp_path / "Positive" / "0.png", surface(0)[0])
    (tmp_path / "Negative").mkdir()
    (tmp_path / "Negative" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert reasons(read_collection(tmp_path)) == {"Negative/gone.png": "unreadable"}


def test_another_limit_of_pixels_reads_anew(tmp_path, surface, save):
    save(tmp_path / "c" / "Positive" / "0.png", surface(0)[0])
    (tmp_path / "c" / "Negative").mkdir()
    catalogue = PhotoCatalogue(tmp_path / "photos.sqlite")
    read_collection(tmp_path / "c", catalogue=catalogue)
    strict = read_collection(tmp_path / "c", catalogue=catalogue, reading=PhotoReading(max_pixels=1000))
    assert (strict.unchanged, reasons(strict)) == (0, {"Positive/0.png": "huge"})


def test_a_folder_of_no_known_layout_is_told_all_of_them(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(PhotoError) as why:
        read_collection(tmp_path)
    for word in (
        "Positive/",
        "D/CD",
        "train_img/",
        "groundTruth/",
        "traincrop/",
        "photos/ and masks/",
        "pictures/",
    ):
        assert word in str(why.value)
    with pytest.raises(
        PhotoError, match="must be one of crack500, crackforest, deepcrack, metu, pairs, sdnet2018"
    ):
        read_collection(tmp_path, "imagenet")
    with pytest.raises(PhotoError, match="must have train_img/ and train_lab/"):
        read_collection(tmp_path, "deepcrack")
    with pytest.raises(PhotoError, match="no such folder"):
        read_collection(tmp_path / "absent")


def test_published_metu_patches(real_collection):
    """2,000 patches: 12 pairs of files are the same to the byte; plain patches are not taken for one another."""
    found = read_collection(real_collection("metu_subset"))
    assert found.reader == "metu"
    assert Counter(reason for _, reason, _ in found.rejected) == {"duplicated": 11}
    assert len(found.photos) == 1989
    assert len(found.near_duplicates) == 17
    # Two patches cut from one photo a little apart.
    assert ("Positive/01553.jpg", "Positive/07142.jpg") in found.near_duplicates


def test_published_photos_with_masks(real_collection):
    for name, photos, share in (("deepcrack_train150", 150, 0.035), ("crackforest_train72", 72, 0.017)):
        found = read_collection(real_collection(name))
        assert (len(found.photos), found.rejected) == (photos, ())
        outlines = [np.asarray(photo.outline()) for photo in found.photos]
        assert all(
            o.shape == p.pixels().shape[:2] for o, p in zip(outlines[:5], found.photos[:5], strict=True)
        )
        assert np.mean([o.mean() for o in outlines]) == pytest.approx(share, abs=0.01)


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def test_copies_of_published_patches_are_found(real_collection):
    """Of copies compressed, halved or shifted by 2 % nearly all, and of other pairs next to none."""
    folder = real_collection("metu_subset")
    files = sorted(folder.glob("*/*.jpg"))[::34][:60]
    pixels = [read_photo(file) for file in files]
    changes = {
        "compressed": (lambda p: jpeg(p, 30), 1.0),
        "halved": (lambda p: np.asarray(Image.fromarray(p).reduce(2)), 1.0),
        "shifted": (lambda p: p[4:, 4:], 0.9),
    }
    for what, (change, least) in changes.items():
        small = np.stack([small_grey(one) for one in pixels] + [small_grey(change(one)) for one in pixels])
        found = set(near_duplicates(small))
        copies = {(k, k + len(files)) for k in range(len(files))}
        assert len(found & copies) >= least * len(files), what
        assert len(found - copies) <= 2, what
