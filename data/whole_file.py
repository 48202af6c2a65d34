"""Files that are written in one step."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_whole_file(path: Path, content: str | bytes | Iterable[str | bytes]) -> None:
    """Writes a file so that whoever reads the path finds the old content or the new one, never a part.

    Its folder is made where there is none. A failure, such as a full disk, leaves the old file and nothing else.

    Parameters
    ----------
    path
        Of the file.
    content
        All of it, or its pieces one after the other; text as UTF-8.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            for piece in (content,) if isinstance(content, str | bytes) else content:
                file.write(piece.encode() if isinstance(piece, str) else piece)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
