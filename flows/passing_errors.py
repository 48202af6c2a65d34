"""Which errors can pass by themselves: a server that is away, a full disk. A mistake of the user's stays one."""

from __future__ import annotations

import errno

NUMBERS = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EAGAIN, errno.EBUSY),
        *(errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN),
    }
)
CLASSES = frozenset(
    {
        # Of Python and requests; of httpx; of SQLAlchemy, sqlite3 and psycopg2; of botocore.
        *("ConnectionError", "TimeoutError", "Timeout"),
        "TransportError",
        *("OperationalError", "InterfaceError"),
        "HTTPClientError",
    }
)
"""Names of classes, so that no library is imported for asking."""
CODES = frozenset({"TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"})
"""Of MLflow's errors."""


def is_passing(error: BaseException | None) -> bool:
    """Whether the error, or one that it came from, is of something that was away or full at that time."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NUMBERS:
            return True
        if any(base.__name__ in CLASSES for base in type(error).__mro__):
            return True
        if getattr(error, "error_code", None) in CODES:
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False
