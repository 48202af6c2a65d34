"""The client for programs that do other things while they wait."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import numpy as np

from fieldwright.library.client.answers import (
    EndpointGradients,
    EndpointPrediction,
    EndpointSolution,
)
from fieldwright.library.client.async_photo_client import AsyncPhotoClient, documented_as
from fieldwright.library.client.client import Band, Client, Outside, Quantities, authorization
from fieldwright.library.client.failures import EndpointUnavailable, unreachable
from fieldwright.library.client.question import Parameters, PreparedQuestion, Steps
from fieldwright.library.client.retries import Retries
from fieldwright.library.client.steps import EndpointSteps, read_reply

Answer = TypeVar("Answer")


class AsyncClient(AsyncPhotoClient):
    """Asks an endpoint as `Client` does, without holding up the event loop.

    Its methods are those of `Client`, to be awaited; questions may be under way side by side. Use it in an
    `async with` statement, or await `close`.

    Parameters
    ----------
    url
        Where the endpoint is, such as "http://127.0.0.1:3000".
    key
        API key, for an endpoint that asks for one.
    model
        Which model to ask, of an endpoint that serves several.
    timeout
        Seconds that one answer may take.
    retries
        How often a question is asked again.
    """

    def __init__(
        self, url: str, key: str | None = None, *, model: str = "", timeout: float = 300.0, retries: int = 6
    ) -> None:
        self._steps = EndpointSteps(model)
        self._retries = Retries(retries)
        self._http = httpx.AsyncClient(
            base_url=url, headers=authorization(key), timeout=timeout, trust_env=False, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @documented_as(Client.close)
    async def close(self) -> None:
        await self._http.aclose()

    @documented_as(Client.predict)
    async def predict(
        self,
        parameters: Parameters | None = None,
        *,
        fields: Sequence[str] | None = None,
        quantities: Quantities | None = None,
        times: Sequence[float] | np.ndarray | None = None,
        band: Band | None = None,
        outside: Outside | None = None,
        units: Mapping[str, str] | None = None,
        outline: Sequence[Any] | np.ndarray | None = None,
        distance: Sequence[Any] | np.ndarray | None = None,
    ) -> EndpointPrediction:
        return await self._run(
            self._steps.predict(
                parameters,
                fields=fields,
                quantities=quantities,
                times=times,
                band=band,
                outside=outside,
                units=units,
                outline=outline,
                distance=distance,
            )
        )

    @documented_as(Client.forecast)
    async def forecast(
        self,
        history: Mapping[str, Any],
        history_times: Sequence[float] | np.ndarray,
        parameters: Parameters | None = None,
        *,
        fields: Sequence[str] | None = None,
        quantities: Quantities | None = None,
        times: Sequence[float] | np.ndarray | None = None,
        band: Band | None = None,
        outside: Outside | None = None,
        units: Mapping[str, str] | None = None,
    ) -> EndpointPrediction:
        return await self._run(
            self._steps.predict(
                parameters,
                fields=fields,
                quantities=quantities,
                times=times,
                band=band,
                outside=outside,
                units=units,
                history={"times": history_times, "fields": history},
            )
        )

    @documented_as(Client.gradients)
    async def gradients(
        self,
        parameters: Parameters,
        *,
        fields: Sequence[str] | None = None,
        quantities: Quantities | None = None,
        units: Mapping[str, str] | None = None,
    ) -> EndpointGradients:
        return await self._run(
            self._steps.gradients(parameters, fields=fields, quantities=quantities, units=units)
        )

    @documented_as(Client.solve)
    async def solve(
        self,
        points: Sequence[Sequence[float]] | np.ndarray,
        parameters: Parameters | None = None,
        *,
        derivatives: Sequence[str] | None = None,
        outside: Outside | None = None,
        units: Mapping[str, str] | None = None,
    ) -> EndpointSolution:
        return await self._run(
            self._steps.solve(points, parameters, derivatives=derivatives, outside=outside, units=units)
        )

    @documented_as(Client.models)
    async def models(self) -> list[dict[str, Any]]:
        return await self._run(self._steps.models())

    @documented_as(Client.ready)
    async def ready(self) -> bool:
        try:
            return await self._run(self._steps.ready(), Retries(0))
        except EndpointUnavailable:
            return False

    async def _run(self, steps: Steps[Answer], retries: Retries | None = None) -> Answer:
        """Asks the questions one after the other; raises EndpointError."""
        answer: Any = None
        while True:
            try:
                question = steps.send(answer)
            except StopIteration as end:
                return end.value
            answer = read_reply(question, await self._reply(question, retries or self._retries))

    async def _reply(self, question: PreparedQuestion, retries: Retries) -> httpx.Response:
        for attempt in count():
            try:
                reply: httpx.Response | httpx.TransportError = await self._http.request(
                    question.method, question.path, headers={"Accept": question.accept}, **question.body
                )
            except httpx.TransportError as error:
                reply = error
            wait = retries.wait(attempt, reply)
            if wait is None:
                if isinstance(reply, httpx.TransportError):
                    raise unreachable(self._http.base_url, reply) from reply
                return reply
            await asyncio.sleep(wait)
        raise AssertionError("it is asked a finite number of times")
