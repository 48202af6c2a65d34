"""A request that is refused with a status of its own, before it is looked at as a query."""

from __future__ import annotations

from fieldwright.data.errors import QueryError


class Refused(QueryError):
    """status: the HTTP status; headers: what HTTP wants beside it, such as Allow."""

    def __init__(
        self, status: int, must: str, got: str, do: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(must, got, do)
        self.status = status
        self.headers = headers or {}
