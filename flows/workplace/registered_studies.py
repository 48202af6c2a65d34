"""The studies that the workplace runs and serves, one small file for each under $FIELDWRIGHT_HOME."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from fieldwright.data.environment import home
from fieldwright.data.whole_file import write_whole_file

FOLDER = "workplace"


@dataclass(frozen=True)
class RegisteredStudy:
    """A study file and when it runs.

    path: absolute. cron: empty where it runs on demand alone. timezone: an IANA name, in which the crons are read.
    drift: cron of the check for drift; empty for none.
    """

    name: str
    path: str
    cron: str = ""
    timezone: str = "UTC"
    drift: str = ""

    @property
    def times(self) -> str:
        """When it runs, in words."""
        return f"'{self.cron}' ({self.timezone})" if self.cron else "on demand"


def workplace_folder() -> Path:
    """Where the workplace has its records and logs."""
    return home() / FOLDER


def registered_studies() -> list[RegisteredStudy]:
    """All of them, by name; a file that is no record is passed over."""
    studies = []
    for path in sorted((workplace_folder() / "studies").glob("*.json")):
        try:
            studies.append(RegisteredStudy(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            continue
    return studies


def register(study: RegisteredStudy) -> None:
    """Records the study, in place of an earlier record of its name."""
    write_whole_file(_place(study.name), json.dumps(asdict(study), indent=1))


def unregister(name: str) -> bool:
    """Takes the record away; whether there was one."""
    try:
        _place(name).unlink()
    except FileNotFoundError:
        return False
    return True


def _place(name: str) -> Path:
    return workplace_folder() / "studies" / f"{name}.json"
