"""The client that waits for each answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import count
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx
import numpy as np

from fieldwright.library.client.answers import (
    EndpointGradients,
    EndpointPrediction,
    EndpointSolution,
)
from fieldwright.library.client.failures import EndpointUnavailable, unreachable
from fieldwright.library.client.photo_client import PhotoClient
from fieldwright.library.client.question import (
    Parameters,
    PreparedQuestion,
    Steps,
)
from fieldwright.library.client.retries import Retries
from fieldwright.library.client.steps import EndpointSteps, read_reply

Answer = TypeVar("Answer")
Band = Literal["pointwise", "simultaneous"]
Outside = Literal["answer", "refuse"]
Quantities = Sequence[str | Mapping[str, Any]]


class Client(PhotoClient):
    """Asks an endpoint, and waits for its answers.

    A question that finds the endpoint busy (429, 503) or gone is asked again, after the time that the endpoint names
    or longer and longer ones. Every failure is an `EndpointError`, a `FieldwrightError` with the endpoint's own
    sentence. Use it in a `with` statement, or call `close`.

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
        self._http = httpx.Client(
            base_url=url, headers=authorization(key), timeout=timeout, trust_env=False, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def predict(
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
        """Asks for means, spreads and calibrated bands of quantities and fields.

        Parameters
        ----------
        parameters
            Named numbers, a list of such, or a pandas table with a row for each query.
        fields
            Names of fields to answer in full.
        quantities
            Numbers read off fields, as texts such as "max(temperature)", or as mappings of "what", "field",
            "component" and "at"; if left out, maximum, minimum and mean of every field.
        times
            Times to answer at; if left out, those of the training.
        band
            "pointwise", each value covered by itself, or "simultaneous", all values of a field together.
        outside
            "answer", or "refuse" to have queries outside the domain of the training runs refused.
        units
            Units of the parameters as you mean them; another than the study's is refused.
        outline
            Corners of a shape, for a model of shapes, or a list of such.
        distance
            Signed distance on the grid of a model of shapes, in place of an outline.

        Returns
        -------
        EndpointPrediction
        """
        return self._run(
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

    def forecast(
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
        """Asks a model that forecasts how measured first times go on.

        Parameters
        ----------
        history
            For each field the measured values, ([queries,] times, points, components).
        history_times
            The times of these values.
        parameters
            As in `predict`; left out for a model that has none.
        fields
            As in `predict`.
        quantities
            As in `predict`.
        times
            As in `predict`.
        band
            As in `predict`.
        outside
            As in `predict`.
        units
            As in `predict`.

        Returns
        -------
        EndpointPrediction
        """
        return self._run(
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

    def gradients(
        self,
        parameters: Parameters,
        *,
        fields: Sequence[str] | None = None,
        quantities: Quantities | None = None,
        units: Mapping[str, str] | None = None,
    ) -> EndpointGradients:
        """Asks how means change with each parameter.

        Parameters
        ----------
        parameters
            As in `predict`.
        fields
            As in `predict`.
        quantities
            As in `predict`.
        units
            As in `predict`.

        Returns
        -------
        EndpointGradients
        """
        return self._run(self._steps.gradients(parameters, fields=fields, quantities=quantities, units=units))

    def solve(
        self,
        points: Sequence[Sequence[float]] | np.ndarray,
        parameters: Parameters | None = None,
        *,
        derivatives: Sequence[str] | None = None,
        outside: Outside | None = None,
        units: Mapping[str, str] | None = None,
    ) -> EndpointSolution:
        """Asks for the solution of an equation at points.

        Parameters
        ----------
        points
            Coordinates of each point, in the order that `models` tells.
        parameters
            The coefficients that are varied: named numbers for all points, or a list or table with a row for each.
        derivatives
            Names such as "u_x": an output, "_", and coordinates or parameters side by side.
        outside
            "refuse" points outside the domain, or "answer" them all the same.
        units
            As in `predict`.

        Returns
        -------
        EndpointSolution
        """
        return self._run(
            self._steps.solve(points, parameters, derivatives=derivatives, outside=outside, units=units)
        )

    def models(self) -> list[dict[str, Any]]:
        """Asks what is served.

        Returns
        -------
        list of dict
            For each model its name, version, parameters, fields and errors, as `GET /models` tells them.
        """
        return self._run(self._steps.models())

    def ready(self) -> bool:
        """Asks whether a model is loaded, once.

        Returns
        -------
        bool
            False also where no endpoint can be reached.
        """
        try:
            return self._run(self._steps.ready(), Retries(0))
        except EndpointUnavailable:
            return False

    def _run(self, steps: Steps[Answer], retries: Retries | None = None) -> Answer:
        """Asks the questions one after the other; raises EndpointError."""
        answer: Any = None
        while True:
            try:
                question = steps.send(answer)
            except StopIteration as end:
                return end.value
            answer = read_reply(question, self._reply(question, retries or self._retries))

    def _reply(self, question: PreparedQuestion, retries: Retries) -> httpx.Response:
        for attempt in count():
            try:
                reply: httpx.Response | httpx.TransportError = self._http.request(
                    question.method, question.path, headers={"Accept": question.accept}, **question.body
                )
            except httpx.TransportError as error:
                reply = error
            wait = retries.wait(attempt, reply)
            if wait is None:
                if isinstance(reply, httpx.TransportError):
                    raise unreachable(self._http.base_url, reply) from reply
                return reply
            time.sleep(wait)
        raise AssertionError("it is asked a finite number of times")


def authorization(key: str | None) -> dict[str, str]:
    """The header by which an API key is sent."""
    return {"Authorization": f"Bearer {key}"} if key else {}
