"""A folder to write in that vanishes with its writer, and the one step that puts a group in its place."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import uuid
from pathlib import Path
from types import TracebackType


class IncomingFolder:
    """A folder within `root` that is locked while its owner lives; folders of dead owners are removed.

    The lock is the kernel's and goes with the process, however it ends.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        self.path = root / uuid.uuid4().hex
        self._lock_path = self.path.with_suffix(".lock")

    def __enter__(self) -> Path:
        self._lock = self._lock_path.open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path.mkdir()
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock_path.unlink(missing_ok=True)
        self._lock.close()


def _sweep(root: Path) -> None:
    for lock_path in root.glob("*.lock"):
        try:
            with lock_path.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock_path.with_suffix(""), ignore_errors=True)
                lock_path.unlink(missing_ok=True)
        except (BlockingIOError, FileNotFoundError):
            continue


def put_in_place(finished: Path, target: Path, durable: bool = True) -> None:
    """Moves a finished folder to its final name in one step; an equal one that is there already stays.

    durable: what stands at the final name is whole even after a power cut.
    """
    for folder, _, names in os.walk(finished) if durable else ():
        for name in names:
            _sync(Path(folder) / name)
        _sync(Path(folder))
    try:
        os.replace(finished, target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # The name is the hash of the content: what stands there is the same.
        shutil.rmtree(finished, ignore_errors=True)
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
