"""Pictures small enough to stand in a page: drawings as they are, JPEG for photos."""

from __future__ import annotations

import io
from collections.abc import Mapping

from PIL import Image

from fieldwright.data.photos.photo import jpeg_bytes
from fieldwright.flows.study_report.page import ReportFigure

QUALITY = 80


def embedded(figures: Mapping[str, bytes], words: Mapping[str, str]) -> tuple[ReportFigure, ...]:
    """Those of the figures that there are, in the order of `words`: file name to what it shows."""
    return tuple(embedded_figure(figures[name], text) for name, text in words.items() if name in figures)


def embedded_figure(content: bytes, words: str) -> ReportFigure:
    """A PNG of `picture_bytes` as a figure of the page; one with all colours holds photos, which go as JPEG."""
    image = Image.open(io.BytesIO(content))
    if image.mode == "P":
        return ReportFigure(content, "image/png", words, image.size)
    return ReportFigure(jpeg_bytes(image, QUALITY), "image/jpeg", words, image.size)
