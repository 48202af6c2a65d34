"""Pictures small enough to stand in a page: few colours for drawings, JPEG for photos."""

from __future__ import annotations

import io
from collections.abc import Mapping

from PIL import Image

from fieldwright.flows.study_report.page import ReportFigure

COLOURS = 128
"""Of a palette: lines and colour maps show no difference."""
LARGEST = 150_000
"""Bytes of a drawing with a palette beyond which it is taken for a photo."""
QUALITY = 80


def embedded(figures: Mapping[str, bytes], words: Mapping[str, str]) -> tuple[ReportFigure, ...]:
    """Those of the figures that there are, in the order of `words`: file name to what it shows."""
    return tuple(embedded_figure(figures[name], text) for name, text in words.items() if name in figures)


def embedded_figure(content: bytes, words: str) -> ReportFigure:
    """A PNG as a figure of the page, in a fraction of its bytes."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    buffer = io.BytesIO()
    palette = image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette.save(buffer, "PNG", optimize=False, compress_level=6)
    if buffer.tell() <= LARGEST:
        return ReportFigure(buffer.getvalue(), "image/png", words, image.size)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return ReportFigure(buffer.getvalue(), "image/jpeg", words, image.size)
