"""Arrays are those of the files, in order, and only as many stay in memory as allowed."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.photos.collection import read_collection
from fieldwright.data.photos.pixel_sequence import PixelSequence


def test_photos_and_outlines_are_read_when_asked_for(tmp_path, surface, save):
    drawn = [surface(k) for k in range(3)]
    for k, (pixels, mask) in enumerate(drawn):
        save(tmp_path / "photos" / f"{k}.png", pixels)
        save(tmp_path / "masks" / f"{k}.png", mask)
    found = read_collection(tmp_path).photos
    photos, outlines = PixelSequence.of_photos(found), PixelSequence.of_outlines(found)
    assert len(photos) == 3
    for (pixels, mask), seen, outline in zip(drawn, photos, outlines, strict=True):
        np.testing.assert_array_equal(seen, pixels)
        np.testing.assert_array_equal(outline, mask)
    np.testing.assert_array_equal(photos[1:][-1], photos[-1])


def test_only_so_much_stays_in_memory():
    read = []

    def reader(k: int):
        def array() -> np.ndarray:
            read.append(k)
            return np.full(10, k, dtype=np.uint8)

        return array

    some = PixelSequence([reader(k) for k in range(3)], kept_bytes=25)
    assert [one[0] for one in some] == [0, 1, 2]
    assert [one[0] for one in some] == [0, 1, 2]
    assert read == [0, 1, 2, 2]
    with pytest.raises(IndexError):
        some[3]
