"""Text of .frd files whose numbers are wider than their columns, or fill them.

Microsoft's libraries write three digits of an exponent, so that negative numbers need 13 characters and take the
blank from their neighbours; numbers of nodes may fill their columns. A real number has one digit before its point.
"""

from __future__ import annotations

import re

import numpy as np

from fieldwright.data.formats.parsing.text.number_text import parse_numbers

_MARK = re.compile(rb"^ -[12]", re.M)
_REAL = re.compile(rb"[-+]?\d\.\d+(?:[EeDd][-+]\d{2,3}(?=\s|[-+]|\d\.|\Z)|[-+]\d{3}(?=\s|[-+]|\d\.|\Z))")
_MICROSOFT = re.compile(rb"[-+]?1\.#(?:QNAN|SNAN|INF|IND)0*(?:[Ee][-+]\d{3})?")
_NODES_A_LINE = {5: 15, 10: 10}


def wide_records(text: bytes, count: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Node numbers (count,) and values (count, width) of records that do not keep to their columns.

    Raises ValueError where the count differs or a node has no integer number.
    """
    spaced = _MARK.sub(b"   ", text)
    for pattern in (_REAL, _MICROSOFT):
        spaced = pattern.sub(rb" \g<0> ", spaced)
    values = parse_numbers(spaced, count=count * (1 + width))
    if len(values) != count * (1 + width):
        raise ValueError(f"{len(values)} of {count * (1 + width)} numbers")
    table = values.reshape(count, 1 + width)
    nodes = table[:, 0].astype(np.int64)
    if not np.array_equal(nodes, table[:, 0]):
        raise ValueError("a node without a whole number")
    return nodes, table[:, 1:]


def glued_elements(text: bytes, digits: int) -> np.ndarray:
    """The whole numbers of element records by their columns, -1 in front of each element as in `FrdFile`."""
    words: list[int] = []
    for line in text.splitlines():
        mark, columns = line[:3], line[3:].rstrip()
        if mark == b" -1":
            widths = [digits, 5, 5, 5]
            words.append(-1)
        else:
            widths = [digits] * _NODES_A_LINE[digits]
        position = 0
        for width in widths:
            if columns[position : position + width].strip():
                words.append(int(columns[position : position + width]))
            position += width
    return np.array(words, dtype=np.int64)
