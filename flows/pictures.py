"""Pictures as files, as MLflow and the report show them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

Picture: TypeAlias = "Figure | Callable[[], Figure]"
"""A figure, or what makes it when it is to be drawn."""
DPI = 110
COLOURS = 128
"""Of a palette: lines and colour maps show no difference, and a picture takes a third of its bytes."""
LARGEST = 150_000
"""Bytes of a picture with a palette beyond which it is taken for a photo, which needs all colours."""
COMPRESSION = 6
UNDRAWN = "not drawn.txt"
"""File that stands beside the pictures, with a line for each that could not be drawn."""


def write_pictures(pictures: Mapping[str, Picture], folder: Path) -> list[str]:
    """Draws each picture into a PNG of its name; returns a sentence on each that cannot be drawn.

    The sentences stand in the file UNDRAWN too. No failure of one picture keeps another from being drawn.
    """
    undrawn = []
    for name, picture in pictures.items():
        try:
            (folder / name).write_bytes(picture_bytes(picture() if callable(picture) else picture))
        except Exception as error:
            undrawn.append(undrawn_sentence(name, error))
    if undrawn:
        (folder / UNDRAWN).write_text("\n".join(undrawn) + "\n", encoding="utf-8")
    return undrawn


def undrawn_sentence(name: str, error: BaseException) -> str:
    """What is said of a picture that could not be drawn."""
    return f"{name} could not be drawn: {type(error).__name__}: {' '.join(str(error).split())}"


def picture_bytes(figure: Figure) -> bytes:
    """The PNG of a figure: with a palette, and with all colours where photos stand in it."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image as images

    figure.dpi = DPI
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # Nothing shines through.
    image = images.fromarray(np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    palette = image.quantize(COLOURS, method=images.Quantize.FASTOCTREE, dither=images.Dither.NONE)
    content = _png(palette)
    return content if len(content) <= LARGEST else _png(image)


def _png(image: Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=COMPRESSION, dpi=(DPI, DPI))
    return buffer.getvalue()
