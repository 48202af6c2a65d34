"""The shelf that stands beside the package itself in a bento."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[2]
"""The folder of the package itself."""
BUNDLE = "fieldwright_model"
"""Name of the folder."""


def bundled_shelf() -> Path | None:
    """The folder beside the package with the one model that a bento serves; None where the package is no bento's."""
    folder = PACKAGE.parent / BUNDLE
    return folder if folder.is_dir() else None
