"""Answers that no request changes: compressed where the client takes it, and not sent where its copy is the same."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

LEAST_BYTES = 1000
"""Of which compression is worth its while."""
CHECKED = "no-cache"
"""A client may keep its copy, and asks whether it is still the same before it uses it."""


@dataclass(frozen=True)
class Unchanging:
    """Content, by gzip too where that is smaller, and the tag of what it is."""

    content: bytes
    compressed: bytes | None
    tag: str

    @classmethod
    def of(cls, content: bytes, level: int = 6) -> Unchanging:
        """Compresses by a level of 1 (quick) to 9 (small)."""
        compressed = gzip.compress(content, level, mtime=0) if len(content) >= LEAST_BYTES else None
        if compressed is not None and len(compressed) > 0.9 * len(content):
            compressed = None
        # Weak, since it is the same of both forms.
        return cls(content, compressed, f'W/"{hashlib.sha256(content).hexdigest()[:32]}"')

    def response(self, request: Request, headers: Mapping[str, str]) -> Response:
        """The content, or 304 where the client has it; headers: beside those of the form."""
        vary = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
        all_headers = {"Cache-Control": CHECKED, **headers, "ETag": self.tag, "Vary": vary}
        tags = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
        if self.tag in tags or "*" in tags:
            return Response(status_code=304, headers=all_headers)
        if self.compressed is not None and _takes_gzip(request):
            return Response(self.compressed, headers=all_headers | {"Content-Encoding": "gzip"})
        return Response(self.content, headers=all_headers)


def _takes_gzip(request: Request) -> bool:
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        if name == "gzip":
            return not any(
                part.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for part in parameters
            )
    return False
