"""Arrays in an unnamed temporary file: as large as the disk allows, without memory of their own."""

from __future__ import annotations

import logging
import mmap
import os
import tempfile

import numpy as np

from fieldwright.data.disk import fault
from fieldwright.data.errors import ComputeError

log = logging.getLogger(__name__)


def scratch_array(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """An array of zeros to be written, in the folder of temporary files; the file goes with the array.

    Raises ComputeError where the disk has no room for it.
    """
    size, folder = int(np.prod(shape)) * np.dtype(dtype).itemsize, tempfile.gettempdir()
    log.info("an array of %d MB is kept in a file in %s", size >> 20, folder)
    try:
        with tempfile.TemporaryFile() as file:
            # Reserved at once: a page that finds no room as it is written would end the process.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, dtype=dtype, mode="w+", shape=shape)
    except OSError as error:
        must, do = fault(error, f"the folder of temporary files '{folder}'", "writable") or (
            f"The folder of temporary files '{folder}' must take a file of {size >> 20} MB",
            "Look at its disk",
        )
        got = f"{error}, for a file of {size >> 20} MB"
        raise ComputeError(must, got, f"{do}, or name another folder by TMPDIR") from error


def release_pages(array: np.ndarray) -> None:
    """Lets the pages of an array in a file go: they stay in the file, and count no longer as ours."""
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
