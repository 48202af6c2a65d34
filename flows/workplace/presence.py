"""One workplace in a home at a time, and how other commands learn of it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from fieldwright.data.errors import StudyError
from fieldwright.flows.workplace.registered_studies import workplace_folder

LOCK = "lock"


@dataclass(frozen=True)
class Addresses:
    """Where the workplace's pages are."""

    page: str
    prefect: str
    mlflow: str
    endpoint: str

    @property
    def prefect_api(self) -> str:
        """The address that Prefect's own tools take."""
        return f"{self.prefect}/api"


@contextlib.contextmanager
def only_workplace(addresses: Addresses) -> Iterator[None]:
    """Says where the workplace is, while the block runs; raises StudyError where another one runs in this home.

    It is the kernel's lock: it goes with the process, however that ends.
    """
    place = workplace_folder() / LOCK
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            present = running_workplace()
            raise StudyError(
                "There must be one workplace in a home",
                f"another `fieldwright up`, at {present.page if present else 'an address not known yet'}",
                "Use that one, or stop it, or choose another home by $FIELDWRIGHT_HOME",
            ) from None
        file.truncate(0)
        file.write(json.dumps(asdict(addresses) | {"process": os.getpid()}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def running_workplace() -> Addresses | None:
    """Where the workplace of this home is; None where none runs."""
    try:
        with (workplace_folder() / LOCK).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                entries = json.loads(file.read() or "null")
            else:
                return None
    except (FileNotFoundError, ValueError):
        return None
    return Addresses(**{name: entries[name] for name in Addresses.__dataclass_fields__}) if entries else None
