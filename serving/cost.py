"""What a request costs: counted from what it asks for, never timed, so that it is the same on a busy machine."""

from __future__ import annotations

from dataclasses import dataclass

from fieldwright.data.errors import QueryError
from fieldwright.serving.limits import INLINE_OPERATIONS, MAX_OPERATIONS, MAX_VALUES, SMALL_OPERATIONS


@dataclass(frozen=True)
class Cost:
    """operations: with single numbers, of about a nanosecond each. values: numbers of the answer per statistic."""

    operations: float
    values: int = 0

    @property
    def inline(self) -> bool:
        """Whether it is answered in the event loop, before others could notice."""
        return self.operations <= INLINE_OPERATIONS

    @property
    def small(self) -> bool:
        """Whether it may wait in one line with other small ones."""
        return self.operations <= SMALL_OPERATIONS

    def check(self, request: str, remedy: str) -> None:
        """Raises QueryError where one request may not cost so much; request: what it asks for."""
        if self.values > MAX_VALUES:
            raise QueryError(
                f"One answer may hold at most {MAX_VALUES} values, times counted",
                f"{request}: {self.values} values",
                remedy,
            )
        if self.operations > MAX_OPERATIONS:
            raise QueryError(
                f"One request may take some {MAX_OPERATIONS:.0e} operations",
                f"{request}: some {self.operations:.1e}",
                remedy,
            )
