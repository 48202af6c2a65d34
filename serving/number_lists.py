"""Nested lists of numbers in a request."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError


def numbers_in(given: Any, must: str) -> np.ndarray:
    """Nested lists of numbers of equal lengths as float64; raises QueryError for anything else."""
    try:
        numbers = np.array(given)
    except ValueError:
        numbers = np.array(None)
    # JSON has no NaN: what stands for it, null or a text, makes no array of numbers.
    if numbers.dtype.kind not in "iuf" or not numbers.ndim:
        raise QueryError(must, "something else than numbers in lists of equal lengths", "Send plain numbers")
    return numbers.astype(np.float64)
