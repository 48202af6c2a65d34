"""The middle line as a graph: arms between tips and junctions, without the spurs that rough edges make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = np.array([(-1, 0), (0, 1), (1, 0), (0, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)])
ROUNDS = 4
"""Of pruning: a spur may have spurs."""
DOUBT = 1.5
"""A spur that is longer or shorter than those which go by less than this factor may be a branch or none."""


@dataclass(frozen=True)
class Arm:
    """A line of pixels between two nodes.

    points: (n, 2) rows and columns. junctions: whether it begins and ends at a junction; where it does not, at a tip.
    closed: a ring without tip or junction.
    """

    points: np.ndarray
    junctions: tuple[bool, bool]
    closed: bool = False


@dataclass(frozen=True)
class SkeletonGraph:
    """Arms of one crack, and how many further arms its junctions have: the sum of (arms - 2).

    branches_bounds: without the spurs that were hardly long enough to stay, and with those that were nearly so.
    """

    arms: tuple[Arm, ...]
    branches: int
    tips: int
    branches_bounds: tuple[int, int]


def graph_of(pixels: np.ndarray, radius: np.ndarray) -> SkeletonGraph:
    """Graph of a middle line (n, 2), sorted by row and column, whose discs have this radius (n,) in px.

    A spur goes where it hardly leaves the disc of the junction it hangs on: length < radius + max(2, radius / 2).
    """
    nearly = 0
    for _ in range(ROUNDS):
        links = _links(pixels)
        arms, cluster = _arms(pixels, links)
        spurs = np.zeros(len(pixels), dtype=bool)
        hardly = 0
        for ends in arms:
            first, last = len(links[ends[0]]) == 1, len(links[ends[-1]]) == 1
            if first == last:
                continue
            at = ends[-1] if first else ends[0]
            least = radius[at] + max(2.0, 0.5 * radius[at])
            long = float(np.hypot(*np.diff(pixels[ends], axis=0).T).sum())
            if long < least:
                spurs[[pixel for pixel in ends if cluster[pixel] < 0]] = True
                nearly += DOUBT * long >= least
            else:
                hardly += long < DOUBT * least
        if not spurs.any():
            return _graph(pixels, links, arms, cluster, (hardly, nearly))
        pixels, radius = pixels[~spurs], radius[~spurs]
    links = _links(pixels)
    return _graph(pixels, links, *_arms(pixels, links), (hardly, nearly))


def _links(pixels: np.ndarray) -> list[list[int]]:
    """Neighbours of every pixel; a diagonal step is none where two straight ones lead there."""
    base = int(pixels[:, 1].max()) + 3 if len(pixels) else 1
    key = pixels[:, 0].astype(np.int64) * base + pixels[:, 1] + 1
    keys_around = key + (NEIGHBOURS[:, 0] * base + NEIGHBOURS[:, 1])[:, None]
    at = np.minimum(np.searchsorted(key, keys_around), len(key) - 1)
    neighbours = np.where(key[at] == keys_around, at, -1)
    straight = neighbours[:4] >= 0
    for k, (one, other) in enumerate(((0, 1), (2, 1), (2, 3), (0, 3)), start=4):
        neighbours[k][straight[one] | straight[other]] = -1
    return [[i for i in column if i >= 0] for column in neighbours.T.tolist()]


def _arms(pixels: np.ndarray, links: list[list[int]]) -> tuple[list[list[int]], np.ndarray]:
    """Arms as lists of pixel numbers, and to which junction every pixel belongs (-1: none)."""
    degree = np.array([len(link) for link in links])
    cluster = np.full(len(pixels), -1)
    for seed in np.flatnonzero(degree > 2):
        if cluster[seed] < 0:
            cluster[seed], stack = seed, [int(seed)]
            while stack:
                for near in links[stack.pop()]:
                    if degree[near] > 2 and cluster[near] < 0:
                        cluster[near] = seed
                        stack.append(near)
    arms, visited = [], np.zeros(len(pixels), dtype=bool)
    nodes = np.flatnonzero(degree != 2)
    for node in nodes:
        for near in links[node]:
            if cluster[node] >= 0 and cluster[node] == cluster[near]:
                continue
            if degree[near] == 2 and visited[near]:
                continue
            if degree[near] != 2 and near < node:  # two nodes side by side: taken once
                continue
            arm, before, current = [int(node)], int(node), near
            while degree[current] == 2 and not visited[current]:
                visited[current] = True
                arm.append(current)
                ahead = links[current][0] if links[current][0] != before else links[current][1]
                before, current = current, ahead
            arms.append([*arm, current])
    for start in np.flatnonzero((degree == 2) & ~visited):  # rings
        if not visited[start]:
            ring, before, current = [], -1, int(start)
            while not visited[current]:
                visited[current] = True
                ring.append(current)
                before, current = (
                    current,
                    links[current][0] if links[current][0] != before else links[current][1],
                )
            arms.append([*ring, int(start)])
    return arms, cluster


def _graph(
    pixels: np.ndarray,
    links: list[list[int]],
    arms: list[list[int]],
    cluster: np.ndarray,
    doubtful: tuple[int, int],
) -> SkeletonGraph:
    degree = np.array([len(link) for link in links])
    middle = {int(c): pixels[cluster == c].mean(axis=0) for c in np.unique(cluster[cluster >= 0])}
    lines, at_junction = [], dict.fromkeys(middle, 0)
    for arm in arms:
        points = pixels[arm].astype(float)
        ends = (int(cluster[arm[0]]), int(cluster[arm[-1]]))
        for place, end in zip((0, -1), ends, strict=True):
            if end >= 0:  # all arms of a junction meet in its middle
                points[place] = middle[end]
                at_junction[end] += 1
        lines.append(Arm(points, (ends[0] >= 0, ends[1] >= 0), closed=arm[0] == arm[-1] and ends[0] < 0))
    if not lines and len(pixels):
        lines.append(Arm(pixels[:1].astype(float), (False, False)))
    branches = sum(max(count - 2, 0) for count in at_junction.values())
    bounds = (max(branches - doubtful[0], 0), branches + doubtful[1])
    return SkeletonGraph(tuple(lines), branches, int((degree == 1).sum()), bounds)
