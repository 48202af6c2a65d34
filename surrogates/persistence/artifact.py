"""The folder that a trained model is kept in: JSON and safetensors with checksums, and never a pickle.

manifest.json   format, version, what the folder holds, SHA-256 of the two other files
model.json      everything that is not an array
arrays.safetensors   every array, by name
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fieldwright.data.disk import fault, is_gone
from fieldwright.data.errors import ModelError

FORMAT = "fieldwright-artifact"
VERSION = 3
MANIFEST, MODEL, ARRAYS = "manifest.json", "model.json", "arrays.safetensors"
MAX_MANIFEST_BYTES, MAX_MODEL_BYTES, MAX_HEADER_BYTES = 64 * 1024, 256 * 1024**2, 16 * 1024**2
"""Far above what any model needs: all of it is parsed at once, into memory."""

MAPPED_BYTES = 32 * 1024**2
"""Arrays that are larger are mapped."""
MAPPED_TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}


def write_artifact(
    folder: Path, kind: str, model: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Writes a new or empty folder in one step; raises ModelError when it holds something.

    kind: of the model, which `read_artifact` asks for again.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ModelError(
            "An artifact must be written to a new or empty folder",
            f"'{folder}', which holds files",
            "Choose another folder",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, unfinished / ARRAYS)
        (unfinished / MODEL).write_text(json.dumps(model, indent=1, allow_nan=False), encoding="utf-8")
        sums = {name: _checksum(unfinished / name) for name in (MODEL, ARRAYS)}
        manifest = {"format": FORMAT, "version": VERSION, "what": kind, "sha256": sums}
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        unfinished.chmod(0o755)
        os.replace(unfinished, folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def artifact_kind(folder: Path) -> str:
    """What kind of model the folder holds; raises ModelError where it is no artifact."""
    return str(_read_manifest(Path(folder)).get("what"))


def check_artifact(folder: Path) -> None:
    """Raises ModelError where the folder is no whole, undamaged artifact; what its model says is not looked at."""
    folder = Path(folder)
    manifest = _read_manifest(folder)
    if manifest.get("version") != VERSION:
        raise ModelError(
            f"An artifact must be of version {VERSION}, the one this program reads",
            f"version {manifest.get('version')!r} in '{folder}'",
            "Use the program that wrote it, or train the model again",
        )
    sums = manifest.get("sha256")
    for name in (MODEL, ARRAYS):
        _refuse_no_file(folder, name)
        if not isinstance(sums, dict) or sums.get(name) != _checksum(folder / name):
            raise _unreadable(folder, f"a {name} that does not match its checksum")
    _refuse_large(folder, MODEL, (folder / MODEL).stat().st_size, MAX_MODEL_BYTES)
    with (folder / ARRAYS).open("rb") as file:
        _refuse_large(folder, f"header of {ARRAYS}", int.from_bytes(file.read(8), "little"), MAX_HEADER_BYTES)


def read_artifact(folder: Path, kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The model's JSON and arrays; raises ModelError on a missing, damaged, foreign or newer artifact."""
    folder = Path(folder)
    check_artifact(folder)
    present = artifact_kind(folder)
    if present != kind:
        raise ModelError(
            f"The artifact must hold a {kind}",
            f"a {present} in '{folder}'",
            "Give the folder of the right model",
        )
    try:
        model = json.loads((folder / MODEL).read_text(encoding="utf-8"))
        arrays = _arrays_of(folder / ARRAYS)
    except (ValueError, RecursionError, SafetensorError) as error:
        raise _unreadable(folder, f"contents that cannot be parsed ({error})") from error
    if not isinstance(model, dict):
        raise _unreadable(folder, f"a {MODEL} that is no object")
    return model, arrays


def _arrays_of(path: Path) -> dict[str, np.ndarray]:
    """Every array by name; large ones are mapped into memory, where all processes share the pages of the file."""
    arrays = {}
    with safe_open(path, framework="np") as stored, path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        for name in stored.keys():  # noqa: SIM118  # it is no mapping
            start, stop = header[name]["data_offsets"]
            if stop - start <= MAPPED_BYTES:
                arrays[name] = stored.get_tensor(name)
                continue
            dtype, shape = MAPPED_TYPES.get(header[name]["dtype"]), tuple(header[name]["shape"])
            arrays[name] = (
                stored.get_tensor(name)
                if dtype is None
                else np.memmap(path, dtype, mode="r", offset=8 + size + start, shape=shape)
            )
    return arrays


def _read_manifest(folder: Path) -> dict[str, Any]:
    _refuse_no_file(folder, MANIFEST)
    _refuse_large(folder, MANIFEST, (folder / MANIFEST).stat().st_size, MAX_MANIFEST_BYTES)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise _not_read(folder, MANIFEST, error) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(folder, f"no readable {MANIFEST}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _unreadable(folder, f"a {MANIFEST} of another format")
    return manifest


def _refuse_no_file(folder: Path, name: str) -> None:
    """A link may lead anywhere, and a device or pipe never ends."""
    try:
        mode = (folder / name).lstat().st_mode
    except OSError as error:
        raise _not_read(folder, name, error) from error
    if not stat.S_ISREG(mode):
        raise _unreadable(folder, f"a {name} that is no file of its own")


def _refuse_large(folder: Path, name: str, size: int, most: int) -> None:
    if size > most:
        raise _unreadable(folder, f"a {name} of {size} bytes, above {most}")


def _not_read(folder: Path, name: str, error: OSError) -> ModelError:
    cause = None if is_gone(error) else fault(error, f"'{folder / name}'")
    return _unreadable(folder, f"no {name}") if cause is None else ModelError(cause[0], str(error), cause[1])


def _unreadable(folder: Path, got: str) -> ModelError:
    return ModelError(
        "An artifact must be a whole, undamaged folder as it was saved",
        f"{got} in '{folder}'",
        "Copy the folder again, or train the model again",
    )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
