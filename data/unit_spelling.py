"""Units as they are written: evened out in their spelling, never converted."""

from __future__ import annotations

SPELLING = str.maketrans({"²": "2", "³": "3", "⁻": "-", "·": "*", "µ": "u", "μ": "u", "^": "", " ": ""})


def same_unit(one: str, other: str) -> bool:
    """Whether two texts write one unit: "W/m²", "W/m^2" and "W / m**2" are the same."""
    return _spelt(one) == _spelt(other)


def _spelt(unit: str) -> str:
    return unit.translate(SPELLING).replace("**", "")
