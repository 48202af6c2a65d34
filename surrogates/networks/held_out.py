"""Which runs each member of an ensemble does not learn from."""

from __future__ import annotations

import numpy as np


def held_out(place: np.ndarray, members: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """(members, n) bool: the runs held out by each member, of their places (n,) one at least, never all.

    As long as there are places left, members hold out different ones.
    """
    place = place if place.max() > 0 else np.arange(len(place))
    n = int(place.max()) + 1
    number = min(max(1, round(share * n)), n - 1)
    draws = np.concatenate([rng.permutation(n) for _ in range(-(-members * number // n))])
    masks = np.zeros((members, n), dtype=bool)
    for member, mask in enumerate(masks):
        mask[draws[member * number : (member + 1) * number]] = True
    return masks[:, place]
