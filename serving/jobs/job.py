"""One job: a question about photos, how far it has come, and its answer."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fieldwright.serving.jobs.messages import JobMessage
from fieldwright.serving.photos.intake import SentForm

State = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class JobQuestion:
    """What is asked, of which version of a model in which folder."""

    model: str
    version: str
    folder: Path
    route: str
    form: SentForm
    options: Mapping[str, str]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(len(photo.content) for photos in self.form.files.values() for photo in photos)

    def frame(self) -> JobMessage:
        """As the process that computes reads it."""
        photos = [(name, photo) for name, photos in self.form.files.items() for photo in photos]
        header = {
            "model": self.model,
            "version": self.version,
            "folder": str(self.folder),
            "route": self.route,
            "options": dict(self.options),
            "files": [(name, photo.name) for name, photo in photos],
        }
        return JobMessage(header, [photo.content for _, photo in photos])


@dataclass(frozen=True)
class JobAnswer:
    """document: as JSON. pictures: PNG by name. photos: how many it tells of."""

    document: bytes = field(repr=False)
    pictures: Mapping[str, bytes] = field(repr=False)
    photos: int

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return len(self.document) + sum(map(len, self.pictures.values()))


@dataclass
class Job:
    """done, total: tiles of the photos, and as many again for what follows them. question: gone once it was computed.

    error: why it has no answer.
    """

    question: JobQuestion | None
    model: str
    route: str
    name: str = field(default_factory=lambda: secrets.token_hex(16))
    state: State = "waiting"
    done: int = 0
    total: int = 0
    error: str | None = None
    answer: JobAnswer | None = None
    _first: tuple[float, int] | None = None

    @property
    def open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("waiting", "running")

    @property
    def size(self) -> int:
        """Bytes that it keeps in memory."""
        return sum(one.size for one in (self.question, self.answer) if one is not None)

    def advance(self, done: int, total: int) -> None:
        """Takes in how far it has come."""
        self.done, self.total = done, total
        if self._first is None:
            self._first = (time.monotonic(), done)

    def end(self, state: State, error: str | None = None, answer: JobAnswer | None = None) -> None:
        """Gives up its photos."""
        self.state, self.error, self.answer, self.question = state, error, answer, None

    def document(self) -> dict[str, Any]:
        """How it is, for a client. The first tile is left out of the pace: it waits for the model to be loaded."""
        left = None
        if self.state == "running" and self._first is not None and self.done > self._first[1]:
            since, before = self._first
            left = (time.monotonic() - since) / (self.done - before) * (self.total - self.done)
        return {
            "job": self.name,
            "route": self.route,
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "seconds_left": None if left is None else round(left, 1),
            "error": self.error,
        }
