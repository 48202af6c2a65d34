"""Whether the threshold that served the validation photos best can be trusted on a photo, from its answer alone."""

from __future__ import annotations

import numpy as np

LOWER = 1.0 / 3.0
"""Share of the threshold at which the outline is looked at again."""
MOST_GROWTH = 2.0
"""Times as many pixels there as at the threshold, from which on it is not trusted."""
LEAST_PIXELS = 100
"""At the lower threshold; fewer are specks."""


def threshold_warning(probability: np.ndarray, threshold: float) -> str | None:
    """One sentence where a photo's outline, probability (h, w), hangs on the threshold; None elsewhere.

    Where a network knows what it sees, few pixels lie between a third of the threshold and the threshold itself.
    Where it is unsure, the crack is drawn in probabilities below the threshold, and much of it is missed.
    """
    lower = LOWER * threshold
    number, at_lower = (int((probability >= np.float32(at)).sum()) for at in (threshold, lower))
    growth = at_lower / max(number, 1)
    if at_lower < LEAST_PIXELS or growth <= MOST_GROWTH:
        return None
    much = "cracks appear" if not number else f"{growth:.1f} times as many pixels are crack"
    return (
        f"the threshold {threshold:.2g} cannot be trusted here, cracks may be missed: at {lower:.2g} {much}; "
        "choose it by eye, or adapt the model"
    )
