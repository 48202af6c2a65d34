"""Bytes of a VTK array: raw or base64, plain or in compressed blocks.

Source: VTK File Formats, section "XML File Formats" (docs.vtk.org).
"""

from __future__ import annotations

import base64
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError

Decompress = Callable[[memoryview, int], bytes]


class RawBytes:
    """Bytes as they stand."""

    def __init__(self, body: memoryview) -> None:
        self._body = body

    def take(self, start: int, size: int) -> memoryview:
        """`size` bytes from `start` on; raises ValueError where they are not there."""
        if start + size > len(self._body):
            raise ValueError(f"{len(self._body) - start} of {size} bytes are there")
        return self._body[start : start + size]

    def after_header(self, header: int, size: int) -> memoryview:
        """What follows the header of a plain array."""
        return self.take(header, size)

    after_block_header = after_header


class Base64Bytes:
    """Bytes in base64; headers are encoded on their own (blocks) or together with the data (plain)."""

    def __init__(self, text: bytes | memoryview) -> None:
        self._text = text

    def take(self, start: int, size: int) -> memoryview:
        """`size` bytes from the `start` of the text on; raises ValueError where they are not there."""
        piece = bytes(self._text[start : start + 4 * -(-size // 3)])
        # Only the requested size is decoded, so that what follows needs no padding.
        decoded = memoryview(base64.b64decode(piece + b"=" * (-len(piece) % 4)))[:size]
        if len(decoded) < size:
            raise ValueError(f"{len(decoded)} of {size} bytes are there")
        return decoded

    def after_header(self, header: int, size: int) -> memoryview:
        """What follows the header of a plain array."""
        length, padding = 4 * -(-header // 3), -header % 3
        # Some writers close the header with padding of its own, VTK encodes header and data in one go. Of a single
        # byte of data the padding stands in the same place, but is shorter.
        if padding and bytes(self._text[length - padding : length]) == b"=" * padding:
            return self.take(length, size)
        return self.take(0, header + size)[header:]

    def after_block_header(self, header: int, size: int) -> memoryview:
        """What follows the header of an array in blocks."""
        return self.take(4 * -(-header // 3), size)


def unpacked(
    source: RawBytes | Base64Bytes, header_type: np.dtype, decompress: Decompress | None
) -> memoryview | bytes:
    """The bytes of one array. Raises ValueError, or what the decompressor raises, where they are damaged."""
    step = header_type.itemsize
    if decompress is None:
        size = int(np.frombuffer(source.take(0, step), header_type)[0])
        return source.after_header(step, size)
    if int(np.frombuffer(source.take(0, step), header_type)[0]) == 0:
        return b""
    blocks, block_size, last_size = (int(n) for n in np.frombuffer(source.take(0, 3 * step), header_type))
    header = np.frombuffer(source.take(0, (3 + blocks) * step), header_type)
    sizes = header[3:].astype(np.int64)
    packed = source.after_block_header((3 + blocks) * step, int(sizes.sum()))
    starts = np.concatenate([[0], np.cumsum(sizes)])
    parts = []
    for i in range(blocks):
        size = last_size if i == blocks - 1 and last_size else block_size
        parts.append(decompress(packed[starts[i] : starts[i + 1]], size))
    return b"".join(parts)


def decompressor(name: str | None, path: Path) -> Decompress | None:
    """The decompressor for VTK's compressor of that name; None without a name. Raises ReadError if it is unknown."""
    decompressors: dict[str, Decompress] = {
        "vtkZLibDataCompressor": lambda block, size: zlib.decompress(block, bufsize=max(size, 1)),
        "vtkLZ4DataCompressor": _lz4,
        "vtkLZMADataCompressor": lambda block, size: lzma.decompress(block),
    }
    if not name:
        return None
    if name not in decompressors:
        raise ReadError(
            f"The compressor of a VTK XML file must be one of {', '.join(decompressors)}",
            f"'{name}' in '{path.name}'",
            "Write the file again with zlib compression or with none",
        )
    return decompressors[name]


def _lz4(block: memoryview, size: int) -> bytes:
    from numcodecs import LZ4

    # numcodecs wants the size in front of the block, VTK keeps it in its own header.
    return bytes(LZ4().decode(np.array(size, dtype="<u4").tobytes() + bytes(block)))
