"""Asks the challenger what the champion has answered, in a thread of its own: no answer waits for it, or fails."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fieldwright.data.back_off import BackOff
from fieldwright.data.errors import QueryError
from fieldwright.serving.families import load_shelved
from fieldwright.serving.fields.field_form import STATISTICS
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.serving.metrics import Metrics
from fieldwright.serving.observation.prediction_writer import PredictionWriter
from fieldwright.serving.observation.request import Observation, ShadowedQuery

MOST_WAITING = 200
"""Requests that wait for the challenger; of more, none is asked."""
LOOK_SECONDS = 1.0
LOWEST_PRIORITY = 19
"""Of the operating system: the thread computes where nothing else does."""
logger = logging.getLogger("bentoml.fieldwright")


class Shadow:
    """The challengers of the models of one worker.

    share: of all queries, at which they are asked. shelves: model to where its challenger lies.
    """

    def __init__(
        self, share: float, shelves: Mapping[str, Shelf], metrics: Metrics, predictions: PredictionWriter
    ) -> None:
        self.share = share
        self._shelves = dict(shelves)
        self._metrics, self._predictions = metrics, predictions
        self._challengers: dict[str, Any] = {}
        self._marks: dict[str, str] = {}
        self._back_off = BackOff()
        self._waiting: deque[Observation] = deque()
        self._arrival, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; what waits is not asked any more."""
        self._stopped.set()
        self._arrival.set()
        self._thread.join(LOOK_SECONDS)

    def put(self, observation: Observation) -> None:
        """Takes the queries of a request that was answered; never waits."""
        if observation.shadowed is not None and len(self._waiting) < MOST_WAITING:
            self._waiting.append(observation)
            self._arrival.set()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
        while not self._stopped.is_set():
            self.refresh()
            self._arrival.wait(LOOK_SECONDS)
            self._arrival.clear()
            while self._waiting and not self._stopped.is_set():
                self.answer(self._waiting.popleft())

    def refresh(self) -> None:
        """Loads challengers that are others than before, and forgets those that are none any more."""
        for model, shelf in self._shelves.items():
            versions = shelf.versions()
            if not versions:
                self._challengers.pop(model, None)
                self._marks.pop(model, None)
                continue
            mark = shelf.mark(versions[0])
            if mark == self._marks.get(model) or not self._back_off.due(mark):
                continue
            try:
                self._challengers[model] = load_shelved(versions[0], shelf.path(versions[0]))
                self._marks[model] = mark
                logger.info("Version %s of '%s' is asked as the challenger", versions[0].version, model)
            # Whatever a damaged artifact makes fail, the champion must go on answering.
            except Exception as error:
                self._challengers.pop(model, None)
                if not self._back_off.failures:
                    logger.error(
                        "The challenger, version %s of '%s', cannot be loaded: %s",
                        versions[0].version,
                        model,
                        error,
                    )
                self._back_off.failed(mark)

    def answer(self, observation: Observation) -> None:
        """Asks the challenger, counts how it differs, and has both answers logged as a pair."""
        shadowed = observation.shadowed
        assert shadowed is not None
        challenger = self._challengers.get(observation.model)
        if challenger is None or challenger.version == observation.version:
            return
        n = len(shadowed.query.x)
        try:
            prediction = challenger.predict(_for(challenger, shadowed))
            bands = {
                label: np.stack([getattr(band, statistic) for statistic in STATISTICS])
                for label, band in prediction.quantities.items()
            }
        # A challenger may be asked for what it does not know, or fail in any way.
        except Exception as error:
            self._metrics.count_shadow(observation.model, n, failed=n)
            logger.debug("The challenger does not answer: %s", error)
            return
        sample = shadowed.sample
        changes, beyond = [], 0
        for quantity in shadowed.query.quantities:
            mean, (middle, _, lower, upper) = bands[quantity.label][0], sample.quantities[quantity.label]
            beyond += int(np.count_nonzero((mean < lower) | (mean > upper)))
            extent = shadowed.served.extent(quantity.field) if quantity.what != "integral" else 0.0
            if 0.0 < extent < np.inf:
                changes.append((np.abs(mean - middle) / extent).ravel())
        flat = np.concatenate(changes) if changes else np.zeros(0)
        self._metrics.count_shadow(observation.model, n, beyond=beyond, differences=flat)
        pairs = tuple(f"{observation.request_id}/{row}" for row in range(n))
        of_challenger = replace(sample, inside=prediction.inside, quantities=bands, pairs=pairs)
        for version, answers in (
            (observation.version, replace(sample, pairs=pairs)),
            (challenger.version, of_challenger),
        ):
            self._predictions.put(
                Observation(observation.request_id, observation.model, version, sample=answers)
            )


def _for(challenger: Any, shadowed: ShadowedQuery) -> Any:
    """The query with the parameters in the challenger's order; raises QueryError where it has others."""
    names = list(shadowed.sample.names)
    parameters = [info.name for info in challenger.description.parameters]
    if sorted(names) != sorted(parameters):
        raise QueryError(
            "Champion and challenger must have the same parameters", ", ".join(parameters), "Serve them apart"
        )
    return replace(shadowed.query, x=shadowed.query.x[:, [names.index(name) for name in parameters]])
