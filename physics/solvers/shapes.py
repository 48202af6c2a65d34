"""Plane shapes as closed outlines, and the signed distance to them: negative inside, zero on the outline."""

from __future__ import annotations

import numpy as np

from fieldwright.data.errors import FieldwrightError

BLOCK = 4_000_000
"""Pairs of a place and an edge that are dealt with at once: 32 MB for each array of them."""


def ellipse(length: float, height: float, vertices: int = 96) -> np.ndarray:
    """Outline (vertices, 2) of an ellipse of these axes about the origin, a circle where they are equal.

    The chords of 96 vertices lie within 5e-4 half axes of the curve.
    """
    turn = np.linspace(0.0, 2.0 * np.pi, vertices, endpoint=False)
    return np.stack([0.5 * length * np.cos(turn), 0.5 * height * np.sin(turn)], axis=1)


def rectangle(length: float, height: float) -> np.ndarray:
    """Outline (4, 2) of a rectangle about the origin."""
    return 0.5 * np.array([[length, height], [-length, height], [-length, -height], [length, -height]])


def regular_polygon(corners: int, diameter: float) -> np.ndarray:
    """Outline (corners, 2) of the regular polygon in a circle of this diameter, one corner pointing downstream."""
    turn = 2.0 * np.pi * np.arange(corners) / corners
    return 0.5 * diameter * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def star(points: int, diameter: float, waist: float = 0.5) -> np.ndarray:
    """Outline (2 points, 2) of a star whose inner corners lie at the share `waist` of its radius."""
    outline = regular_polygon(2 * points, diameter)
    outline[1::2] *= waist
    return outline


def plus(diameter: float, arm: float = 0.4) -> np.ndarray:
    """Outline (12, 2) of a plus sign, whose arms are as wide as the share `arm` of its extent."""
    quarter = np.array([[1.0, arm], [arm, arm], [arm, 1.0]])
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    quarters = [quarter @ np.linalg.matrix_power(turn, k).T for k in range(4)]
    return 0.5 * diameter * np.concatenate(quarters)


def naca(camber: float, place: float, thickness: float, points: int = 101) -> np.ndarray:
    """Section (points, 2) of chord 1 from the trailing edge over the upper side and back below; points: odd.

    The four-digit family: camber and its place in chords, thickness in chords, closed trailing edge (Jacobs, Ward &
    Pinkerton, NACA report 460, 1933; Abbott & von Doenhoff, Theory of Wing Sections, 6.4).
    """
    x = (1.0 - np.cos(np.linspace(0.0, np.pi, points // 2 + 1))) / 2.0
    half = 5 * thickness * (0.2969 * np.sqrt(x) - 0.126 * x - 0.3516 * x**2 + 0.2843 * x**3 - 0.1036 * x**4)
    front = x < place
    line = np.where(
        front, (2 * place - x) * x / place**2, (1 - 2 * place + (2 * place - x) * x) / (1 - place) ** 2
    )
    slope = np.where(front, 2 * (place - x) / place**2, 2 * (place - x) / (1 - place) ** 2)
    angle = np.arctan(camber * slope)
    off = np.stack([-half * np.sin(angle), half * np.cos(angle)], axis=1)
    middle = np.stack([x, camber * line], axis=1)
    return np.concatenate([(middle + off)[::-1], (middle - off)[1:]])


def placed(outline: np.ndarray, centre: tuple[float, float], angle: float = 0.0) -> np.ndarray:
    """The outline (k, 2) turned by the angle [rad] about the origin, counter-clockwise, and moved to the centre."""
    cos, sin = np.cos(angle), np.sin(angle)
    return outline @ np.array([[cos, sin], [-sin, cos]]) + np.asarray(centre, dtype=float)


def signed_distance(outline: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Distance (n,) of places (n, 2) to the polygon with vertices (k, 2), negative inside.

    The distance is that to the nearest edge; inside is where a ray to the right crosses the outline an odd number
    of times. Source: Haines, Point in polygon strategies, Graphics Gems IV, 1994.
    Raises FieldwrightError unless the outline has three vertices or more, all finite, around some area.
    """
    outline = checked_outline(outline)
    start, edge = outline, np.roll(outline, -1, axis=0) - outline
    length = np.maximum(np.sum(edge**2, axis=1), np.finfo(float).tiny)
    distances = np.empty(len(places))
    size = max(1, BLOCK // len(outline))
    for first in range(0, len(places), size):
        block = places[first : first + size]
        x, y = block[:, :1] - start[:, 0], block[:, 1:] - start[:, 1]
        along = np.clip((x * edge[:, 0] + y * edge[:, 1]) / length, 0.0, 1.0)
        nearest = np.min((x - along * edge[:, 0]) ** 2 + (y - along * edge[:, 1]) ** 2, axis=1)
        # Half-open in y, so that a ray through a vertex meets one of its two edges.
        spans = (y < 0.0) != (y - edge[:, 1] < 0.0)
        left = (x * edge[:, 1] < y * edge[:, 0]) == (edge[:, 1] > 0.0)
        inside = np.count_nonzero(spans & left, axis=1) % 2 == 1
        distances[first : first + size] = np.where(inside, -1.0, 1.0) * np.sqrt(nearest)
    return distances


def checked_outline(outline: np.ndarray) -> np.ndarray:
    """The vertices (k, 2) as float64; raises FieldwrightError unless they are a polygon around some area."""
    outline = np.asarray(outline, dtype=np.float64)
    do = "Give its corners in order, [[x, y], [x, y], [x, y], ...]"
    if outline.ndim != 2 or outline.shape[1:] != (2,) or len(outline) < 3:
        raise FieldwrightError(
            "An outline must be a list of three points (x, y) or more", f"the shape {outline.shape}", do
        )
    if not np.isfinite(outline).all():
        raise FieldwrightError("The points of an outline must be finite numbers", "NaN or infinity", do)
    x, y = (outline - outline.mean(axis=0)).T
    if abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) <= 1e-12 * np.sum(x**2 + y**2):
        raise FieldwrightError("An outline must enclose an area", "points on one line", do)
    return outline
