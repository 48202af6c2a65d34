"""Numbers as one writes them."""

from __future__ import annotations

import math
import re


def number_text(value: float, digits: int = 10) -> str:
    """A number as one writes it: 250, 0.04, 2.5e-5."""
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0.0 or 1e-3 <= abs(rounded) < 1e5:
        return f"{rounded:.10g}"
    mantissa, exponent = f"{rounded:.9e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 3: "k", 6: "M", 9: "G", 12: "T"}
"""Of the International System of Units, by their power of ten."""
PREFIXED = re.compile(r"(?P<symbol>Pa|N|J|W|V|A|Hz|m|s|K|g)(?![\w²³^])")
"""A unit at whose beginning a prefix may stand: that of a power, such as m2, would be taken for another."""
ONLY_SMALL = ("m", "s", "K", "g")
"""Units of which large multiples are not written by a prefix in the trade, such as kilokelvin."""
PLAIN = 1e-2, 1e4
"""Between these a number is written as it is."""


def engineering_exponent(largest: float) -> int:
    """The power of ten, a multiple of three, by which numbers up to `largest` are divided to be read easily."""
    if largest == 0.0 or not math.isfinite(largest) or PLAIN[0] <= largest < PLAIN[1]:
        return 0
    return 3 * math.floor(math.log10(largest) / 3.0)


def scaled_unit(unit: str, exponent: int) -> str:
    """The unit of numbers that were divided by 10^exponent: "MPa" for "Pa" and 6, "10⁶ m2" where no prefix fits."""
    if exponent == 0:
        return unit
    match = PREFIXED.match(unit)
    if match and exponent in PREFIXES and not (exponent > 0 and match["symbol"] in ONLY_SMALL):
        return PREFIXES[exponent] + unit
    return f"{power_of_ten(exponent)} {unit}".rstrip()


def power_of_ten(exponent: int) -> str:
    """Such as "10⁻⁶"."""
    return f"10{str(exponent).translate(SUPERSCRIPTS)}"


def log_tick_text(value: float) -> str:
    """A number of a logarithmic axis: 0.05, 20, 10⁻⁶, 3·10⁷."""
    if value <= 0.0 or PLAIN[0] <= value <= PLAIN[1]:
        return number_text(value)
    mantissa, exponent = f"{value:.4e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return power_of_ten(int(exponent)) if mantissa == "1" else f"{mantissa}·{power_of_ten(int(exponent))}"
