"""Options of a request about photos, from texts to numbers and choices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from fieldwright.data.errors import QueryError
from fieldwright.serving.phrases import listed, nearest, quoted


def number(
    options: Mapping[str, str],
    name: str,
    lowest: float,
    highest: float = math.inf,
    *,
    open_ended: bool = True,
) -> float | None:
    """The option as a number, None where it is not given; raises QueryError outside (lowest, highest).

    open_ended: whether the bounds themselves are excluded.
    """
    if name not in options:
        return None
    try:
        value = float(options[name])
    except ValueError:
        value = math.nan
    inside = lowest < value < highest if open_ended else lowest <= value <= highest
    if not (inside and math.isfinite(value)):
        span = f"above {lowest:g}" if math.isinf(highest) else f"between {lowest:g} and {highest:g}"
        raise QueryError(f"'{name}' must be a number {span}", quoted(options[name]), "Correct it")
    return value


def choice(options: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """The option, one of the choices; the first of them where it is not given. Raises QueryError."""
    value = options.get(name, choices[0])
    if value not in choices:
        raise QueryError(f"'{name}' must be one of {listed(choices)}", quoted(value), nearest(value, choices))
    return value


def switch(options: Mapping[str, str], name: str) -> bool:
    """The option as true or false; false where it is not given. Raises QueryError."""
    return choice(options, name, ("false", "true")) == "true"
