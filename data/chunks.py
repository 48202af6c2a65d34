"""Chunks of a Zarr array from the disk straight to where their values go.

Zarr's own reader copies each chunk three times on its way and goes through an event loop; the arrays of this
store, all of one codec chain, are read at the rate of the disk and the decompressor.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path

import google_crc32c
import numpy as np
from numcodecs import blosc  # pyright: ignore[reportAttributeAccessIssue]  (compiled)
from zarr.codecs import BloscCodec, Crc32cCodec

CODECS = (BloscCodec(cname="lz4", clevel=1, shuffle="shuffle"), Crc32cCodec())
"""What every array of the store is written with, after its little-endian bytes."""
_NAMES = ["bytes", "blosc", "crc32c"]


class Chunks:
    """A Zarr 3 array on disk, written with CODECS.

    Raises ValueError, OSError or KeyError where the metadata are damaged or other than that.
    """

    def __init__(self, path: Path) -> None:
        metadata = json.loads((path / "zarr.json").read_text())
        names = [codec["name"] for codec in metadata["codecs"]]
        if names != _NAMES or metadata["chunk_key_encoding"]["configuration"]["separator"] != "/":
            raise ValueError(f"the codecs {', '.join(names)} where {', '.join(_NAMES)} were written")
        self.path = path
        self.shape: tuple[int, ...] = tuple(metadata["shape"])
        self.chunks: tuple[int, ...] = tuple(metadata["chunk_grid"]["configuration"]["chunk_shape"])
        self.dtype = np.dtype(metadata["data_type"])

    def read(self, region: Sequence[tuple[int, int]] | None = None) -> np.ndarray:
        """The values from start to stop along each axis; all of them if None.

        Raises ValueError where a chunk does not have its check sum, OSError where one is lost.
        """
        region = [(0, size) for size in self.shape] if region is None else region
        values = np.empty([stop - start for start, stop in region], self.dtype)
        touched = [
            range(start // chunk, -(-stop // chunk))
            for (start, stop), chunk in zip(region, self.chunks, strict=True)
        ]
        for index in itertools.product(*touched):
            # Where this chunk lies in the region, and which part of the chunk that is.
            there, here = [], []
            for i, chunk, (start, stop) in zip(index, self.chunks, region, strict=True):
                low, high = max(i * chunk, start), min((i + 1) * chunk, stop)
                there.append(slice(low - start, high - start))
                here.append(slice(low - i * chunk, high - i * chunk))
            # With the ellipsis an array without axes is a view too.
            target = values[(*there, ...)]
            if target.shape == self.chunks and target.flags.c_contiguous:
                self._decode(index, target)
            else:
                whole = np.empty(self.chunks, self.dtype)
                self._decode(index, whole)
                target[...] = whole[tuple(here)]
        return values

    def _decode(self, index: tuple[int, ...], into: np.ndarray) -> None:
        path = self.path / "c" / "/".join(map(str, index))
        with open(path, "rb", buffering=0) as file:
            body = file.read(os.fstat(file.fileno()).st_size - 4)
            written = file.read()
        if google_crc32c.value(body).to_bytes(4, "little") != written:
            raise ValueError(f"a chunk {index} that does not have its check sum")
        if int.from_bytes(body[4:8], "little") != math.prod(self.chunks) * self.dtype.itemsize:
            raise ValueError(f"a chunk {index} of another size")
        blosc.decompress(body, into)
