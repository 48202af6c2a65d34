"""Photos from files and bytes: upright, in eight bits, and refused in one sentence when they cannot be used."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fieldwright.data.errors import FieldwrightError, PhotoError
from fieldwright.data.photos.outline import read_outline
from fieldwright.data.photos.photo import png_bytes, read_photo


def encoded(pixels: np.ndarray, kind: str = "PNG", **how) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **how)
    return buffer.getvalue()


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def test_png_bytes_and_read_photo_are_inverse(pixels):
    np.testing.assert_array_equal(read_photo(png_bytes(pixels)), pixels)


def test_a_mask_becomes_a_png_of_black_and_white(tmp_path):
    mask = np.zeros((40, 60), dtype=bool)
    mask[4, 5:9] = True
    (tmp_path / "mask.png").write_bytes(png_bytes(mask))
    np.testing.assert_array_equal(read_outline(tmp_path / "mask.png"), mask)


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [(3, lambda p: p[::-1, ::-1]), (6, lambda p: np.rot90(p, -1)), (8, lambda p: np.rot90(p, 1))],
)
def test_photos_are_turned_upright(pixels, orientation, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(read_photo(encoded(pixels, exif=exif)), turned(pixels))


def test_grey_palette_transparent_and_sixteen_bit_photos_become_rgb(pixels):
    grey = pixels[..., 0]
    as_rgb = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_array_equal(read_photo(encoded(grey)), as_rgb)
    np.testing.assert_array_equal(read_photo(encoded(grey.astype(np.uint16) * 257)), as_rgb)
    clear = np.dstack([pixels, np.zeros((40, 60), dtype=np.uint8)])
    np.testing.assert_array_equal(read_photo(encoded(clear)), pixels)
    buffer = io.BytesIO()
    Image.fromarray(grey // 64).convert("P").save(buffer, "PNG")
    assert read_photo(buffer.getvalue()).shape == (40, 60, 3)


def claimed(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing: a decompression bomb in its header."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("source", "reason", "says"),
    [
        (b"no image at all", "unreadable", "must be a whole image"),
        (b"", "unreadable", "must be a whole image"),
        (encoded(np.zeros((400, 400, 3), dtype=np.uint8), "JPEG")[:900], "unreadable", "truncated"),
        (claimed(30_000, 10_000), "huge", "at most 120 million pixels"),
        (claimed(12_000, 10_001), "huge", "12000 x 10001"),
        (encoded(np.zeros((9, 40, 3), dtype=np.uint8)), "too small", "40 x 9"),
        (encoded(np.zeros((40, 40), dtype=np.float32), "TIFF"), "unreadable", "8 or 16 bits"),
    ],
    ids=["text", "nothing", "cut off", "bomb", "beyond the limit", "low", "real numbers"],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(source, reason, says):
    with pytest.raises(PhotoError, match=says) as why:
        read_photo(source)
    assert why.value.reason == reason
    assert isinstance(why.value, FieldwrightError)
    assert "0x" not in str(why.value)


def test_the_limit_of_pixels_can_be_set(pixels):
    assert read_photo(encoded(pixels), max_pixels=2400).shape == (40, 60, 3)
    with pytest.raises(PhotoError, match=r"at most 0\.002399 million"):
        read_photo(encoded(pixels), max_pixels=2399)


def test_masks_of_any_depth_and_colour_say_the_same(tmp_path):
    mask = np.zeros((24, 32), dtype=bool)
    mask[10:13] = True
    forms = {
        "255.png": Image.fromarray(mask.astype(np.uint8) * 255),
        "one.png": Image.fromarray(mask.astype(np.uint8)),
        "bits.png": Image.fromarray(mask.astype(np.uint8) * 255).convert("1"),
        "deep.png": Image.fromarray(mask.astype(np.uint16) * 65535),
        "red.png": Image.fromarray(mask[..., None] * np.array([200, 0, 0], dtype=np.uint8)),
        "lossy.jpg": Image.fromarray(mask.astype(np.uint8) * 255),
    }
    for name, image in forms.items():
        image.save(tmp_path / name)
        np.testing.assert_array_equal(read_outline(tmp_path / name), mask, err_msg=name)


@pytest.mark.parametrize(
    ("values", "reason", "says"),
    [
        (
            np.tile(np.arange(0, 256, 4, dtype=np.uint8), (20, 1)),
            "mask not binary",
            "between black and its brightest",
        ),
        (np.full((20, 20), 255, dtype=np.uint8), "mask inverted", "100%"),
    ],
)
def test_masks_that_outline_nothing_are_refused(tmp_path, values, reason, says):
    Image.fromarray(values).save(tmp_path / "mask.png")
    with pytest.raises(PhotoError, match=says) as why:
        read_outline(tmp_path / "mask.png")
    assert why.value.reason == reason


def test_a_dense_network_of_cracks_is_no_inverted_mask(tmp_path):
    mask = np.zeros((20, 20), dtype=bool)
    mask[:12] = True
    (tmp_path / "mask.png").write_bytes(png_bytes(mask))
    np.testing.assert_array_equal(read_outline(tmp_path / "mask.png"), mask)
