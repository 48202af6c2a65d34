"""How a command imports its libraries: without looking for garbage among what stays until it ends."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

OBJECTS = 50_000
"""More objects than there were, at which Python looks for cycles that nobody holds; 700 by itself."""


@contextmanager
def quick_imports() -> Iterator[None]:
    """Imports within the block; what they leave is never looked through again, and later objects more seldom.

    An import makes some hundred thousand objects that all stay: to look through them takes an eighth of a short run.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS)
        gc.enable()
