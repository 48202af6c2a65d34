"""The phrases of which the endpoint's error sentences are made."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

import orjson

from fieldwright.data.errors import QueryError

LONGEST = 60


def quoted(value: Any) -> str:
    """The client's own value as JSON, cut to a length that a sentence can bear."""
    if isinstance(value, float) and not math.isfinite(value):
        return "infinity" if math.isinf(value) else "NaN"
    text = orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def listed(names: Iterable[str]) -> str:
    """'a', 'b' and 'c'; nothing where there are none."""
    quoted_names = [f"'{name}'" for name in names]
    if not quoted_names:
        return "nothing"
    *most, last = quoted_names
    return f"{', '.join(most)} and {last}" if most else last


def nearest(name: Any, names: Iterable[str]) -> str:
    """Points to the valid name that is nearest, or lists them all where none is near."""
    names = list(names)
    if not names:
        return "Leave it out"
    near = get_close_matches(name, names, n=1, cutoff=0.5) if isinstance(name, str) else []
    return f"Perhaps '{near[0]}' was meant" if near else f"Choose from {listed(names)}"


def unknown_key(key: str, names: Collection[str], place: str) -> QueryError:
    """What is said of a key that is none of the names; place: what such keys are called."""
    return QueryError(f"{place} must be among {listed(names)}", quoted(key), nearest(key, names))
