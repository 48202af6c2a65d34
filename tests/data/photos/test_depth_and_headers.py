"""Brightness of photos with more than eight bits, files refused by their header, and formats that are named."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.photo import photo_size, read_photo


def saved(pixels: np.ndarray | Image.Image, kind: str, **how) -> bytes:
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def png(samples: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, grey (h, w) or RGB (h, w, 3), which Pillow cannot write in colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, 2 if samples.ndim == 3 else 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(samples: np.ndarray, bits: int = 16, photometric: int = 1, byte_order: str = "<") -> bytes:
    """An uncompressed TIFF of samples (h, w) or (h, w, 3)."""
    colours = samples.shape[2] if samples.ndim == 3 else 1
    if bits == 12:  # three bytes hold two samples
        pairs = samples.reshape(-1, 2).astype(int)
        body = np.stack(
            [pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], axis=1
        )
        data = body.astype(np.uint8).tobytes()
    else:
        data = samples.astype(f"{byte_order}u2").tobytes()
    tags = [
        (256, samples.shape[1]), (257, samples.shape[0]), (258, bits), (259, 1),
        (262, 2 if colours == 3 else photometric), (273, 0), (277, colours), (278, samples.shape[0]),
        (279, len(data)),
    ]  # fmt: skip
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b""
    for tag, value in tags:
        if tag == 258 and colours == 3:
            entries += struct.pack(byte_order + "HHII", tag, 3, 3, start + len(data))
        else:
            entries += struct.pack(byte_order + "HHII", tag, 4, 1, start if tag == 273 else value)
    head = (b"II" if byte_order == "<" else b"MM") + struct.pack(byte_order + "HI", 42, 8)
    tail = struct.pack(byte_order + "3H", bits, bits, bits)
    return head + struct.pack(byte_order + "H", len(tags)) + entries + b"\0\0\0\0" + data + tail


RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 4096, (40, 60)).astype(np.uint16)
COLOUR = RNG.integers(0, 4096, (40, 60, 3)).astype(np.uint16)


@pytest.mark.parametrize(
    ("samples", "encode"),
    [
        (GREY, png),
        (COLOUR, png),
        (GREY, tiff),
        (COLOUR, tiff),
        (COLOUR, lambda s: tiff(s, byte_order=">")),
        (GREY, lambda s: tiff(s, byte_order=">")),
    ],
    ids=["grey png", "colour png", "grey tiff", "colour tiff", "colour tiff MM", "grey tiff MM"],
)
def test_twelve_bits_in_sixteen_are_asked_for_and_then_read_at_their_brightness(samples, encode):
    with pytest.raises(PhotoError, match=rf"no value above {samples.max()}.*Set 'bits'") as why:
        read_photo(encode(samples))
    assert why.value.reason == "bit depth"
    read = read_photo(encode(samples), bits=12).astype(int)
    expected = np.round(samples * (255 / 4095)).astype(int)
    assert np.abs(read - (expected if samples.ndim == 3 else expected[..., None])).max() <= 0
    with pytest.raises(PhotoError, match="no value above 1023 where 'bits' is 10"):
        read_photo(encode(samples), bits=10)


def test_a_file_that_tells_its_depth_is_not_asked():
    expected = np.round(GREY * (255 / 4095)).astype(np.uint8)
    np.testing.assert_array_equal(read_photo(tiff(GREY, bits=12))[..., 0], expected)
    pgm = b"P5 60 40 4095\n" + GREY.astype(">u2").tobytes()
    assert np.abs(read_photo(pgm)[..., 0].astype(int) - expected).max() <= 1
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[281] = 4095
    tags.tagtype[281] = 3
    np.testing.assert_array_equal(read_photo(saved(GREY, "TIFF", tiffinfo=tags))[..., 0], expected)


def test_sixteen_bits_that_are_used_keep_their_brightness_in_grey_and_colour():
    deep = COLOUR * 16 + 7
    expected = np.round(deep / 257).astype(int)
    for encode in (png, tiff):
        np.testing.assert_array_equal(read_photo(encode(deep)), expected)
        np.testing.assert_array_equal(read_photo(encode(deep[..., 0]))[..., 1], expected[..., 0])
    # In this file 0 is white.
    np.testing.assert_array_equal(
        read_photo(tiff(deep[..., 0], photometric=0))[..., 0], 255 - expected[..., 0]
    )


FLAT = Image.new("L", (10_724, 10_724))


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("PNG", {}),
        ("TIFF", {"compression": "tiff_deflate"}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "group4"}),
        ("JPEG", {"quality": 30}),
    ],
    ids=["png", "deflate", "lzw", "group4", "jpeg"],
)
def test_a_small_file_of_a_hundred_megapixels_is_refused_by_its_header(kind, how):
    flat = FLAT.convert("1") if how.get("compression") == "group4" else FLAT
    body = saved(flat, kind, **how)
    assert len(body) < 1.5e6
    tracemalloc.start()
    for read in (read_photo, photo_size):
        with pytest.raises(PhotoError, match="10724 x 10724, which shows nothing") as why:
            read(body)
        assert why.value.reason == "huge"
    assert tracemalloc.get_traced_memory()[1] < 4e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("start", "named"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", "AVIF"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"GIF89a\x20\0\x20\0", "GIF"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_a_format_that_is_not_read_is_named(start, named, tmp_path):
    (tmp_path / "a.jpg").write_bytes(start + bytes(200))
    for source in (start + bytes(200), tmp_path / "a.jpg"):
        with pytest.raises(PhotoError, match=f"in the format {named}. Export it as JPEG or PNG"):
            read_photo(source)


def test_the_preview_in_a_raw_file_is_no_photo():
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1
    with pytest.raises(PhotoError, match="raw file of a camera"):
        read_photo(saved(np.zeros((40, 60), np.uint8), "TIFF", tiffinfo=tags))
