"""How requests to models of photos are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import orjson
from starlette.responses import Response

from fieldwright.serving.exchange import Exchange
from fieldwright.serving.forms.accept import accepted_type, form_response
from fieldwright.serving.photos.intake import SentForm, read_form
from fieldwright.serving.photos.interface import CLASSIFY, COMPARE, EXPLAIN, MEASURE, SEGMENT, PhotoRoute
from fieldwright.serving.photos.limits import MAX_OPERATIONS
from fieldwright.serving.photos.pixels import refuse_costly
from fieldwright.serving.photos.progress import Progress
from fieldwright.serving.photos.replies import Answered, PhotoForm
from fieldwright.serving.served_model import ServedModel


class PhotoModel(ServedModel, Protocol):
    """A served model that answers questions about photos."""

    def operations(self, route: PhotoRoute, form: SentForm, options: Any) -> float:
        """Of its networks for an answer; raises QueryError and PhotoError."""
        ...

    def answer(
        self,
        route: PhotoRoute,
        form: SentForm,
        options: Any,
        pictures: Sequence[str],
        progress: Progress | None = None,
        cores: int = 1,
    ) -> Answered:
        """What it answers on a route, and these pictures alone; raises QueryError and PhotoError.

        cores: that it may take.
        """
        ...


async def classify_route(served: PhotoModel, exchange: Exchange) -> Response:
    """Answers whether photos show a crack."""
    return await _answered(served, exchange, CLASSIFY)


async def explain_route(served: PhotoModel, exchange: Exchange) -> Response:
    """Answers where the photos show what the classifier goes by."""
    return await _answered(served, exchange, EXPLAIN)


async def segment_route(served: PhotoModel, exchange: Exchange) -> Response:
    """Answers where photos show cracks, and how long and wide they are."""
    return await _answered(served, exchange, SEGMENT)


async def measure_route(served: PhotoModel, exchange: Exchange) -> Response:
    """Answers how long and wide the cracks of a mask are."""
    return await _answered(served, exchange, MEASURE)


async def compare_route(served: PhotoModel, exchange: Exchange) -> Response:
    """Answers how much cracks have grown between two photos."""
    return await _answered(served, exchange, COMPARE)


async def _answered(served: PhotoModel, exchange: Exchange, route: PhotoRoute) -> Response:
    """Photos take long to decode, let alone to answer: all of it happens in a thread."""
    media_type = accepted_type(exchange.request, route.media_types)
    form = await read_form(exchange.request, route.files)
    options = route.reader.read(form.options)
    choices = (getattr(options, name, None) for name in ("picture", "pictures"))
    reply_form = PhotoForm.of(media_type, next(choices), route.pictures, next(choices))

    def work() -> bytes:
        operations = served.operations(route, form, options)
        refuse_costly(operations, sum(map(len, form.files.values())), MAX_OPERATIONS, served.device)
        document, pictures = served.answer(route, form, options, reply_form.needs)
        if form.photos:
            exchange.observation.inside = np.array([about["inside"] for about in document["photos"]])
        content = orjson.dumps({"model": served.model, "version": served.version} | document)
        return reply_form.body(content, pictures, len(form.photos))

    return form_response(await exchange.in_thread(work), media_type)
