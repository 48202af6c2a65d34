"""How requests to models of fields are answered, of runs that differ by parameters and of shapes."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from fieldwright.serving.body import decode, read_body
from fieldwright.serving.cost import Cost
from fieldwright.serving.exchange import JSON, Exchange
from fieldwright.serving.fields.answer import predict, written
from fieldwright.serving.fields.gradients_reply import gradients_reply
from fieldwright.serving.fields.mesh_reply import mesh_reply
from fieldwright.serving.fields.served import Served
from fieldwright.serving.limits import INLINE_BYTES
from fieldwright.serving.shapes.served_shapes import ServedShapes


async def predict_route(served: Served | ServedShapes, exchange: Exchange) -> Response:
    """Answers one request; large or slow ones in a thread, so that others go on being answered."""
    media_type = exchange.media_type
    body = await read_body(exchange.request)

    def answer(query: Any) -> bytes:
        prediction = predict(served, query)
        exchange.count(prediction.inside)
        return written(served, query, prediction, media_type)

    if len(body) > INLINE_BYTES:
        content = await exchange.in_thread(lambda: answer(served.read(decode(body))))
    else:
        query: Any = served.read(decode(body))
        cost: Cost = served.cost(query)
        if cost.inline:
            content = answer(query)
        else:
            content = await exchange.in_thread(lambda: answer(query), cost.small)
    return Response(content, media_type=media_type)


async def gradients_route(served: Served, exchange: Exchange) -> Response:
    """Answers how quantities and fields change with the parameters."""
    body = await read_body(exchange.request)
    content = await exchange.in_thread(lambda: gradients_reply(served, served.read(decode(body))))
    return Response(content, media_type=JSON)


async def mesh_route(served: Served | ServedShapes, exchange: Exchange) -> Response:
    """Where the values of a field lie."""
    field, media_type = exchange.request.path_params["field"], exchange.media_type
    content = await exchange.in_thread(lambda: mesh_reply(served, field, media_type))
    return Response(content, media_type=media_type)
