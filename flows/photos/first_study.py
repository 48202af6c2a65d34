"""A first study file for a folder of photos, or for drawn surfaces alone."""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Sequence
from pathlib import Path

from fieldwright.data.photos.collections import PhotoLayout, layout_of
from fieldwright.flows.study.photo_sections import Kind

CANDIDATES: dict[Kind, str] = {
    "segmentation": """
[[candidates]]
kind = "crack_unet"
backbone = "efficientnet-lite0"  # trained on ImageNet; comes along
crop = 192
learning_rate = 1e-3
steps = 100_000
cpu_minutes = 8                  # of one core, after which the training ends
augmentation = { scale = [0.6, 1.6] }
""",
    "classification": """
[[candidates]]
kind = "crack_cnn"
""",
}
DRAWN = {"segmentation": 540, "classification": 1000}
"""Surfaces where there is no photo."""
OUTLINED = ("cracked = 0.9", "size = [320, 480]")
"""More of the drawing where outlines are learned."""
BESIDE = 180
"""Surfaces beside photos with masks."""


def photos_first_study(folder: Path, beside: Path, candidates: Sequence[str]) -> str:
    """The text of a study file for a folder of photos; raises PhotoError where its layout is not known.

    candidates: not asked, for the labels decide on the kind.
    """
    return first_photo_study(layout_of(folder), folder, beside)


def first_photo_study(layout: PhotoLayout, folder: Path, beside: Path) -> str:
    """The text of a study file for a folder of this layout, to lie in the folder `beside`."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", folder.resolve().name).strip("._-") or "photos"
    kind: Kind = "segmentation" if layout.masks else "classification"
    relative = Path(os.path.relpath(folder.resolve(), beside.resolve())).as_posix()
    lines = [
        f"name = {json.dumps(name)}",
        f'kind = "{kind}"' + ('  # or "classification": whether there is any crack' if layout.masks else ""),
        "seed = 0",
        "",
        "[photos]",
        f"folder = {json.dumps(relative, ensure_ascii=False)}",
        f'reader = "{layout.name}"',
    ]
    if layout.masks:
        lines += [
            "",
            *_generator(BESIDE, "learned from beside the photos: it carries over to other surfaces"),
        ]
    return "\n".join(lines) + "\n" + CANDIDATES[kind]


def drawn_first_study(kind: Kind) -> str:
    """The text of a study file for drawn surfaces alone, with no photo."""
    lines = [
        f'name = "drawn_{kind}"',
        f'kind = "{kind}"',
        "seed = 0",
        "",
        *_generator(DRAWN[kind], "add [photos] with a folder of yours once you have labels"),
        *(OUTLINED if kind == "segmentation" else ()),
    ]
    return "\n".join(lines) + "\n" + CANDIDATES[kind]


def _generator(photos: int, comment: str) -> list[str]:
    return [f"[generator]  # surfaces that are drawn: {comment}", f"photos = {photos}"]
