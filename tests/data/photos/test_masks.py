"""Masks of several classes, of every way to write two, and masks turned otherwise than their photos."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy.ndimage import binary_dilation

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.collection import read_collection
from fieldwright.data.photos.orientation import turned
from fieldwright.data.photos.outline import read_outline
from fieldwright.data.photos.reading import PhotoReading

CRACK = np.zeros((60, 80), dtype=bool)
CRACK[20:24, 10:70] = True
LEFT = CRACK & (np.arange(80) < 40)
RING = binary_dilation(CRACK, iterations=2) & ~CRACK
CORNER = np.zeros_like(CRACK)
CORNER[40:, 50:] = True


def classes(*parts: tuple[np.ndarray, int]) -> np.ndarray:
    labels = np.zeros(CRACK.shape, dtype=np.uint8)
    for where, value in parts:
        labels[where] = value
    return labels


def palette(labels: np.ndarray, *colours: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(labels, mode="P")
    image.putpalette([one for colour in colours for one in colour])
    return image


def colours(first: tuple[int, int, int], second: tuple[int, int, int]) -> Image.Image:
    rgb = np.zeros((*CRACK.shape, 3), dtype=np.uint8)
    rgb[CRACK], rgb[LEFT] = first, second
    return Image.fromarray(rgb)


VOC = palette(classes((CRACK, 1), (RING, 2)), (0, 0, 0), (128, 0, 0), (224, 224, 192))
SEVERAL = {
    "1, ignore 255 round it": (Image.fromarray(classes((CRACK, 1), (RING, 255))), (1,)),
    "1, ignore 255 elsewhere": (Image.fromarray(classes((CRACK, 1), (CORNER, 255))), (1,)),
    "two cracks and ignore": (Image.fromarray(classes((CRACK, 1), (LEFT, 2), (CORNER, 255))), (1, 2)),
    "halves 127 and 255": (Image.fromarray(classes((CRACK, 255), (LEFT, 127))), (127, 255)),
    "16 bits": (Image.fromarray(classes((CRACK, 1), (CORNER, 255)).astype(np.uint16)), (1,)),
    "palette": (VOC, (1,)),
    "red and blue": (colours((255, 0, 0), (0, 0, 255)), ("#ff0000", "#0000FF")),
    "red and yellow": (colours((255, 0, 0), (255, 255, 0)), ("#ff0000", "#ffff00")),
    "no black": (Image.fromarray(classes((CRACK, 1)) + np.uint8(1)), (2,)),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_masks_of_several_classes_are_rejected_or_read_by_the_chosen_values(tmp_path, name):
    image, values = SEVERAL[name]
    image.save(tmp_path / "m.png")
    with pytest.raises(PhotoError, match="'crack_values' must say which values are crack") as why:
        read_outline(tmp_path / "m.png")
    assert why.value.reason == "mask not binary"
    np.testing.assert_array_equal(read_outline(tmp_path / "m.png", values), CRACK)
    if len(np.unique(np.asarray(image))) > 2:
        with pytest.raises(PhotoError, match="must hold one of 'crack_values'"):
            read_outline(tmp_path / "m.png", (77,))


@pytest.mark.parametrize("image", [SEVERAL["halves 127 and 255"][0], SEVERAL["red and blue"][0]])
def test_classes_saved_as_jpeg_are_rejected_too(tmp_path, image):
    image.save(tmp_path / "m.jpg", quality=90)
    with pytest.raises(PhotoError, match="must be black with cracks in one colour"):
        read_outline(tmp_path / "m.jpg")


def test_one_class_however_it_is_drawn(tmp_path):
    opaque = np.zeros((*CRACK.shape, 4), dtype=np.uint8)
    opaque[CRACK, 3] = 255
    white = np.full((*CRACK.shape, 4), 255, dtype=np.uint8)
    white[~CRACK, 3] = 0
    red = np.zeros((*CRACK.shape, 3), dtype=np.uint8)
    red[CRACK] = (180, 0, 0)
    twice = Image.fromarray(classes((CRACK, 255))).resize((160, 120), Image.Resampling.BICUBIC)
    ways = {
        "black on transparent.png": Image.fromarray(opaque),
        "transparent white.png": Image.fromarray(white),
        "palette.png": palette(classes((CRACK, 1)), (0, 0, 0), (128, 0, 0)),
        "red.jpg": Image.fromarray(red),
        "smoothed.png": twice.resize((80, 60), Image.Resampling.BOX),
    }
    for name, image in ways.items():
        image.save(tmp_path / name, quality=95, subsampling=0)
        np.testing.assert_array_equal(read_outline(tmp_path / name), CRACK, err_msg=name)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_turn_as_pillow_turns_them(orientation):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    image.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(turned(pixels, orientation), np.asarray(ImageOps.exif_transpose(image)))


def saved(path, pixels: np.ndarray, orientation: int = 1) -> None:
    path.parent.mkdir(exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.uint8) * 255).save(
        path, exif=exif
    )


UNTURNED = {1: 1, 3: 3, 6: 8, 8: 6, 2: 2, 4: 4, 5: 5, 7: 7}
"""The orientation that turns an upright picture into the stored one."""


@pytest.mark.parametrize("orientation", [2, 3, 5, 6, 8])
@pytest.mark.parametrize(
    "drawn", ["over the stored pixels", "over the upright photo", "with the same orientation"]
)
@pytest.mark.parametrize("shape", [(48, 64), (48, 48)])
def test_a_mask_lies_on_its_photo_or_is_rejected(tmp_path, surface, orientation, drawn, shape):
    upright, crack = surface(3, *shape)
    back = UNTURNED[orientation]
    saved(tmp_path / "photos" / "a.png", turned(upright, back), orientation)
    stored = drawn != "over the upright photo"
    own = orientation if drawn == "with the same orientation" else 1
    saved(tmp_path / "masks" / "a.png", turned(crack, back) if stored else crack, own)
    found = read_collection(tmp_path)
    decided = own == orientation or (orientation >= 5 and shape[0] != shape[1])
    if decided:
        np.testing.assert_array_equal(found.photos[0].pixels(), upright)
        np.testing.assert_array_equal(found.photos[0].outline(), crack)
        return
    ((_, reason, sentence),) = found.rejected
    assert reason == "orientation unclear"
    assert "'mask_orientation'" in sentence
    chosen = read_collection(tmp_path, reading=PhotoReading(mask_orientation="photo" if stored else "own"))
    np.testing.assert_array_equal(chosen.photos[0].outline(), crack)


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_mask_with_an_orientation_that_its_photo_lacks(tmp_path, surface, orientation):
    upright, crack = surface(3)
    saved(tmp_path / "photos" / "a.png", upright)
    saved(tmp_path / "masks" / "a.png", turned(crack, UNTURNED[orientation]), orientation)
    found = read_collection(tmp_path)
    if orientation == 6:
        np.testing.assert_array_equal(found.photos[0].outline(), crack)
    else:
        assert found.rejected[0][1] == "orientation unclear"
    collection = read_collection(tmp_path, reading=PhotoReading(mask_orientation="own"))
    np.testing.assert_array_equal(collection.photos[0].outline(), crack)


def test_a_mask_without_crack_fits_however_it_is_turned(tmp_path, surface):
    saved(tmp_path / "photos" / "a.png", surface(3, crack=False)[0], 3)
    saved(tmp_path / "masks" / "a.png", np.zeros((48, 64), dtype=bool))
    assert read_collection(tmp_path).photos[0].crack is False


def test_a_photo_in_a_format_that_is_not_read_is_rejected_by_name(tmp_path, surface):
    saved(tmp_path / "photos" / "a.png", surface(3)[0])
    saved(tmp_path / "masks" / "a.png", surface(3)[1])
    (tmp_path / "photos" / "b.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    saved(tmp_path / "masks" / "b.png", surface(3)[1])
    ((name, reason, sentence),) = read_collection(tmp_path).rejected
    assert (name, reason) == ("b.heic", "unreadable")
    assert "format HEIC" in sentence


def test_a_mask_of_another_size_is_refused_before_it_is_unpacked(tmp_path, surface):
    saved(tmp_path / "photos" / "a.png", surface(3)[0])
    whole = tmp_path / "masks" / "a.png"
    saved(whole, np.random.default_rng(0).integers(0, 2, (400, 500)).astype(bool))
    whole.write_bytes(whole.read_bytes()[:400])  # its header alone
    ((_, reason, sentence),) = read_collection(tmp_path).rejected
    assert reason == "size mismatch"
    assert "500 x 400 pixels for a photo of 64 x 48 pixels" in sentence
