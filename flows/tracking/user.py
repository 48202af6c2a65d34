"""Who works on this machine."""

from __future__ import annotations

import getpass
import socket


def user_at_host() -> str:
    """Who works here."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that no user has.
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
