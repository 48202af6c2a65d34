"""Whether an OpenFOAM run ended as it should: only its log says so."""

from __future__ import annotations

import re
from pathlib import Path

from fieldwright.data.errors import DivergedError, UnfinishedError

_FATAL = re.compile(
    r"FOAM FATAL[^\n]*|Foam::error::printStack|Floating point exception \(core dumped\)|MPI_ABORT"
)
_TIME = re.compile(r"^Time = (\S+?)s?$", re.M)
_PIECE = 65536


def check_ended(case: Path, application: str) -> tuple[Path | None, tuple[str, ...]]:
    """The solver's log, if there is one, and notes; raises DivergedError or UnfinishedError."""
    logs = [log for log in _logs(case) if _is_of(log, application)]
    if not logs:
        return None, ("no log of the solver: it is unknown whether it ended as it should",)
    # A spin-up or a restart leaves a log of its own: the one that came furthest wrote the last time.
    log = max(logs, key=lambda log: (_last_time(log), log.name == f"log.{application}"))
    tail = _tail(log)
    fatal = _FATAL.search(tail)
    reached = f"Time = {_last_time(log):g}"
    must = f"The run '{case.name}' must have ended"
    do = f"Run it to its end, or leave it out; remove '{log.name}' to take its times as they are"
    if fatal:
        raise DivergedError(must, f"'{fatal[0]}' in '{log.name}' at {reached}", do)
    if not re.search(r"^End\b", tail, re.M):
        raise UnfinishedError(must, f"'{log.name}' stopping at {reached}", do)
    return log, ()


def _logs(case: Path) -> list[Path]:
    paths = {path for pattern in ("log*", "*.log", "*.out") for path in case.glob(pattern)}
    return sorted(path for path in paths if path.is_file())


def _is_of(log: Path, application: str) -> bool:
    with log.open("rb") as file:
        head = file.read(_PIECE).decode(errors="replace")
    run = re.search(r"^Exec\s*:\s*(\S+)", head, re.M)
    return run is not None and Path(run[1]).name == application


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _PIECE))
        return file.read().decode(errors="replace")


def _last_time(log: Path) -> float:
    times = _TIME.findall(_tail(log))
    try:
        return float(times[-1]) if times else 0.0
    except ValueError:
        return 0.0
