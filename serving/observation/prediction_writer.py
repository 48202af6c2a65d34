"""Writes the sampled log of predictions, in a thread of its own: no request waits for the disk, whatever it does."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict, deque
from collections.abc import Iterator

from fieldwright.data.back_off import BackOff
from fieldwright.data.prediction_log import (
    LoggedPrediction,
    predictions_folder,
    prune_predictions,
    write_predictions,
)
from fieldwright.serving.hosting.shared_rows import SharedRows
from fieldwright.serving.metrics import LOG_DROPPED, LOG_WRITTEN
from fieldwright.serving.observation.request import Observation

MOST_BYTES = 256 * 1024**2
"""Of all files of one model; the oldest give way."""
MOST_WAITING = 20_000
"""Queries that wait to be written; more are dropped, and counted."""
FILE_ROWS = 5000
FILE_SECONDS = 300.0
"""A file is written once it has so many rows, or after so long."""
LOOK_SECONDS = 0.5
STOP_SECONDS = 30.0
"""For the last file, on a disk that may not answer."""
logger = logging.getLogger("bentoml.fieldwright")


class PredictionWriter:
    """Takes observations of answered requests. share: of all queries that are logged."""

    def __init__(self, share: float, rows: SharedRows) -> None:
        self.share = share
        self._rows = rows
        self._waiting: deque[Observation] = deque()
        self._n_waiting = 0
        self._lock = threading.Lock()
        self._back_off = BackOff()
        self._failure = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="predictions", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Writes what waits, in one last try."""
        self._stopped.set()
        self._thread.join(STOP_SECONDS)

    def put(self, observation: Observation) -> None:
        """Takes the sampled queries of a request; never waits for the disk."""
        sample = observation.sample
        if sample is None:
            return
        with self._lock:
            if self._n_waiting + len(sample.x) > MOST_WAITING:
                self._rows.add(LOG_DROPPED, len(sample.x))
                return
            self._waiting.append(observation)
            self._n_waiting += len(sample.x)

    def _run(self) -> None:
        waited = 0.0
        while not self._stopped.wait(LOOK_SECONDS):
            waited += LOOK_SECONDS
            if (self._n_waiting >= FILE_ROWS or waited >= FILE_SECONDS) and self._back_off.due("disk"):
                self.write()
                waited = 0.0 if not self._failure else waited
        self.write()

    def write(self) -> None:
        """Writes what waits; what cannot be written goes on waiting."""
        with self._lock:
            by_model: dict[str, list[Observation]] = defaultdict(list)
            for observation in self._waiting:
                by_model[observation.model].append(observation)
            self._waiting.clear()
        failures = [failure for one in by_model.items() if (failure := self._failure_of(*one))]
        if failures:
            self._back_off.failed("disk")
            if not self._failure:  # said once, however often it fails
                logger.error("The log of predictions cannot be written: %s. It is tried again.", failures[0])
        else:
            self._back_off.succeeded()
        self._failure = "".join(failures[:1])

    def _failure_of(self, model: str, observations: list[Observation]) -> str:
        """Writes what was observed of one model; why it could not be, empty where it could."""
        predictions = [one for observation in observations for one in _logged(observation)]
        folder = predictions_folder(model)
        try:
            write_predictions(folder, predictions)
        # Whatever a disk or a library makes fail: answers go on, and it is tried again.
        except Exception as error:
            with self._lock:
                self._waiting.extendleft(reversed(observations))
            return str(error)
        with self._lock:
            self._n_waiting -= len(predictions)
        self._rows.add(LOG_WRITTEN, len(predictions))
        try:
            prune_predictions(folder, MOST_BYTES)
        except OSError as error:
            return str(error)
        return ""


def _logged(observation: Observation) -> Iterator[LoggedPrediction]:
    sample = observation.sample
    assert sample is not None
    for row, x in enumerate(sample.x.tolist()):
        quantities = {
            label: band[:, row].reshape(len(band), -1).tolist() for label, band in sample.quantities.items()
        }
        yield LoggedPrediction(
            sample.time,
            observation.model,
            observation.version,
            observation.request_id,
            bool(sample.inside[row]),
            dict(zip(sample.names, x, strict=True)),
            quantities,
            sample.pairs[row] if sample.pairs else "",
        )
