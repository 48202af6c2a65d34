"""Arrays in temporary files are written and read as others are, and a disk that is full is one sentence."""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.computing.scratch_array import release_pages, scratch_array
from fieldwright.data.errors import ComputeError


def test_what_was_written_is_still_there_once_its_pages_are_released() -> None:
    array = scratch_array((3, 1000), np.float32)
    assert not array.any()
    values = np.random.default_rng(0).normal(size=(3, 1000)).astype(np.float32)
    array[:] = values
    release_pages(array)
    np.testing.assert_array_equal(array, values)


def test_a_disk_without_room_is_one_sentence_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(ComputeError, match=r"must take a file of this size.*for a file of 7 MB.*TMPDIR"):
            scratch_array((1_000_000,), np.float64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not any(tmp_path.iterdir())
