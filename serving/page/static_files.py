"""The files of the page: of known types, checked by a browser before it uses its copy, which may ask only here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fieldwright.serving.forms.unchanging import CHECKED, Unchanging

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""By the end of a file's name; files of no other kind are served."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""A page that can be made to hold a foreign script or address still neither runs the one nor asks the other."""
VENDOR = "vendor/"
"""Libraries, in folders named after their versions, which never change."""
UNCHANGING = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    """What a file holds, and the headers that it is sent with."""

    content: Unchanging
    headers: dict[str, str]


def page_routes() -> list[Route]:
    """GET / and the files under /page/."""
    return [Route("/", index), Route("/page/{path:path}", file)]


async def index(request: Request) -> Response:
    """The page itself; which model and what of it stands behind "#" in the address, which no browser sends."""
    return _answer(request, "index.html")


async def file(request: Request) -> Response:
    """One of its files."""
    return _answer(request, request.path_params["path"])


def _answer(request: Request, path: str) -> Response:
    static = _files().get(path)
    if static is None:
        raise HTTPException(404)
    return static.content.response(request, static.headers)


@cache
def _files() -> dict[str, StaticFile]:
    """All files by their paths: what is not among them cannot be asked for, whatever the path says."""
    paths = (path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    return {path.relative_to(FOLDER).as_posix(): _read(path) for path in paths}


def _read(path: Path) -> StaticFile:
    inner = path.relative_to(FOLDER).as_posix()
    return StaticFile(
        Unchanging.of(path.read_bytes(), level=9),
        {
            "Content-Type": TYPES[path.suffix],
            "Cache-Control": UNCHANGING if inner.startswith(VENDOR) else CHECKED,
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        },
    )
