"""Answers as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from fieldwright.serving.forms.reply import Reply

LARGE = 4096
"""Values of an array from which on it is written piece by piece: orjson lets no other request pass during a call."""


def write_json(reply: Reply) -> bytes:
    """The header as a document, with the arrays in their places."""
    document = _copied(reply.header)
    for keys, array in reply.arrays.items():
        parent = document
        for key in keys[:-1]:
            parent = parent[key]
        parent[keys[-1]] = array if array.size < LARGE else _fragment(array)
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY, default=np.ascontiguousarray)


def _copied(header: dict[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, dict) else value for key, value in header.items()}


def _fragment(array: np.ndarray) -> orjson.Fragment:
    option = orjson.OPT_SERIALIZE_NUMPY
    rows = array if array.ndim > 1 else np.array_split(array, -(-array.size // LARGE))
    texts = [orjson.dumps(np.ascontiguousarray(row), option=option) for row in rows]
    return orjson.Fragment(b"[%b]" % b",".join(text if array.ndim > 1 else text[1:-1] for text in texts))
