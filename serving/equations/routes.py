"""How requests to the solution of an equation are answered."""

from __future__ import annotations

from starlette.responses import Response

from fieldwright.serving.body import decode, read_body
from fieldwright.serving.equations.answer import solution_reply
from fieldwright.serving.equations.served_solution import ServedSolution
from fieldwright.serving.exchange import Exchange
from fieldwright.serving.forms.accept import TABLES, WRITERS, accepted_type, form_response


async def solve_route(served: ServedSolution, exchange: Exchange) -> Response:
    """Answers what the solution of an equation is at points, and its derivatives."""
    media_type = accepted_type(exchange.request, TABLES)
    body = await read_body(exchange.request)

    def work() -> bytes:
        query = served.read(decode(body))
        answer = served.solve(query)
        exchange.observation.inside = answer.inside
        return WRITERS[media_type](solution_reply(served, query, answer))

    return form_response(await exchange.in_thread(work), media_type)
