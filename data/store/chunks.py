"""Zarr 3 arrays written and read chunk by chunk, straight from and to where their values are.

The zarr library goes through an event loop and copies a chunk three times on its way: for a run of a MB that takes
longer than all the rest of storing it. What is written here is plain Zarr 3, which that library opens.
Source: Zarr core specification, version 3 (zarr-specs.readthedocs.io).
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import blosc  # pyright: ignore[reportAttributeAccessIssue]  (compiled)

from fieldwright.data.whole_file import write_whole_file

# Decompressing takes longer than reading from a fast disk does; a chunk that does not shrink to this stays as it is.
_WORTH_IT = 1 / 3
# Blosc's header, and the bit in its third byte for values that are not compressed.
_HEADER, _AS_THEY_ARE = 16, 2


class Chunks:
    """A Zarr 3 array on disk: in each chunk LZ4 over shuffled bytes, where that leaves a third, and a CRC-32C.

    Opened by its folder. Raises ValueError, OSError or KeyError where the metadata are damaged or of another kind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metadata: dict[str, Any] = json.loads((path / "zarr.json").read_text())
        self.shape: tuple[int, ...] = tuple(self.metadata["shape"])
        self.chunks: tuple[int, ...] = tuple(self.metadata["chunk_grid"]["configuration"]["chunk_shape"])
        self.dtype = np.dtype(self.metadata["data_type"])
        keys = self.metadata["chunk_key_encoding"]["configuration"]
        if self.metadata["codecs"] != _codecs(self.dtype) or keys != {"separator": "."}:
            raise ValueError(f"other codecs than it was written with: {self.metadata['codecs']}")

    @classmethod
    def create(
        cls,
        path: Path,
        shape: tuple[int, ...],
        chunks: tuple[int, ...],
        dtype: np.dtype,
        dims: Sequence[str],
        attributes: Mapping[str, Any],
    ) -> Chunks:
        """A new array without chunks; it is whole when all of them are written."""
        path.mkdir(parents=True)
        metadata = {
            "zarr_format": 3,
            "node_type": "array",
            "shape": list(shape),
            "data_type": dtype.name,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
            # With dots all chunks lie in one folder: each further folder would have to be flushed to the disk too.
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
            "fill_value": "NaN" if dtype.kind == "f" else 0,
            "codecs": _codecs(dtype),
            "dimension_names": list(dims),
            "attributes": dict(attributes),
        }
        (path / "zarr.json").write_text(json.dumps(metadata))
        return cls(path)

    def write(self, values: np.ndarray, start: Sequence[int] | None = None) -> None:
        """Writes values from `start` on (the array's own start if None), which must be that of a chunk."""
        start = (0,) * len(self.shape) if start is None else start
        for first in itertools.product(
            *(range(0, n, c) for n, c in zip(values.shape, self.chunks, strict=True))
        ):
            part = values[tuple(slice(a, a + c) for a, c in zip(first, self.chunks, strict=True))]
            if part.shape != self.chunks:
                # A chunk at the edge goes beyond the array.
                short = [(0, c - n) for n, c in zip(part.shape, self.chunks, strict=True)]
                part = np.pad(part, short)
            index = [(a + s) // c for a, s, c in zip(first, start, self.chunks, strict=True)]
            self._encode(index, np.ascontiguousarray(part, dtype=self.dtype))

    def read(self, region: Sequence[tuple[int, int]] | None = None) -> np.ndarray:
        """The values from start to stop along each axis; all of them if None.

        Raises ValueError where a chunk does not have its check sum, OSError where one is lost.
        """
        region = [(0, size) for size in self.shape] if region is None else region
        values = np.empty([stop - start for start, stop in region], self.dtype)
        touched = [
            range(a // chunk, -(-b // chunk)) for (a, b), chunk in zip(region, self.chunks, strict=True)
        ]
        for index in itertools.product(*touched):
            # Where this chunk lies in the region, and which part of the chunk that is.
            in_region, in_chunk = [], []
            for i, chunk, (start, stop) in zip(index, self.chunks, region, strict=True):
                low, high = max(i * chunk, start), min((i + 1) * chunk, stop)
                in_region.append(slice(low - start, high - start))
                in_chunk.append(slice(low - i * chunk, high - i * chunk))
            # With the ellipsis an array without axes is a view too.
            target = values[(*in_region, ...)]
            if target.shape == self.chunks and target.flags.c_contiguous:
                self._decode(index, target)
            else:
                full_chunk = np.empty(self.chunks, self.dtype)
                self._decode(index, full_chunk)
                target[...] = full_chunk[tuple(in_chunk)]
        return values

    def _file(self, index: Sequence[int]) -> Path:
        return self.path / ".".join(["c", *map(str, index)])

    def _encode(self, index: Sequence[int], chunk: np.ndarray) -> None:
        packed = blosc.compress(chunk, b"lz4", 1, blosc.SHUFFLE)
        if len(packed) > _WORTH_IT * chunk.nbytes:
            # Blosc's frame with the values as they are: read without a detour through the decompressor.
            packed = blosc.compress(chunk, b"lz4", 0, blosc.NOSHUFFLE)
        with open(self._file(index), "wb", buffering=0) as file:
            file.write(packed)
            file.write(google_crc32c.value(packed).to_bytes(4, "little"))

    def _decode(self, index: Sequence[int], into: np.ndarray) -> None:
        with open(self._file(index), "rb", buffering=0) as file:
            packed = file.read(_HEADER)
            if int.from_bytes(packed[4:8], "little") != into.nbytes:
                raise ValueError(f"a chunk {tuple(index)} of another size")
            as_they_are = packed[2] & _AS_THEY_ARE
            if as_they_are:
                values = into.reshape(-1).view(np.uint8)
                file.readinto(values.data)
                values.flags.writeable = False
                check_sum = google_crc32c.extend(google_crc32c.value(packed), values)
            else:
                packed += file.read(os.fstat(file.fileno()).st_size - _HEADER - 4)
                check_sum = google_crc32c.value(packed)
            if check_sum.to_bytes(4, "little") != file.read():
                raise ValueError(f"a chunk {tuple(index)} that does not have its check sum")
        if not as_they_are:
            blosc.decompress(packed, into)


def write_group(
    path: Path, attributes: Mapping[str, Any], arrays: Mapping[str, Chunks] | None = None
) -> None:
    """Writes the metadata of a group, with those of its arrays in it, so that they are read at once."""
    metadata: dict[str, Any] = {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)}
    if arrays is not None:
        of_arrays = {name: array.metadata for name, array in arrays.items()}
        metadata["consolidated_metadata"] = {
            "kind": "inline",
            "must_understand": False,
            "metadata": of_arrays,
        }
    write_whole_file(path / "zarr.json", json.dumps(metadata))


def _codecs(dtype: np.dtype) -> list[dict[str, Any]]:
    how = {"typesize": dtype.itemsize, "cname": "lz4", "clevel": 1, "shuffle": "shuffle", "blocksize": 0}
    return [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "blosc", "configuration": how},
        {"name": "crc32c"},
    ]
