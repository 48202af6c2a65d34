"""How requests to models of photos are answered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from starlette.responses import Response

from fieldwright.serving.exchange import Exchange
from fieldwright.serving.photos.intake import SentPhotos, read_photos
from fieldwright.serving.photos.replies import PhotoReply, PhotoRoute
from fieldwright.serving.photos.served_classifier import CLASSIFY, EXPLAIN, ServedClassifier
from fieldwright.serving.photos.served_segmenter import SEGMENT, ServedSegmenter
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


async def _of_photos(
    served: ServedModel,
    exchange: Exchange,
    route: PhotoRoute,
    answer: Callable[[SentPhotos], list[PhotoReply]],
) -> Response:
    """Photos take long to decode, let alone to answer: all of it happens in a thread."""
    sent = await read_photos(exchange.request, route.options)
    form = route.form(exchange.request, sent.options)

    def work() -> bytes:
        replies = answer(sent)
        exchange.count(np.array([reply.about["inside"] for reply in replies]))
        return form.written({"model": served.model, "version": served.version}, replies)

    return Response(await exchange.in_thread(work), media_type=form.media_type)
