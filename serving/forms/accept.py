"""The choice of an answer's form by the header `Accept`, and the writers of all forms by their media types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from fieldwright.serving.forms.arrow_form import write_arrow
from fieldwright.serving.forms.csv_form import write_csv
from fieldwright.serving.forms.json_form import write_json
from fieldwright.serving.forms.npz_form import write_npz
from fieldwright.serving.forms.reply import Reply
from fieldwright.serving.forms.vtu_form import write_vtu, write_vtu_zip
from fieldwright.serving.phrases import quoted
from fieldwright.serving.refusal import Refused

JSON = "application/json"
NPZ = "application/x-npz"
ARROW = "application/vnd.apache.arrow.stream"
CSV = "text/csv"
VTU = "model/vtu"
"""No type is registered for VTU."""
ZIP = "application/zip"

WRITERS: dict[str, Callable[[Reply], bytes]] = {
    JSON: write_json,
    NPZ: write_npz,
    ARROW: write_arrow,
    CSV: write_csv,
    VTU: write_vtu,
    ZIP: write_vtu_zip,
}
"""Media type to writer, the one place where a form is registered."""
NUMBERS = (JSON, NPZ)
"""Forms of any reply; the first is the one without an `Accept`."""
TABLES = (*NUMBERS, ARROW, CSV)
"""Those of a reply that has columns."""
FIELDS = (*NUMBERS, ARROW, CSV, VTU, ZIP)
"""Those of a reply that has columns and meshes."""
MESH = (*NUMBERS, VTU)
"""Those of a mesh alone."""


def accepted_type(request: Request, offered: Sequence[str]) -> str:
    """The offered media type that the header `Accept` likes best; raises Refused, with 406, where it takes none.

    Of types that it likes alike, the one that it names itself is taken, and then the one offered first.
    """
    header = ", ".join(request.headers.getlist("accept"))
    if header in ("", "*/*"):
        return offered[0]
    ranges = _ranges(header)
    best, liking = "", (0.0, 0)
    for media_type in offered:
        likings = [(_nearness(range_, media_type), quality) for range_, quality in ranges]
        near, quality = max(likings, default=(0, 0.0))
        if near and quality > 0.0 and (quality, near) > liking:
            best, liking = media_type, (quality, near)
    if not best:
        raise Refused(
            406,
            f"The header 'Accept' must allow {' or '.join(offered)}",
            quoted(header),
            "Correct the header, or leave it out",
        )
    return best


def form_response(content: bytes, media_type: str) -> Response:
    """An answer in the form that was chosen by `Accept`, on which it depends."""
    return Response(content, media_type=media_type, headers={"Vary": "Accept"})


def _ranges(header: str) -> list[tuple[str, float]]:
    """Each media range of the header with its quality; what is no number counts as 1."""
    ranges = []
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                try:
                    quality = min(1.0, max(0.0, float(value)))
                except ValueError:
                    quality = 1.0
        ranges.append((name, quality))
    return ranges


def _nearness(media_range: str, media_type: str) -> int:
    """3 where the range is the type itself, 2 for "type/*", 1 for "*/*", 0 where it leaves the type out."""
    if media_range == media_type:
        return 3
    if media_range == f"{media_type.partition('/')[0]}/*":
        return 2
    return 1 if media_range == "*/*" else 0
