"""What the system says of a file or disk, as one sentence for each of its errors: full, locked, gone, broken."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from fieldwright.data.errors import ReadError, StoreError

Able = Literal["readable", "writable", "readable and writable"]

_GONE = ("{path} must be there as long as it is used", "Put it back, or correct the path")
_LOCKED = ("{path} must be {able}", "Correct its permissions")
_IN_USE = ("{path} must not be in use by another program", "End that program")
_UNANSWERED = ("The disk of {path} must answer", "Look at its mount")
# What the system answers; libraries raise OSErrors of their own for damaged files, with other numbers or none.
_FAULTS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("The disk of {path} must have room", "Make room"),
    errno.EDQUOT: (
        "The disk of {path} must have room for this user",
        "Make room, or have this user's quota raised",
    ),
    errno.EFBIG: ("The disk of {path} must take a file of this size", "Choose another disk"),
    errno.EACCES: _LOCKED,
    errno.EPERM: _LOCKED,
    errno.EROFS: ("{path} must be on a writable disk", "Mount the disk writable, or choose another folder"),
    errno.ENOENT: _GONE,
    errno.ENOTDIR: _GONE,
    errno.ESTALE: _GONE,
    errno.EEXIST: ("Nothing must stand where {path} is written to", "Move it away"),
    errno.ENOTEMPTY: ("Nothing must stand where {path} is written to", "Move it away"),
    errno.EISDIR: ("{path} must be a file and no folder", "Correct the path"),
    errno.ELOOP: ("{path} must not be a circle of links", "Correct the links"),
    errno.ENAMETOOLONG: ("{path} must have a shorter path", "Shorten its name"),
    errno.EMFILE: (
        "This process must be allowed to open more files to reach {path}",
        "Raise its limit (ulimit -n)",
    ),
    errno.ENFILE: (
        "This machine must be able to open more files to reach {path}",
        "End what holds many of them",
    ),
    errno.ENOMEM: ("This machine must have memory left to reach {path}", "Free some of it"),
    errno.EIO: ("The disk of {path} must work", "Look at it and at the system's log"),
    errno.EBUSY: _IN_USE,
    errno.ETXTBSY: _IN_USE,
    errno.ETIMEDOUT: _UNANSWERED,
    errno.ENOTCONN: _UNANSWERED,
    errno.EHOSTDOWN: _UNANSWERED,
    errno.EHOSTUNREACH: _UNANSWERED,
}
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)
_STORED = "then ingest again: what is stored already is whole and is not read again"


def fault(error: OSError, path: str, able: Able = "readable") -> tuple[str, str] | None:
    """What must hold of `path`, and what to do, for an error of the system; None where it is a library's own.

    Parameters
    ----------
    error
        What was raised.
    path
        What was read or written, as a sentence calls it: "the store 'plate'".
    able
        What a file must be that is closed to this user.
    """
    number = _number(error)
    if number is None:
        return None
    must, do = _FAULTS[number]
    must = must.format(path=path, able=able)
    return f"{must[:1].upper()}{must[1:]}", do


def _number(error: OSError) -> int | None:
    # Errors of TLS are OSErrors too, whose numbers are not the system's.
    return error.errno if error.errno in _FAULTS and type(error).__module__ != "ssl" else None


def is_gone(error: Exception) -> bool:
    """Whether the error says that there is no such file, be it that something else stands there."""
    return isinstance(error, OSError) and error.errno in _MISSING


@contextmanager
def disk_of(store: Path) -> Iterator[None]:
    """Turns OSError into StoreError; for code that writes to a store, and for no other."""
    try:
        yield
    except OSError as error:
        must, do = fault(error, f"the store '{store}'", "writable") or (
            f"The store '{store}' must be readable and writable",
            "Look at its disk",
        )
        raise StoreError(must, str(error), f"{do}, {_STORED}") from error


def is_broken_link(path: Path) -> bool:
    """Whether the path is a link that leads to nothing, or in a circle."""
    return path.is_symlink() and not path.exists()


def unreadable(path: Path, error: OSError) -> ReadError | None:
    """What keeps a file or folder from being read; None where the error is a library's and not the system's."""
    at = Path(error.filename) if isinstance(error.filename, str) else path
    cause = fault(error, f"'{at.name}'")
    if cause is None:
        return None
    if is_broken_link(at):
        return broken_link(at)
    must, do = cause
    if _FAULTS[error.errno or 0] is _GONE:
        return ReadError(must, f"nothing at '{at}'", "Put it back and try again")
    return ReadError(must, f"'{error.strerror}' at '{at}'", do)


def broken_link(path: Path) -> ReadError:
    """The error for a link that leads to nothing."""
    return ReadError(
        f"'{path.name}' must lead to a file or folder",
        f"a link to '{path.readlink()}', which is not there",
        "Correct the link, or put back what it leads to",
    )
