"""Layouts of photo collections: one module each, found here by itself once it ends in `register(...)`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.outline import Value


@dataclass(frozen=True)
class Entry:
    """A photo as a layout finds it, unread.

    photo: None where there is a mask and no photo. mask: None where the layout has none, or it is missing.
    crack: the class, None where the mask shows it. group: the large photo that it is a tile of, or itself.
    part: "train", "validation" or "test" where the collection is divided.
    """

    name: str
    photo: Path | None
    mask: Path | None = None
    crack: bool | None = None
    group: str = ""
    part: str | None = None


class PhotoLayout(Protocol):
    """How a collection lays out its photos and labels. Stateless."""

    name: str
    version: str
    """Increased when the same files would give other labels than before: they are then read again."""
    masks: bool
    """Whether every photo has a mask."""

    @property
    def looks(self) -> str:
        """Its folders in a few words, for errors and documentation."""
        ...

    def accepts(self, folder: Path) -> bool:
        """Whether the folder is laid out like this (by names alone)."""
        ...

    def entries(self, folder: Path) -> Iterator[Entry]:
        """What is there, photo by photo, in the order of names."""
        ...

    def read_mask(self, path: Path, crack_values: tuple[Value, ...] = ()) -> np.ndarray:
        """True where there is crack, (h, w), as stored; crack_values: that are crack. Raises PhotoError."""
        ...


LAYOUTS: dict[str, PhotoLayout] = {}


def register(layout: PhotoLayout) -> None:
    """Registers a layout under its name; called at the end of its module."""
    LAYOUTS[layout.name] = layout


def load_layouts() -> dict[str, PhotoLayout]:
    """All layouts by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(LAYOUTS.items()))


def layout_named(name: str) -> PhotoLayout:
    """The layout of that name; raises PhotoError naming those that exist."""
    layouts = load_layouts()
    if name not in layouts:
        raise PhotoError(
            "no collection",
            f"The reader of photos must be one of {', '.join(layouts)}",
            f"'{name}'",
            "Correct 'reader', or leave it out to have it recognised",
        )
    return layouts[name]


def recognised(folder: Path) -> PhotoLayout | None:
    """The layout that the folder has, if any."""
    return next((layout for layout in load_layouts().values() if layout.accepts(folder)), None)


def layout_of(folder: Path) -> PhotoLayout:
    """The layout that the folder has; raises PhotoError, naming all layouts, where it has none."""
    layout = recognised(folder)
    if layout is not None:
        return layout
    descriptions = "; ".join(f"{name}: {layout.looks}" for name, layout in load_layouts().items())
    raise PhotoError(
        "no collection",
        f"A folder of photos must be laid out as one of these ({descriptions})",
        f"'{folder}' with {_contents(folder)}",
        "Lay it out so, or give the pair of folders by 'photos' and 'masks'",
    )


def _contents(folder: Path) -> str:
    if not folder.is_dir():
        return "no such folder"
    names = sorted(entry.name + ("/" if entry.is_dir() else "") for entry in folder.iterdir())
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "") or "nothing in it"
