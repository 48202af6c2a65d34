"""Splits: every photo in one part, groups whole, shares and classes as asked as far as groups allow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import StudyError
from fieldwright.data.photos.labelled_photo import LabelledPhoto
from fieldwright.data.photos.splits import split_photos

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


def photos(groups: list[int], cracked: list[bool]) -> list[LabelledPhoto]:
    return [
        LabelledPhoto(str(k), Path(f"{k}.png"), None, crack, f"g{group}", "")
        for k, (group, crack) in enumerate(zip(groups, cracked, strict=True))
    ]


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60), st.integers(0, 5))
def test_groups_stay_whole_and_nothing_is_lost(drawn, seed):
    some = photos(
        [group for group, _ in drawn] + [100, 101, 102], [crack for _, crack in drawn] + [True, False, True]
    )
    try:
        parts = split_photos(some, SHARES, seed)
    except StudyError:
        assert len({photo.group for photo in some}) < 40
        return
    assert sorted(index for part in parts.values() for index in part) == list(range(len(some)))
    where = {index: name for name, part in parts.items() for index in part}
    for group in {photo.group for photo in some}:
        assert len({where[k] for k, photo in enumerate(some) if photo.group == group}) == 1
    assert parts == split_photos(some, SHARES, seed)


def test_shares_and_classes_are_kept_where_groups_are_small():
    rng = np.random.default_rng(0)
    some = photos(rng.integers(0, 150, 500).tolist(), (rng.random(500) < 0.2).tolist())
    parts = split_photos(some, SHARES, 1)
    cracked = sum(photo.crack is True for photo in some)
    for name, share in SHARES.items():
        assert len(parts[name]) == pytest.approx(500 * share, abs=5)
        assert sum(some[k].crack is True for k in parts[name]) == pytest.approx(cracked * share, abs=3)
    assert parts != split_photos(some, SHARES, 2)


def test_what_cannot_be_split_is_told():
    some = photos([0, 0, 1], [True, False, True])
    with pytest.raises(StudyError, match="3 photos in 2 groups of tiles and near-duplicates, none left"):
        split_photos(some, SHARES, 0)
    with pytest.raises(StudyError, match="add up to 1"):
        split_photos(some, {"train": 0.5, "test": 0.4}, 0)
