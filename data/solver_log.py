"""A solver's log that tells of a failure which the result files do not show."""

from __future__ import annotations

import re
from pathlib import Path

from data.errors import RunRejected

_TAIL = 1 << 20


def check_log(folder: Path, pattern: str | None, failed: str) -> None:
    """Raises RunRejected ("diverged") where the last megabyte of a log in the folder matches `failed`."""
    if pattern is None or not folder.is_dir():
        return
    for path in sorted(folder.glob(pattern)):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            text = file.read().decode(errors="replace")
        found = re.search(failed, text)
        if found:
            line = text[text.rfind("\n", 0, found.start()) + 1 :].split("\n", 1)[0].strip()
            raise RunRejected(
                "diverged",
                "The log of a run must tell of no failure",
                f"'{line[:160]}' in '{path.name}'",
                "Run the case again, or correct 'log_failed' in the study file if this is none",
            )
