"""Values of files that are kept while runs are read, and let go when all of them are."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_CLEAR: list[Callable[[], None]] = []


def kept_while_reading(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Has a function of a module keep its last results, `most` of them, until `let_go`."""

    def keeping(function: Callable[P, T]) -> Callable[P, T]:
        cached = lru_cache(maxsize=most)(function)
        _CLEAR.append(cached.cache_clear)
        return cached  # pyright: ignore[reportReturnType]  (it takes what the function takes)

    return keeping


def let_go() -> None:
    """Forgets all that this process has kept: a pipeline that has read its runs must not hold the last of them."""
    for clear in _CLEAR:
        clear()
