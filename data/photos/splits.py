"""Parts of a collection for training and for evaluation, which never share a photo's tiles or its copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from fieldwright.data.errors import StudyError
from fieldwright.data.photos.labelled_photo import LabelledPhoto


def split_photos(
    photos: Sequence[LabelledPhoto], shares: Mapping[str, float], seed: int
) -> dict[str, tuple[int, ...]]:
    """Indices of the photos in each part: groups whole, cracked and uncracked photos in equal shares if they allow.

    shares: of the photos, which add up to 1. Groups come in an order drawn by the seed, large ones first, and each
    goes to the part that lacks most of what it holds. Raises StudyError where shares are none or a part stays empty.
    """
    fractions = np.array(list(shares.values()), dtype=float)
    if not len(fractions) or (fractions <= 0.0).any() or abs(fractions.sum() - 1.0) > 1e-6:
        raise StudyError(
            "The shares of a split must be above 0 and add up to 1",
            ", ".join(f"{name} = {share:g}" for name, share in shares.items()) or "none",
            "Correct them",
        )
    members: dict[str, list[int]] = defaultdict(list)
    for index, photo in enumerate(photos):
        members[photo.group].append(index)
    cracked = np.array([photo.crack is True for photo in photos], dtype=bool)
    totals = np.array([max(1, np.sum(~cracked)), max(1, np.sum(cracked))], dtype=float)
    groups = [members[name] for name in sorted(members)]
    order = np.random.default_rng(seed).permutation(len(groups))
    # Large ones first: at the end they would no longer fit anywhere.
    order = order[np.argsort([-len(groups[k]) for k in order], kind="stable")]
    have = np.zeros((len(fractions), 2))
    parts: list[list[int]] = [[] for _ in fractions]
    for k in order:
        holds = np.array([np.sum(~cracked[groups[k]]), np.sum(cracked[groups[k]])])
        lacking = (fractions[:, None] - have / totals) / fractions[:, None]
        part = int(np.argmax(lacking @ holds))
        parts[part] += groups[k]
        have[part] += holds
    empty = [name for name, indices in zip(shares, parts, strict=True) if not indices]
    if empty:
        raise StudyError(
            f"Each part of a split ({', '.join(shares)}) must get a photo",
            f"{len(photos)} photos in {len(groups)} groups of tiles and near-duplicates, none left for '{empty[0]}'",
            "Add photos",
        )
    return {name: tuple(sorted(indices)) for name, indices in zip(shares, parts, strict=True)}
