"""Which axis of an array is the run, the time, the space and the component, by the sizes of the others.

Letters: "r" run, "t" time, "c" component, "n" scattered points, "x", "y", "z" the axes of a grid, "b" components
block by block before the points within one axis.
"""

from __future__ import annotations

from dataclasses import dataclass

_MOST_COMPONENTS = 9
# Samples are rows: the run comes first. Time stands before or behind space, components last or before space.
_ORDERS = ("rtSc", "rStc", "rcSt", "rtcS")


@dataclass(frozen=True)
class Sizes:
    """Known lengths: of the runs (None: not known, 0: there are none), of the times, and of space axis by axis.

    space: letters to lengths, ("n", (1639,)) or ("xy", (64, 32)); several where the coordinates leave it open.
    """

    runs: int | None
    times: tuple[int, ...]
    spaces: tuple[tuple[str, tuple[int, ...]], ...]


def meanings(shape: tuple[int, ...], sizes: Sizes) -> list[str]:
    """All ways to read a shape, one letter per axis; the plainest ones only: without components if that will do."""
    readings = [letters for order in _ORDERS for letters in _read(shape, order, sizes)]
    unique = list(dict.fromkeys(readings))
    without_components = [letters for letters in unique if "c" not in letters and "b" not in letters]
    without_blocks = [letters for letters in unique if "b" not in letters]
    return without_components or without_blocks or unique


def by_names(dimensions: tuple[str, ...], axis_letters: dict[str, str], shape: tuple[int, ...]) -> str | None:
    """The letters of named dimensions; one unknown dimension of few entries is the component. None if that fails."""
    letters = [axis_letters.get(name, "") for name in dimensions]
    unknown = [i for i, letter in enumerate(letters) if not letter]
    if len(unknown) == 1 and shape[unknown[0]] <= _MOST_COMPONENTS:
        letters[unknown[0]] = "c"
    text = "".join(letters)
    return text if len(text) == len(shape) and len(set(text)) == len(text) else None


def _read(shape: tuple[int, ...], order: str, sizes: Sizes) -> list[str]:
    """The readings of a shape in one order, with and without each of run, time and component."""
    readings = []
    for letters, lengths in sizes.spaces:
        for flipped in {letters, letters[::-1]}:
            space = lengths if flipped == letters else lengths[::-1]
            for text in _subsets(order):
                axes = "".join(flipped if letter == "S" else letter for letter in text)
                if len(axes) == len(shape) and _fits(shape, axes, flipped, space, sizes):
                    readings.append(axes)
                if letters == "n" and "c" not in text and len(axes) == len(shape):
                    blocks, remainder = divmod(shape[axes.index("n")], lengths[0])
                    if remainder == 0 and 2 <= blocks <= _MOST_COMPONENTS:
                        others = tuple(
                            lengths[0] if axis == "n" else n for axis, n in zip(axes, shape, strict=True)
                        )
                        if _fits(others, axes, flipped, space, sizes):
                            readings.append(axes.replace("n", "b"))
    return readings


def _subsets(order: str) -> list[str]:
    """The order with and without each of its letters other than space, the fullest last."""
    rows = [""]
    for letter in order:
        rows = [row + letter for row in rows] if letter == "S" else rows + [row + letter for row in rows]
    return rows


def _fits(shape: tuple[int, ...], axes: str, letters: str, space: tuple[int, ...], sizes: Sizes) -> bool:
    lengths = dict(zip(letters, space, strict=True))
    for axis, length in zip(axes, shape, strict=True):
        if axis == "r":
            wrong = sizes.runs == 0 or (sizes.runs is not None and length != sizes.runs)
        elif axis == "t":
            wrong = length not in sizes.times
        elif axis == "c":
            # Before space only those of a vector: more rows than that are runs.
            most = _MOST_COMPONENTS if axes.index("c") > axes.index(letters) else 3
            wrong = not 1 <= length <= most
        else:
            wrong = length != lengths[axis]
        if wrong:
            return False
    return True
