"""What has happened to a study, as messages to those whom `[notify]` names."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any

from fieldwright.data.redaction import without_password
from fieldwright.flows.notification.webhook import post
from fieldwright.flows.study.automation_sections import Event
from fieldwright.flows.study.file import StudyFile


def notify(study: StudyFile, event: Event, sentence: str, *, link: str = "", **details: Any) -> bool:
    """Sends an event of the study to its webhook; whether it has arrived. Never raises, and takes seconds at most.

    Parameters
    ----------
    study
        Its `[notify]` says where to, and which events.
    event
        Which it is.
    sentence
        What has happened, for people.
    link
        To the page where more is to be seen.
    details
        Further values of JSON types.
    """
    address = study.notify.address
    if address is None or event not in study.notify.on:
        return False
    sentence = without_password(sentence).replace(address, "the webhook")
    message = {
        "study": study.name,
        "event": event,
        "sentence": sentence,
        # Chat programs show this key.
        "text": f"fieldwright, {study.name}: {sentence}" + (f" {link}" if link else ""),
        "link": link,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": socket.gethostname(),
        **details,
    }
    return post(address, message)


def link_to(study: StudyFile, uri: str, experiment_id: str, run_id: str = "") -> str:
    """The page of a run in the MLflow UI, or that of all runs of the study.

    uri: of the tracking store; a server's is that of its UI.
    """
    base = without_password(uri) if uri.startswith(("http://", "https://")) else study.notify.link
    page = f"{base.rstrip('/')}/#/experiments/{experiment_id}"
    return f"{page}/runs/{run_id}" if run_id else page


def sentence_of(error: BaseException) -> str:
    """What a pipeline failed of, in one sentence."""
    text = str(error).strip()
    first = text.splitlines()[0] if text else ""
    named = getattr(error, "must", None) is not None
    return first if named else f"{type(error).__name__}{f': {first}' if first else ''}"
