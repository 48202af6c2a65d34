"""Failures that a solver's log reports and the result files do not show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fieldwright.data.errors import RunRejected

_TAIL, _HEAD = 1 << 20, 4096
_LOGS = re.compile(
    r"log(\..*|\b.*)?|.*[._-]log|std(out|err)(\..*)?|.*\.(log\d*|out|o\d+|e\d+|err|msg|mess|sta|dat|f06|txt)",
    re.I,
)
# What the solvers themselves write where they give up, at the beginning of the line but for frames and arrows.
_FAILED = re.compile(
    r"^[ \t!|>*-]*(?:"
    r"\*+\s?ERROR\b"  # CalculiX, Abaqus, Ansys
    r"|FOAM FATAL (?:IO )?ERROR"
    r"|<[FS]>"  # Code_Aster
    r"|(?:FATAL )?ERROR\s?:"
    r"|\*+ (?:USER|SYSTEM) FATAL MESSAGE"  # Nastran
    r"|Floating point exception|Segmentation fault|Traceback \(most recent call last\)"
    r"|(?:slurmstepd|mpirun|srun).*(?:error|killed)"
    r"|.*(?:exited with errors|Out Of Memory|oom-kill|exec error :|Error line number)"
    r").*$",
    re.M,
)
_LONGEST = 200
LOG_ENDED = r"(?m)^\s*(End|Finalising parallel run|Job finished|.*FATAL.*|.*ERROR.*|.*exited with.*)\s*$"
"""What logs of OpenFOAM and CalculiX end with, and of those that failed."""
_AT_WORK = re.compile(r"OpenFOAM|CalculiX Version|CalculiX solver|^Time = ", re.M)
"""By which a log is known to be of a solver that says when it has ended."""


def check_log(folder: Path, pattern: str | None, failed: str) -> None:
    """Raises RunRejected ("diverged") where the last megabyte of a log in the folder matches `failed`."""
    if pattern is None or not folder.is_dir():
        return
    for path in sorted(folder.glob(pattern)):
        text = _tail(path)
        match = re.search(failed, text)
        if match:
            line = text[text.rfind("\n", 0, match.start()) + 1 :].split("\n", 1)[0].strip()
            raise RunRejected(
                "diverged",
                "The log of a run must report no failure",
                f"'{line[:160]}' in '{path.name}'",
                "Run the case again, or correct 'log_failed' in the study file if this is none",
            )


def log_is_open(folder: Path, pattern: str | None = None, ended: str = LOG_ENDED) -> bool:
    """Whether a log in a run's folder shows that the solver has not come to its end.

    Parameters
    ----------
    folder
        Of the run; anything else has no log.
    pattern
        Of the log's name; None to recognise the logs of OpenFOAM and CalculiX.
    ended
        Regular expression that a log of a solver that has ended matches, well or not.
    """
    if not folder.is_dir():
        return False
    for path in sorted(folder.glob(pattern)) if pattern is not None else _logs(folder):
        try:
            head, tail = _head(path), _tail(path)
        except OSError:
            continue
        if (pattern is not None or _AT_WORK.search(head)) and not re.search(ended, tail):
            return True
    return False


def failure_in_logs(folder: Path) -> str | None:
    """The failure that the logs of a run report, quoted with the log's name; None where they report none."""
    for path in _logs(folder):
        try:
            text = _tail(path)
        except OSError:
            continue
        match = _FAILED.search(text)
        if match:
            return f"'{_quoted(text, match)}' in '{path.name}'"
    return None


def _logs(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        names = (path for path in sorted(folder.iterdir()) if _LOGS.fullmatch(path.name))
        yield from (path for path in names if path.is_file())


def _quoted(text: str, match: re.Match[str]) -> str:
    """The line, and what follows it up to the next empty line: solvers say the cause below the mark."""
    lines = [match[0], *text[match.end() :].split("\n")[1:4]]
    parts = []
    for line in lines:
        words = " ".join(line.strip().strip("!|").split())
        if parts and not words:
            if len(parts[-1]) > len("--> FOAM FATAL IO ERROR:"):
                break
            continue
        parts.append(words)
    return " ".join(parts)[:_LONGEST].rstrip()


def _head(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_HEAD).decode(errors="replace")


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().decode(errors="replace")
