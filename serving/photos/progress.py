"""How far an answer about photos has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is called with tiles done and tiles in all."""


class TileCount:
    """Tiles of several photos as one number; measuring and drawing, which take as long, count as as many again.

    tiles: of each photo, 0 for one that is answered in one step.
    """

    def __init__(self, tiles: list[int], progress: Progress | None) -> None:
        self._parts = [(count, max(count, 1)) for count in tiles]
        self._total = sum(count + after for count, after in self._parts)
        self._before = self._photos = 0
        self._progress = progress or (lambda done, total: None)

    def __call__(self, done: int, of_photo: int) -> None:
        """Tiles of the present photo."""
        self._progress(self._before + done, self._total)

    def measured(self) -> None:
        """What is left of the present photo is its pictures."""
        count, after = self._parts[self._photos]
        self._progress(self._before + count + after // 2, self._total)

    def photo_done(self) -> None:
        """All of a photo, pictures and measurements too."""
        self._before += sum(self._parts[self._photos])
        self._photos += 1
        self._progress(self._before, self._total)
