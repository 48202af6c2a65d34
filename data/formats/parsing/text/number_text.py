"""Numbers as text, however a program spells them: exponents of Fortran, and what is not finite.

A value that is not finite has no common spelling: C writes "-nan(ind)" and "nan(0x8000)", older Microsoft libraries
"1.#QNAN", "-1.#IND00" and "1.#INFe+000", AIX "NaNQ", Fortran "Infinity" or, where a number does not fit into its
field, "****". All of them are numbers here, NaN or infinite, so that the run is rejected as not finite; a damaged
file has words that are no numbers at all.
"""

from __future__ import annotations

import math
import re

import numpy as np

_FINITE = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?"
# Fortran leaves out the letter where an exponent needs three digits: 0.12345-105.
_BARE_EXPONENT = r"([-+]?(?:\d+\.\d*|\.\d+))([-+]\d{3})"
_NOT_FINITE = (
    r"[-+]?(?:"
    r"(?:\d+[.,])?#(?:ind|inf|qnan|snan|nan|in|io|qn|sn|q|j|r)\w*(?:[-+]\d+)?"  # Microsoft, cut short or not
    r"|\d+[.,]\$\w*(?:[-+]\d+)?"  # the same with no digit left
    r"|[qs]?nan(?:[qs]|\(\w*\))?"
    r"|inf(?:inite|inity)?|indeterminate"
    r"|∞|#(?:num|value|ref|null|div/0)!|#name\?"  # spreadsheets
    r")|\*+"
)
_MISSING = r"#?n/a|n\.?a\.?|#nv|<na>|nat|null|none|nil|missing|undef(?:ined)?|-{1,3}|[–—.?]"

_NUMBER = re.compile(_FINITE)
_BARE = re.compile(_BARE_EXPONENT)
_NOT_FINITE_WORD = re.compile(_NOT_FINITE, re.I)
_MISSING_WORD = re.compile(_MISSING, re.I)
_NOT_FINITE_BYTES = re.compile(rb"(?<!\S)(?:" + _NOT_FINITE.encode() + rb")(?!\S)", re.I)
# Glued to a neighbour; a single one may be Fortran's mark of repetition, 3*1.5.
_STARS = re.compile(rb"\*{2,}")
_BARE_BYTES = re.compile(rb"(?<!\S)" + _BARE_EXPONENT.encode() + rb"(?!\S)")
_FORTRAN_LETTER = re.compile(rb"(?<=[\d.])[dD](?=[-+]?\d)")


def number_of(word: str) -> float | None:
    """The number that a word spells, NaN or infinite where it spells that; None where it is no number."""
    word = word.strip()
    if _NUMBER.fullmatch(word):
        return float(word.replace("d", "e").replace("D", "e"))
    bare = _BARE.fullmatch(word)
    if bare:
        return float(f"{bare[1]}e{bare[2]}")
    return _not_finite(word) if _NOT_FINITE_WORD.fullmatch(word) else None


def is_missing(word: str) -> bool:
    """Whether a cell of a table says that there is no value: empty, "n/a", "null", "-", ..."""
    word = word.strip()
    return not word or _MISSING_WORD.fullmatch(word) is not None


def parse_numbers(text: bytes | str, kind: type = np.float64, count: int | None = None) -> np.ndarray:
    """All numbers of a text, separated by blanks; (n,) of the given kind.

    Parameters
    ----------
    kind
        np.float64, np.float32 or np.int64. Whole numbers must be written as such.
    count
        How many there must be, where that is known; the caller checks it. It distinguishes the exponent of
        "0.5-105" from a second number.

    Raises
    ------
    ValueError
        Where a word is no number; the message is that word.
    """
    raw = text.encode() if isinstance(text, str) else bytes(text)
    if not raw.strip():  # for which numpy returns a number of its own
        return np.empty(0, kind)
    values = _parsed(raw, kind)
    if values is not None and (count is None or len(values) == count):
        return values
    if not np.issubdtype(kind, np.integer):
        repaired = _BARE_BYTES.sub(rb"\1e\2", _FORTRAN_LETTER.sub(b"e", raw))
        repaired = _STARS.sub(b" nan ", _NOT_FINITE_BYTES.sub(_respelt, repaired))
        again = _parsed(repaired, kind)
        values = values if again is None else again
    if values is None:
        raise ValueError(_first_wrong(raw, kind))
    return values


def _parsed(text: bytes, kind: type) -> np.ndarray | None:
    # An open bracket after "nan" would hide the numbers that follow from numpy.
    if b"(" in text and re.search(rb"(?i)nan\((?!\w*\))", text):
        return None
    try:
        return np.fromstring(text, dtype=kind, sep=" ")
    except ValueError:
        return None


def _respelt(match: re.Match[bytes]) -> bytes:
    return str(_not_finite(match[0].decode())).encode()


def _not_finite(word: str) -> float:
    lower = word.lower()
    infinite = re.match(r"[-+]?(?:\d+[.,])?#?(?:inf|j|∞)", lower) is not None
    return (-math.inf if lower[0] == "-" else math.inf) if infinite else math.nan


def _first_wrong(text: bytes, kind: type) -> str:
    is_integer = np.issubdtype(kind, np.integer)
    for word in text.decode(errors="replace").split():
        if number_of(word) is None or (is_integer and not re.fullmatch(r"[-+]?\d+", word)):
            return word[:40]
    return text[:40].decode(errors="replace").strip()
