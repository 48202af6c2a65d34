"""A request that is refused with a status of its own, before it is looked at as a query."""

from __future__ import annotations

from fieldwright.data.errors import QueryError

NO_MODEL, QUEUE_FULL, FOREIGN_PAGE, CLIENT_GONE, OTHER_REASON = (
    "no_model",
    "queue_full",
    "foreign_page",
    "client_gone",
    "other",
)
REASONS = {
    400: "malformed",
    401: "no_key",
    403: "not_allowed",
    404: "unknown_path",
    405: "wrong_method",
    406: "no_such_form",
    408: "slow",
    409: "not_done",
    413: "too_large",
    415: "media_type",
    421: "foreign_name",
    422: "query",
    429: "rate",
    431: "headers_too_large",
    500: "defect",
    503: QUEUE_FULL,
    504: "no_answer_in_time",
    507: "no_room",
}
"""Why requests of a status are refused, in a word for Prometheus and logs, where nothing closer is known."""
ALL_REASONS = (*REASONS.values(), NO_MODEL, FOREIGN_PAGE, CLIENT_GONE, OTHER_REASON)


class Refused(QueryError):
    """status: the HTTP status; headers: what HTTP wants beside it, such as Allow; reason: one of ALL_REASONS, by the
    status if left out."""

    def __init__(
        self,
        status: int,
        must: str,
        got: str,
        do: str,
        headers: dict[str, str] | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(must, got, do)
        self.status = status
        self.headers = headers or {}
        self.reason = reason
