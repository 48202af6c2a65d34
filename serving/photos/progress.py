"""How far an answer about photos has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is called with tiles done and tiles in all."""


class TileCount:
    """Tiles of several photos as one number. tiles: of each photo; what follows them counts as one more."""

    def __init__(self, tiles: list[int], progress: Progress | None) -> None:
        self._total = sum(tiles) + len(tiles)
        self._before = 0
        self._progress = progress or (lambda done, total: None)

    def __call__(self, done: int, of_photo: int) -> None:
        """Tiles of the present photo."""
        self._progress(self._before + done, self._total)

    def photo_done(self, tiles: int) -> None:
        """All of a photo, pictures and measurements too."""
        self._before += tiles + 1
        self._progress(self._before, self._total)
