"""A message to a webhook, which may be slow or down."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Mapping
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

ATTEMPTS = 2
SECONDS = 4.0
"""For one attempt; all of them, with the look-up of the name, take LONGEST at most."""
LONGEST = 9.0
logger = logging.getLogger("fieldwright")


def post(address: str, message: Mapping[str, Any]) -> bool:
    """Sends the message as JSON; whether it has arrived. Never raises, and never takes long.

    A failure is a line in the log, which names the host alone: paths and queries of webhooks hold secrets.
    """
    result: list[str] = []
    # A look-up of a name can hang for a minute, whatever the timeout: the thread is left to itself then.
    sending = Thread(target=_send, args=(address, json.dumps(message).encode(), result), daemon=True)
    sending.start()
    sending.join(LONGEST)
    error = result[0] if result else f"no answer within {LONGEST:.0f} s"
    if error:
        logger.warning("The webhook at %s was not reached: %s", _host(address), error)
    return not error


def _send(address: str, body: bytes, result: list[str]) -> None:
    error = ""
    for _ in range(ATTEMPTS):
        try:
            headers = {"Content-Type": "application/json", "User-Agent": "fieldwright"}
            request = urllib.request.Request(address, body, headers, method="POST")
            with urllib.request.urlopen(request, timeout=SECONDS):
                result.append("")
                return
        except urllib.error.HTTPError as failure:
            error = f"it answered {failure.code}"
            if failure.code < 500:
                break
        except (OSError, ValueError) as failure:
            # The text of such an error may repeat the address.
            reason = getattr(failure, "reason", failure)
            error = getattr(reason, "strerror", None) or type(reason).__name__
    result.append(error)


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or "its address"
    except ValueError:
        return "its address"
