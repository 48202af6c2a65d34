"""Small questions that have arrived together are answered together, since most of one answer is done once for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fieldwright.serving.cost import Cost
from fieldwright.serving.fields.query import Query
from fieldwright.serving.limits import BATCH_OPERATIONS
from fieldwright.surrogates.fields.prediction import Band, Prediction


@dataclass(frozen=True, eq=False)
class Waiting:
    """A query, what it costs, what answers it, and where its answer goes."""

    query: Query
    cost: Cost
    predict: Callable[[Query], Prediction]
    answer: asyncio.Future[Prediction]


class Batcher:
    """Answers in the event loop all queries that it has read by then; no query waits for another to arrive.

    The answer to a query does not depend on the queries beside it (see `PreparedPosterior`), only its cost does.
    """

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []

    async def predict(self, query: Query, cost: Cost, predict: Callable[[Query], Prediction]) -> Prediction:
        """The answer to the query, by a function that is the same for all of one model; raises QueryError."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Prediction] = loop.create_future()
        if not self._waiting:
            # Behind all requests that have arrived and are about to be read.
            loop.call_soon(self._answer_all)
        self._waiting.append(Waiting(query, cost, predict, answer))
        return await answer

    def _answer_all(self) -> None:
        """Answers a batch of those that ask for the same, and lets others have their turn before the next."""
        first = self._waiting[0]
        batch: list[Waiting] = []
        operations = 0.0
        for one in self._waiting:
            if batch and (not _alike(one.query, first.query) or operations > BATCH_OPERATIONS):
                continue
            batch.append(one)
            operations += one.cost.operations
        self._waiting = [one for one in self._waiting if one not in batch]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_all)
        self._answer(batch)

    def _answer(self, batch: list[Waiting]) -> None:
        if len(batch) > 1:
            try:
                together = batch[0].predict(
                    replace(batch[0].query, x=np.concatenate([one.query.x for one in batch]))
                )
            except Exception:
                # One of them is to blame: each is answered by itself.
                for one in batch:
                    self._answer([one])
                return
            ends = np.cumsum([len(one.query.x) for one in batch]).tolist()
            for one, end in zip(batch, ends, strict=True):
                if not one.answer.done():
                    one.answer.set_result(_part(together, slice(end - len(one.query.x), end)))
            return
        (one,) = batch
        if one.answer.done():  # the client has gone
            return
        try:
            one.answer.set_result(one.predict(one.query))
        except Exception as error:
            one.answer.set_exception(error)


def _alike(one: Query, other: Query) -> bool:
    """Whether two queries ask for the same, of other parameters."""
    return one is other or (
        one.history is None
        and other.history is None
        and (one.fields, one.quantities, one.times, one.simultaneous, one.refuse_outside)
        == (other.fields, other.quantities, other.times, other.simultaneous, other.refuse_outside)
    )


def _part(prediction: Prediction, rows: slice) -> Prediction:
    """The answer to some of the queries."""

    def bands(parts: dict[str, Band]) -> dict[str, Band]:
        return {
            name: Band(band.mean[rows], band.std[rows], band.lower[rows], band.upper[rows])
            for name, band in parts.items()
        }

    return replace(
        prediction,
        fields=bands(prediction.fields),
        quantities=bands(prediction.quantities),
        inside=prediction.inside[rows],
        outside=prediction.outside[rows],
        why=prediction.why[rows],
    )
