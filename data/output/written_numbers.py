"""Numbers as one writes them."""

from __future__ import annotations


def number_text(value: float, digits: int = 10) -> str:
    """A number as one writes it: 250, 0.04, 2.5e-5."""
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0.0 or 1e-3 <= abs(rounded) < 1e5:
        return f"{rounded:.10g}"
    mantissa, exponent = f"{rounded:.9e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
