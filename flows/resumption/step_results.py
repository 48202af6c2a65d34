"""The results of finished steps, kept on disk until their pipeline has finished."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fieldwright.data.environment import folder_name, home

NOTE = "step.json"
"""Written last but one: a folder without it is no result."""
KEY_LENGTH = 32
logger = logging.getLogger("fieldwright")


def steps_folder(study: str) -> Path:
    """Where the results of a study's steps lie."""
    return home() / "steps" / folder_name(study)


@dataclass(frozen=True)
class StepResult:
    """The result of one step: a folder of JSON, npz and safetensors, and what was noted beside it."""

    folder: Path
    note: Mapping[str, Any]

    @property
    def when(self) -> str:
        """When the step ended, for people."""
        return datetime.fromisoformat(self.note["ended"]).strftime("%Y-%m-%d %H:%M:%S")


class StepResults:
    """The results of one study's steps, each under the key of all that it depends on.

    A result is written beside the others and moved into place in one step: it is there as a whole or not at all. One
    pipeline of a study runs at a time, so there is one writer. Nothing here is unpickled.
    """

    def __init__(self, study: str) -> None:
        self._folder = steps_folder(study)

    def find(self, key: str) -> StepResult | None:
        """The result under the key; None where there is none that can be read."""
        folder = self._folder / key[:KEY_LENGTH]
        try:
            note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
            return StepResult(folder, note) if note["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(
        self, key: str, note: Mapping[str, Any], write: Callable[[Path], object] | None = None
    ) -> StepResult | None:
        """Keeps a result: what `write` puts into a folder, and a note of JSON types.

        Returns None, and says so in the log, where the disk does not take it: the pipeline goes on without.
        """
        ended = datetime.now().astimezone().isoformat(timespec="seconds")
        content = {"key": key, "ended": ended, **note}
        target = self._folder / key[:KEY_LENGTH]
        unfinished: Path | None = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = Path(tempfile.mkdtemp(prefix=".", dir=self._folder))
            if write is not None:
                write(unfinished)
            (unfinished / NOTE).write_text(json.dumps(content), encoding="utf-8")
            _remove(target)
            os.replace(unfinished, target)
        except OSError as error:
            logger.warning(
                "The result of a step could not be kept in %s (%s): an interrupted run would do it again",
                *(self._folder, error.strerror or error),
            )
            if unfinished is not None:
                shutil.rmtree(unfinished, ignore_errors=True)
            return None
        return StepResult(target, content)

    def remove(self, key: str) -> None:
        """Removes one result, if it is there."""
        _remove(self._folder / key[:KEY_LENGTH])

    def keep_only(self, keys: Collection[str]) -> None:
        """Removes the results of all other keys, and what a killed writer has left."""
        names = {key[:KEY_LENGTH] for key in keys}
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.name not in names:
                _remove(path)

    def clear(self) -> None:
        """Removes all of them."""
        self.keep_only(())
        shutil.rmtree(self._folder, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Moved out of sight first: a process killed meanwhile leaves no part of it under its name."""
    doomed = folder if folder.name.startswith(".") else folder.with_name(f".{folder.name}")
    try:
        if doomed is not folder:
            shutil.rmtree(doomed, ignore_errors=True)
            os.replace(folder, doomed)
    except OSError:
        return
    shutil.rmtree(doomed, ignore_errors=True)
