"""Turns the errors of a disk into one clear error: full, locked, gone or broken."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fieldwright.data.errors import ReadError, StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_LOCKED = {errno.EACCES, errno.EPERM, errno.EROFS}
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ESTALE}
# What the system answers; libraries raise OSErrors of their own for damaged files, with other numbers or none.
_OF_THE_SYSTEM = _LOCKED | _GONE | {errno.EIO, errno.EISDIR, errno.ELOOP, errno.EMFILE, errno.ENAMETOOLONG}
_STORED = "then ingest again: what is stored already is whole and is not read again"


@contextmanager
def disk_of(store: Path) -> Iterator[None]:
    """Turns OSError into StoreError; for code that writes to a store, and for no other."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            must, do = f"The disk of the store '{store}' must have room", f"Make room, {_STORED}"
        elif error.errno in _LOCKED:
            must, do = f"The store '{store}' must be writable", f"Correct its permissions, {_STORED}"
        elif error.errno in _GONE:
            must, do = (
                f"The store '{store}' must stay where it is while it is written",
                f"Put it back, {_STORED}",
            )
        else:
            must, do = f"The store '{store}' must be readable and writable", f"Look at its disk, {_STORED}"
        raise StoreError(must, str(error), do) from error


def is_broken_link(path: Path) -> bool:
    """Whether the path is a link that leads to nothing, or in a circle."""
    return path.is_symlink() and not path.exists()


def unreadable(path: Path, error: OSError) -> ReadError | None:
    """What keeps a file or folder from being read; None where the error is a library's and not the system's."""
    if error.errno not in _OF_THE_SYSTEM:
        return None
    at = Path(error.filename) if isinstance(error.filename, str) else path
    if is_broken_link(at):
        return broken_link(at)
    must = f"'{at.name}' must be readable"
    if error.errno in _LOCKED:
        return ReadError(must, f"'{error.strerror}'", f"Let this user read '{at}'")
    if error.errno in _GONE:
        return ReadError(
            f"'{at.name}' must be there as long as it is read",
            f"nothing at '{at}'",
            "Put it back and try again",
        )
    return ReadError(must, f"'{error.strerror}'", f"Look at '{at}' and its disk")


def broken_link(path: Path) -> ReadError:
    """The error for a link that leads to nothing."""
    return ReadError(
        f"'{path.name}' must lead to a file or folder",
        f"a link to '{path.readlink()}', which is not there",
        "Correct the link, or put back what it leads to",
    )
