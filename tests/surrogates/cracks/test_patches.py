import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.classification.patches import boxes, patch_image
from fieldwright.surrogates.cracks.photo_check import checked_photo


@given(h=st.integers(32, 900), w=st.integers(32, 900), patch=st.integers(32, 300))
def test_patches_cover_the_photo_and_lie_within_it(h, w, patch):
    seen = np.zeros((h, w), dtype=bool)
    for row, column, rows, columns in boxes((h, w, 3), patch):
        assert row >= 0
        assert column >= 0
        assert row + rows <= h
        assert column + columns <= w
        assert max(rows, columns) <= 1.5 * min(rows, columns)
        seen[row : row + rows, column : column + columns] = True
    assert seen.all()


@given(extent=st.integers(200, 2000), place=st.integers(0, 1999))
def test_each_place_away_from_the_edge_lies_in_the_inner_half_of_a_patch(extent, place):
    if 25 <= place < extent - 25:
        middles = [column + 50 for _, column, _, _ in boxes((100, extent), 100)]
        assert min(abs(place - middle) for middle in middles) <= 25


def test_a_photo_of_the_size_of_a_patch_is_looked_at_whole():
    assert boxes((227, 227, 3), 227) == [(0, 0, 227, 227)]
    assert boxes((300, 227, 3), 227) == [(0, 0, 300, 227)]
    assert len(boxes((454, 454, 3), 227)) == 9


def test_a_view_shrinks_by_averaging_and_keeps_what_is_already_right():
    photo = np.zeros((64, 64, 3), dtype=np.uint8)
    photo[::2] = 200
    # At the edges the averaging window is cut off and holds one row more of the one kind.
    assert np.abs(patch_image(photo, (0, 0, 64, 64), 8)[1:-1].astype(int) - 100).max() <= 1
    assert np.array_equal(patch_image(photo, (16, 8, 32, 32), 32), photo[16:48, 8:40])
    assert patch_image(photo, (0, 0, 40, 30), 56).shape == (56, 56, 3)


@pytest.mark.parametrize(
    "photo", [np.zeros((40, 40), np.uint8), np.zeros((40, 40, 3)), np.zeros((31, 40, 3), np.uint8)]
)
def test_what_is_no_photo_is_refused(photo):
    with pytest.raises(QueryError, match=r"must be an array \(h, w, 3\) of uint8, h and w at least 32"):
        checked_photo(photo)


def test_a_photo_that_cannot_be_written_to_is_seen_without_a_warning(recwarn):
    photo = np.broadcast_to(np.array([10, 20, 30], np.uint8), (64, 64, 3))
    assert (patch_image(photo, (0, 0, 64, 64), 32) == photo[:32, :32]).all()
    assert not recwarn
