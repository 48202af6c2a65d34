"""API keys of the endpoint: random, kept as hashes in a file that only its owner can read.

A key is 32 random bytes, which nobody guesses: one SHA-256 of it is as good as a slow hash would be.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from fieldwright.data.disk import fault
from fieldwright.data.environment import home
from fieldwright.data.errors import AccessError
from fieldwright.data.folder_lock import folder_locked

PREFIX = "fw_"
MAX_KEYS = 256
VARIABLE = "FIELDWRIGHT_API_KEY"
"""Of the environment: a key that may ask anything, for containers, where there is no file to keep."""


@dataclass(frozen=True)
class ApiKey:
    """One key, without the key itself.

    Attributes
    ----------
    name
        By which its owner knows it.
    digest
        SHA-256 of the key, hexadecimal.
    slot
        Number of its counter in the memory that workers share, below MAX_KEYS.
    routes, studies
        What it may ask, such as "/predict", and of which studies; empty for all.
    per_minute
        Requests that it may send in a minute; 0 for any number.
    created
        Date and time.
    """

    name: str
    digest: str
    slot: int
    routes: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()
    per_minute: int = 0
    created: str = ""

    def allows(self, route: str, study: str) -> bool:
        """Whether it may ask this route of a model of this study."""
        return (not self.routes or route in self.routes) and (not self.studies or study in self.studies)


def digest_of(key: str) -> str:
    """By which a key is kept and looked up."""
    return hashlib.sha256(key.encode()).hexdigest()


class KeyFile:
    """`$FIELDWRIGHT_HOME/api_keys.json`, of mode 0600, written whole by one process at a time."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or home() / "api_keys.json"

    def read(self) -> list[ApiKey]:
        """All keys; none where there is no file.

        Raises
        ------
        AccessError
            Others than its owner can read or write the file, or it is none.
        """
        try:
            with self.path.open(encoding="utf-8") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if mode & 0o077:
                    raise AccessError(
                        "The file of API keys must be readable by its owner alone",
                        f"{self.path} of mode {mode:04o}",
                        f"chmod 600 {self.path}",
                    )
                return [
                    ApiKey(**{**entry, "routes": tuple(entry["routes"]), "studies": tuple(entry["studies"])})
                    for entry in json.load(file)
                ]
        except FileNotFoundError:
            return []
        except OSError as error:
            must, do = fault(error, "the file of API keys") or (
                "The file of API keys must be readable",
                "Look at it",
            )
            raise AccessError(must, f"'{error.strerror or error}' at '{self.path}'", do) from error
        except (ValueError, TypeError, KeyError) as error:
            raise AccessError(
                "The file of API keys must be readable JSON as it was written",
                f"{self.path} ({type(error).__name__})",
                "Move it away and add the keys anew",
            ) from error

    def add(self, name: str, routes: Sequence[str], studies: Sequence[str], per_minute: int) -> str:
        """Makes a key and gives it; it is kept nowhere and cannot be shown again.

        Raises
        ------
        AccessError
            There is a key of that name, or no room for another.
        """
        key = PREFIX + secrets.token_urlsafe(32)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with folder_locked(self.path.parent):
            keys = self.read()
            if any(one.name == name for one in keys):
                raise AccessError(
                    "A key must have a name of its own", f"'{name}', which there is", "Choose another name"
                )
            slots = sorted(set(range(1, MAX_KEYS)) - {one.slot for one in keys})
            if not slots:
                raise AccessError(f"There must be fewer than {MAX_KEYS} keys", "one more", "Revoke one first")
            created = datetime.now(UTC).isoformat(timespec="seconds")
            entry = ApiKey(name, digest_of(key), slots[0], tuple(routes), tuple(studies), per_minute, created)
            self._write([*keys, entry])
        return key

    def revoke(self, name: str) -> None:
        """Takes a key away; endpoints refuse it a second later.

        Raises
        ------
        AccessError
            There is no key of that name.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with folder_locked(self.path.parent):
            keys = self.read()
            remaining = [one for one in keys if one.name != name]
            if len(remaining) == len(keys):
                names = ", ".join(f"'{one.name}'" for one in keys) or "no key at all"
                raise AccessError("A key that is revoked must be there", f"'{name}'", f"There is {names}")
            self._write(remaining)

    def _write(self, keys: Sequence[ApiKey]) -> None:
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump([asdict(key) for key in keys], file, indent=1)
            os.replace(beside, self.path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise


def environment_key() -> ApiKey | None:
    """The key of the environment variable, if it is set."""
    key = os.environ.get(VARIABLE)
    return ApiKey("environment", digest_of(key), 0) if key else None
