"""The protocol as one HTML page that needs no other file and prints on A4."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from fieldwright.surrogates.cracks.protocol.inspection import (
    InspectedPhoto,
    InspectionProtocol,
    PhotoGrowth,
    ProtocolQuantity,
)

STYLE = """
@page { size: A4; margin: 16mm 14mm }
body { font: 10.5pt/1.4 system-ui, sans-serif; color: #111; background: #fff; max-width: 182mm; margin: 8mm auto }
h1 { font-size: 17pt; margin: 0 0 4mm } h2 { font-size: 12.5pt; margin: 0 0 2mm }
table { border-collapse: collapse; width: 100%; margin: 0 0 5mm }
th, td { border: 0.3pt solid #777; padding: 1.2mm 1.8mm; text-align: left; vertical-align: top }
thead th { background: #eee } thead { display: table-header-group } tr { break-inside: avoid }
.figure { text-align: right; white-space: nowrap } .bounds { color: #444; font-size: 9pt }
.warning { border: 1.2pt solid #111; padding: 1.5mm 2.5mm; margin: 0 0 3mm; font-weight: 600 }
section { break-before: page } section img { display: block; max-width: 100%; max-height: 150mm; margin: 0 0 4mm }
.sign { display: flex; gap: 10mm; margin-top: 14mm }
.sign span { flex: 1; border-top: 0.5pt solid #111; padding-top: 1mm }
@media (max-width: 600px) { body { margin: 4mm } table { font-size: 9pt } }
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Whatever a photo is called, the page runs nothing and asks nobody."""


def protocol_page(inspection: InspectionProtocol) -> str:
    """The protocol: a table over all photos, then a page for each with its picture, measurements and warnings.

    Numbers stand with the bounds that their measurements have; nothing is said by colour alone.
    """
    return "".join(protocol_parts(inspection))


def protocol_parts(inspection: InspectionProtocol) -> Iterator[str]:
    """The page piece by piece, so that the pictures of hundreds of photos are never in memory together."""
    photos = [photo for photo, _ in inspection.photos]
    head = [
        ("Site", inspection.site),
        ("Inspector", inspection.inspector),
        ("Date", inspection.date),
        ("Photos", f"{len(photos)}, {_cracked(photos)}"),
        ("Model", f"{inspection.model}, version {inspection.version}"),
        ("Note", inspection.note),
    ]
    title = f"Crack inspection{f': {inspection.site}' if inspection.site else ''}"
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    yield _rows(head)
    yield _overview(photos)
    if inspection.rejected:
        yield "<h2>Photos that could not be inspected</h2>"
        yield _rows(inspection.rejected)
    yield '<div class="sign"><span>Place, date</span><span>Signature</span></div>'
    for number, (photo, picture) in enumerate(inspection.photos, start=1):
        yield _section(number, photo, picture, inspection.grown.get(photo.name))
    yield "</body></html>\n"


def _cracked(photos: Sequence[InspectedPhoto]) -> str:
    cracked, outside = sum(photo.crack for photo in photos), sum(not photo.inside for photo in photos)
    return f"{cracked} with cracks" + (f", {outside} unlike the training photos" if outside else "")


def _rows(rows: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows)
    return f"<table><tbody>{lines}</tbody></table>"


def _overview(photos: Sequence[InspectedPhoto]) -> str:
    names = ("", "Photo", "Length", "Mean width", "Greatest width", "Branches", "To beware of")
    compared = any(photo.growth is not None for photo in photos)
    names = (*names[:5], "Growth of length", *names[5:]) if compared else names
    head = "".join(f"<th>{name}</th>" for name in names)
    lines = []
    for number, photo in enumerate(photos, start=1):
        measured = photo.measurements
        figures = (measured.length, measured.mean_width, measured.max_width)
        cells = "".join(f'<td class="figure">{_figure(one)}</td>' for one in figures)
        if compared:
            grown = _figure(photo.growth.length) if isinstance(photo.growth, PhotoGrowth) else ""
            cells += f'<td class="figure">{grown}</td>'
        lines.append(
            f"<tr><td>{number}</td><td>{escape(photo.name)}</td>{cells}"
            f'<td class="figure">{measured.branches}</td><td>{escape(_warning(photo))}</td></tr>'
        )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _section(
    number: int, photo: InspectedPhoto, picture: bytes | Path, grown: bytes | Path | None = None
) -> str:
    measured = photo.measurements
    low, high = measured.branches_bounds
    scale = (
        "none: lengths are in pixels"
        if measured.mm_per_px is None
        else f"{measured.mm_per_px:.4g} mm a pixel"
    )
    rows = [
        ("Length of all cracks", _plain(measured.length)),
        ("Mean width", _plain(measured.mean_width)),
        ("Greatest width", _plain(measured.max_width)),
        ("Area", _plain(measured.area)),
        (
            "Direction, 0 level, 90 upright",
            _direction(measured.orientation_deg, measured.orientation_bounds_deg),
        ),
        ("Cracks", str(measured.components)),
        ("Branches", f"{measured.branches} ({low} to {high})"),
        ("Highest probability of crack", f"{photo.probability:.3g}"),
        ("Threshold", f"{photo.threshold:.3g}"),
        ("Scale", scale),
        ("Size", f"{photo.width} x {photo.height} pixels"),
        *_growth_rows(photo.growth),
    ]
    warning = _warning(photo)
    sign = f'<p class="warning">{escape(warning)}</p>' if warning else ""
    later = (
        "" if grown is None else _image(grown, f"{photo.name} upon the earlier photo, with its new cracks")
    )
    return (
        f"<section><h2>{number}. {escape(photo.name)}</h2>{sign}"
        f"{_image(picture, f'{photo.name} with its cracks drawn in')}{_rows(rows)}{later}</section>"
    )


def _image(picture: bytes | Path, words: str) -> str:
    content = picture.read_bytes() if isinstance(picture, Path) else picture
    data = base64.b64encode(content).decode()
    return f'<img alt="{escape(words, quote=True)}" src="data:image/jpeg;base64,{data}">'


def _growth_rows(growth: PhotoGrowth | str | None) -> list[tuple[str, str]]:
    if growth is None:
        return []
    if isinstance(growth, str):
        return [("Growth", growth)]
    return [
        ("Growth of length", _plain(growth.length)),
        ("Growth of mean width", _plain(growth.mean_width)),
        ("Growth of greatest width", _plain(growth.max_width)),
        ("New crack", f"{growth.new_px2} px2, in the {growth.common:.0%} that both photos show"),
    ]


def _warning(photo: InspectedPhoto) -> str:
    if not photo.inside:
        return f"Unlike the training photos, do not rely on it: {photo.why or 'no reason is known'}."
    return photo.warning or ""


def _direction(degrees: float | None, bounds: tuple[float, float] | None) -> str:
    if degrees is None or bounds is None:
        return "none"
    return f"{degrees:.0f}° ({bounds[0]:.0f}° to {bounds[1]:.0f}°)"


def _plain(one: ProtocolQuantity) -> str:
    return f"{_number(one.value)} {one.unit} ({_number(one.lower)} to {_number(one.upper)})"


def _figure(one: ProtocolQuantity) -> str:
    bounds = f"{_number(one.lower)} to {_number(one.upper)}"
    return f'{_number(one.value)} {escape(one.unit)}<br><span class="bounds">{bounds}</span>'


def _number(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100.0 else f"{value:.3g}"
