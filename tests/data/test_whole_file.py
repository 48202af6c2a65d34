"""A file that is written in one step is the old one or the new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fieldwright.data.whole_file import write_whole_file


@pytest.mark.parametrize("content", ["wörds", "wörds".encode(), ["wö", b"rds"]])
def test_text_bytes_and_pieces_are_written_alike(tmp_path: Path, content: str | bytes | list) -> None:
    path = tmp_path / "new" / "file.txt"
    write_whole_file(path, content)
    assert path.read_text(encoding="utf-8") == "wörds"
    assert [one.name for one in path.parent.iterdir()] == ["file.txt"]


def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def pieces() -> Iterator[str]:
        yield "new"
        assert path.read_text() == "old", "nothing is seen before the end"
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_whole_file(path, pieces())
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["file.txt"]
