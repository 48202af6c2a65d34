"""`python -m fieldwright.serving.jobs.job_process DESCRIPTOR`: computes jobs, started by a worker alone.

A process of its own, so that a job holds up nobody, can be ended at any moment, and takes its memory with it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

import orjson

from fieldwright.data.errors import FieldwrightError
from fieldwright.data.photos.photo import png_bytes
from fieldwright.serving.families import load_shelved
from fieldwright.serving.hosting.parent_watch import die_with_parent
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.jobs.limits import NICENESS
from fieldwright.serving.jobs.messages import JobMessage, read_message, write_message
from fieldwright.serving.photos.intake import SentForm, SentPhoto
from fieldwright.serving.photos.replies import pictures_named


class JobProcess:
    """Answers one question after the other, by the model that each names; the last model stays loaded."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._folder = ""
        self._served: Any = None

    def run(self) -> None:
        """Until the worker goes."""
        while (question := read_message(self._stream)) is not None:  # type: ignore[arg-type]
            self._send(self._answer(question))

    def _answer(self, question: JobMessage) -> JobMessage:
        header = question.header
        try:
            served = self._model(header["model"], header["version"], header["folder"])
            files: dict[str, tuple[SentPhoto, ...]] = {}
            for (field, name), content in zip(header["files"], question.blobs, strict=True):
                files[field] = (*files.get(field, ()), SentPhoto(name, content))
            route = next(one for one in served.job_routes if one.name == header["route"])
            options = route.reader.read(header["options"])
            names = pictures_named(getattr(options, "pictures", None), route.pictures)
            # It gives way to whoever else asks, and may take all that nobody else wants.
            cores = len(os.sched_getaffinity(0))
            form = SentForm(files, {})
            document, pictures = served.answer(route, form, options, names, self._progress, cores)
        except FieldwrightError as error:
            return JobMessage({"error": str(error)})
        except MemoryError:
            return JobMessage(
                {"error": "A photo must fit into the memory of the machine. Got none left. Shrink it."}
            )
        except Exception:
            traceback.print_exc()
            return JobMessage({"error": "The endpoint failed; its log tells why."})
        drawings = list(pictures)
        about = orjson.dumps({"model": header["model"], "version": header["version"]} | document)
        return JobMessage(
            {"pictures": drawings}, [about, *(png_bytes(pictures.pop(name)) for name in drawings)]
        )

    def _model(self, model: str, version: str, folder: str) -> Any:
        if folder != self._folder:
            self._served = None
            self._served = load_shelved(Shelved(model, version, Path(folder).name), Path(folder))
            self._folder = folder
        return self._served

    def _progress(self, done: int, total: int) -> None:
        self._send(JobMessage({"done": done, "total": total}))

    def _send(self, frame: JobMessage) -> None:
        write_message(self._stream, frame)  # type: ignore[arg-type]


def main() -> None:
    """Takes questions by the descriptor that it inherits."""
    die_with_parent(signal.SIGKILL)
    os.nice(NICENESS)
    # What a library prints is no answer.
    os.dup2(2, 1)
    JobProcess(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
