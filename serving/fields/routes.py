"""How requests to models of fields are answered, of runs that differ by parameters and of shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from starlette.responses import Response

from fieldwright.serving.body import decode, read_body
from fieldwright.serving.cost import Cost
from fieldwright.serving.exchange import Exchange
from fieldwright.serving.fields.answer import predict, prediction_reply
from fieldwright.serving.fields.gradients_answer import gradients_reply
from fieldwright.serving.fields.histories_answer import histories_reply
from fieldwright.serving.fields.mesh_answer import mesh_reply
from fieldwright.serving.fields.observed import observe
from fieldwright.serving.fields.runs_answer import runs_reply
from fieldwright.serving.fields.sensitivities_answer import sensitivities_reply
from fieldwright.serving.fields.served import Served
from fieldwright.serving.fields.surface_answer import surface_reply
from fieldwright.serving.fields.surface_options import surface_options
from fieldwright.serving.forms.accept import (
    ARROW,
    FIELDS,
    MESH,
    NUMBERS,
    TABLES,
    WRITERS,
    accepted_type,
    form_response,
)
from fieldwright.serving.forms.reply import Reply
from fieldwright.serving.forms.unchanging import Unchanging
from fieldwright.serving.limits import INLINE_BYTES
from fieldwright.serving.shapes.served_shapes import ServedShapes
from fieldwright.surrogates.fields.prediction import Prediction

ANSWER_BYTES, MOST_ANSWERS = 2**24, 12
"""The size and the number of answers that a version alone decides on and that are kept in memory."""


async def predict_route(served: Served | ServedShapes, exchange: Exchange) -> Response:
    """Answers one request; large or slow ones in a thread, so that others go on being answered."""
    media_type = accepted_type(exchange.request, FIELDS)
    body = await read_body(exchange.request)

    def written(query: Any, prediction: Prediction) -> bytes:
        observe(exchange.observation, served, query, prediction)
        return WRITERS[media_type](prediction_reply(served, query, prediction))

    def answer(query: Any) -> bytes:
        return written(query, predict(served, query))

    if len(body) > INLINE_BYTES:
        content = await exchange.in_thread(lambda: answer(served.read(decode(body))))
    else:
        query: Any = served.read(decode(body))
        cost: Cost = served.cost(query)
        if media_type == ARROW:
            # The first answer imports pyarrow, which takes long.
            content = await exchange.in_thread(lambda: answer(query), cost.small)
        elif cost.inline and isinstance(served, Served):
            content = written(
                query, await served.batcher.predict(query, cost, lambda one: predict(served, one))
            )
        elif cost.inline:
            content = answer(query)
        else:
            content = await exchange.in_thread(lambda: answer(query), cost.small)
    return form_response(content, media_type)


async def gradients_route(served: Served, exchange: Exchange) -> Response:
    """Answers how quantities and fields change with the parameters."""
    media_type = accepted_type(exchange.request, TABLES)
    body = await read_body(exchange.request)

    def answer() -> bytes:
        return WRITERS[media_type](gradients_reply(served, served.read_gradients(decode(body))))

    return form_response(await exchange.in_thread(answer), media_type)


async def mesh_route(served: Served | ServedShapes, exchange: Exchange) -> Response:
    """Where the values of a field lie."""
    field = exchange.request.path_params["field"]
    return await _unchanging(served, exchange, MESH, lambda: mesh_reply(served, field))


async def surface_route(served: Served | ServedShapes, exchange: Exchange) -> Response:
    """What is seen of a field's mesh."""
    field, options = exchange.request.path_params["field"], surface_options(exchange.request)
    return await _unchanging(served, exchange, NUMBERS, lambda: surface_reply(served, field, options))


async def runs_route(served: Served, exchange: Exchange) -> Response:
    """What the model was trained on."""
    return await _unchanging(served, exchange, TABLES, lambda: runs_reply(served))


async def histories_route(served: Served, exchange: Exchange) -> Response:
    """What a forecast goes on from, by examples."""
    return await _unchanging(served, exchange, NUMBERS, lambda: histories_reply(served))


_answers: WeakKeyDictionary[Any, dict[tuple[str, str], Unchanging]] = WeakKeyDictionary()
"""By served version, and by address and form, what was answered of late and is not large."""


async def _unchanging(
    served: Served | ServedShapes, exchange: Exchange, forms: Sequence[str], reply: Callable[[], Reply]
) -> Response:
    """An answer that the version alone decides on."""
    request = exchange.request
    media_type = accepted_type(request, forms)
    answers = _answers.setdefault(served, {})
    key = (f"{request.scope['path']}?{request.url.query}", media_type)
    answer = answers.get(key)
    if answer is None:
        answer = await exchange.in_thread(lambda: Unchanging.of(WRITERS[media_type](reply())))
        assert isinstance(answer, Unchanging)
        if len(answer.content) <= ANSWER_BYTES:
            answers[key] = answer
            while len(answers) > MOST_ANSWERS:
                del answers[next(iter(answers))]
    return answer.response(request, {"Content-Type": media_type, "Vary": "Accept"})


async def sensitivities_route(served: Served, exchange: Exchange) -> Response:
    """Which parameters the quantities depend on."""
    media_type = accepted_type(exchange.request, NUMBERS)
    body = await read_body(exchange.request)

    def answer() -> bytes:
        query = served.reader.read_sensitivities(decode(body))
        return WRITERS[media_type](sensitivities_reply(served, query))

    return form_response(await exchange.in_thread(answer), media_type)
