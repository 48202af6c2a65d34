"""A training as it stands, in one file replaced in one step: safetensors with JSON in its header, and no pickle."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fieldwright.data.disk import fault
from fieldwright.data.errors import ModelError

FORMAT = "fieldwright-training-1"


def write_checkpoint(path: Path, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Replaces the file in one step: whoever reads it finds the old training or the new one whole.

    values: what JSON holds; floats are kept to the last bit.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
        save_file(contiguous, unfinished, metadata={"format": FORMAT, "values": json.dumps(values)})
        os.replace(unfinished, path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What `write_checkpoint` was given; raises ModelError for a file that is no checkpoint or damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise _unreadable(path, "a file of another format")
            return json.loads(metadata["values"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        cause = fault(error, f"the checkpoint '{path}'") if isinstance(error, OSError) else None
        if cause is not None:
            raise ModelError(cause[0], str(error), cause[1]) from error
        raise _unreadable(path, f"one that cannot be read ({error})") from error


def _unreadable(path: Path, got: str) -> ModelError:
    return ModelError(
        "A checkpoint must be a whole file as a training wrote it",
        f"{got}: '{path}'",
        "Delete it, and train anew",
    )
