"""Whatever the disk of a store answers becomes one clear error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import StoreError


@contextmanager
def disk_of(store: Path) -> Iterator[None]:
    """Turns OSError into StoreError; to be put round everything that writes to a store."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"The disk of the store '{store}' must have room and be writable",
            str(error),
            "Make room, then ingest again: what is stored already is whole and is not read again",
        ) from error
