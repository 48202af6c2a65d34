"""Answers as NumPy archives."""

from __future__ import annotations

import io

import numpy as np
import orjson

from fieldwright.serving.forms.reply import Reply


def write_npz(reply: Reply) -> bytes:
    """A compact NumPy archive: each array under its keys joined by "/", the header as JSON text in `about`."""
    arrays = {"/".join(keys): array for keys, array in reply.arrays.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, about=np.array(orjson.dumps(reply.header).decode()), **arrays)
    return buffer.getvalue()
