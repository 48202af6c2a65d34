"""Where a person reads about a version: its page in the MLflow server that it is registered in."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fieldwright.data.redaction import without_password


def registry_page(tracking_uri: str) -> str:
    """The address of a tracking server that a browser can open, without a password; empty for a store in a file."""
    if urlsplit(tracking_uri).scheme not in ("http", "https"):
        return ""
    return without_password(tracking_uri).rstrip("/")


def card_of(page: str, model: str, version: str) -> str | None:
    """The model card of a version in the server at this page; None where there is none."""
    return f"{page}/#/models/{quote(model, safe='')}/versions/{version}" if page else None
