"""Whether a CalculiX run converged to its end: the .sta file and the log say so, the .frd file does not."""

from __future__ import annotations

import re
from pathlib import Path

from fieldwright.data.errors import DivergedError, UnfinishedError


def check_converged(result: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The .sta file and log beside a .frd file, and notes; raises DivergedError or UnfinishedError.

    An attempt that diverged has a U behind its number; CalculiX writes the last one to the .frd file all the same.
    """
    do = "Run it again with smaller increments, or leave this run out"
    must = f"The run '{result.parent.name}/{result.stem}' must have converged to its end"
    status = result.with_suffix(".sta")
    notes: tuple[str, ...] = ()
    files = [status] if status.is_file() else []
    if files:
        last: dict[tuple[str, str], str] = {}
        for line in status.read_text(errors="replace").splitlines():
            words = line.split()
            if len(words) >= 5 and words[0].isdigit() and words[1].isdigit():
                last[words[0], words[1]] = words[2]
        for (step, increment), attempt in last.items():
            if attempt.endswith("U"):
                raise DivergedError(
                    must, f"increment {increment} of step {step} not converged ('{status.name}')", do
                )
    else:
        notes = (f"no {status.name}: it is unknown whether every increment converged",)
    for log in sorted(
        {*result.parent.glob("*.log"), *result.parent.glob("*.out"), *result.parent.glob("log*")}
    ):
        if not log.is_file() or not _is_of(log, result.stem):
            continue
        files.append(log)
        text = log.read_text(errors="replace")
        error = re.search(r"^ *\*ERROR.*", text, re.M)
        if error:
            raise DivergedError(must, f"'{' '.join(error[0].split())}' in '{log.name}'", do)
        if "Job finished" not in text:
            raise UnfinishedError(must, f"no 'Job finished' in '{log.name}'", do)
    return tuple(files), notes


def _is_of(log: Path, job: str) -> bool:
    """Whether a file is CalculiX's output, of this job where several ran in one folder."""
    with log.open("rb") as file:
        head = file.read(4096)
    return b"CalculiX Version" in head and (log.stem == job or len(list(log.parent.glob("*.frd"))) == 1)
