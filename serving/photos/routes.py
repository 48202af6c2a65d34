"""How requests to models of photos are answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from starlette.responses import Response

from fieldwright.serving.exchange import Exchange
from fieldwright.serving.forms.accept import accepted_type, form_response
from fieldwright.serving.photos.intake import SentForm, SentPhoto, read_form
from fieldwright.serving.photos.interface import CLASSIFY, COMPARE, EXPLAIN, MEASURE, SEGMENT, PhotoRoute
from fieldwright.serving.photos.replies import PhotoForm, PhotoReply
from fieldwright.serving.photos.served_classifier import ServedClassifier
from fieldwright.serving.photos.served_segmenter import ServedSegmenter
from fieldwright.serving.served_model import ServedModel


async def classify_route(served: ServedClassifier, exchange: Exchange) -> Response:
    """Answers whether photos show a crack."""
    return await _of_photos(served, exchange, CLASSIFY, served.classify)


async def explain_route(served: ServedClassifier, exchange: Exchange) -> Response:
    """Answers where the photos show what the classifier goes by."""
    return await _of_photos(served, exchange, EXPLAIN, served.explain)


async def segment_route(served: ServedSegmenter, exchange: Exchange) -> Response:
    """Answers where photos show cracks, and how long and wide they are."""
    return await _of_photos(served, exchange, SEGMENT, served.segment)


async def measure_route(served: ServedSegmenter, exchange: Exchange) -> Response:
    """Answers how long and wide the cracks of a mask are."""

    def answer(form: SentForm, options: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"photos": [served.measure(form, options)]}, {}

    return await _of_form(served, exchange, MEASURE, answer)


async def compare_route(served: ServedSegmenter, exchange: Exchange) -> Response:
    """Answers how much cracks have grown between two photos."""
    return await _of_form(served, exchange, COMPARE, served.compare)


async def _of_photos(
    served: ServedModel,
    exchange: Exchange,
    route: PhotoRoute,
    answer: Callable[[Sequence[SentPhoto], Any], list[PhotoReply]],
) -> Response:
    def reply(form: SentForm, options: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        replies = answer(form.photos, options)
        exchange.observation.inside = np.array([reply.about["inside"] for reply in replies])
        pictures = {
            f"{count}_{name}": picture
            for count, reply in enumerate(replies)
            for name, picture in reply.pictures.items()
        }
        return {"photos": [reply.about for reply in replies]}, pictures

    return await _of_form(served, exchange, route, reply)


async def _of_form(
    served: ServedModel,
    exchange: Exchange,
    route: PhotoRoute,
    answer: Callable[[SentForm, Any], tuple[dict[str, Any], dict[str, np.ndarray]]],
) -> Response:
    """Photos take long to decode, let alone to answer: all of it happens in a thread."""
    media_type = accepted_type(exchange.request, route.media_types)
    sent = await read_form(exchange.request, route.files)
    options = route.reader.read(sent.options)
    form = PhotoForm.of(media_type, getattr(options, "picture", None), route.pictures)

    def work() -> bytes:
        document, pictures = answer(sent, options)
        header = {"model": served.model, "version": served.version}
        return form.body(header | document, pictures, len(sent.photos))

    return form_response(await exchange.in_thread(work), media_type)
