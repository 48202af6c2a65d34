"""VTK's XML container: arrays in ASCII, base64 or appended raw bytes, plain or compressed in blocks.

Source: VTK File Formats, section "XML File Formats" (docs.vtk.org).
"""

from __future__ import annotations

import base64
import binascii
import lzma
import mmap
import warnings
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np

from data.errors import ReadError, TruncatedError

_DTYPES = {
    "Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4",
    "Int64": "i8", "UInt64": "u8", "Float32": "f4", "Float64": "f8",
}  # fmt: skip
_APPENDED = b"<AppendedData"


class VtkXml:
    """One VTK XML file (.vtu, .vtp, .pvtu, ...): its element tree, and its arrays on demand.

    root: the VTKFile element; `kind` is its type attribute ("UnstructuredGrid", "PolyData", ...).
    Raises ReadError when the file is cut short, is no VTK XML file or uses an unknown compressor.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        head, self._appended, self._appended_raw = _split(path)
        try:
            self.root = ET.fromstring(head)
        except ET.ParseError as error:
            raise TruncatedError(*_whole(path, f"XML that breaks off ({error})")) from None
        if self.root.tag != "VTKFile":
            raise self.damaged(f"a root element <{self.root.tag}>")
        self.kind = self.root.get("type", "")
        self._order = ">" if self.root.get("byte_order") == "BigEndian" else "<"
        self._header = np.dtype(self._order + _DTYPES[self.root.get("header_type", "UInt32")])
        self._decompress = _decompressor(self.root.get("compressor"), path)

    def damaged(self, got: str) -> ReadError:
        """The error for content that contradicts itself, to raise."""
        return ReadError(*_whole(self.path, got))

    def array(self, element: ET.Element, length: int, components: int = 1) -> np.ndarray:
        """The values of a DataArray, (length,) or (length, components), native byte order.

        Raises ReadError unless exactly length * components values are there.
        """
        name = element.get("Name", "Points")
        kind = element.get("type", "")
        if kind not in _DTYPES:
            raise self.damaged(f"array '{name}' of type '{kind}'")
        dtype = np.dtype(self._order + _DTYPES[kind])
        try:
            if element.get("format", "ascii") == "ascii":
                values = _from_ascii(element.text or "", dtype)
            else:
                values = np.frombuffer(self._bytes(element), dtype)
        except (
            ValueError,
            binascii.Error,
            zlib.error,
            lzma.LZMAError,
            RuntimeError,
            DeprecationWarning,
        ) as error:
            raise self.damaged(f"array '{name}' that cannot be decoded ({error})") from None
        if values.size != length * components:
            raise self.damaged(f"array '{name}' with {values.size} of {length * components} values")
        values = values.astype(dtype.newbyteorder("="), copy=False)
        return values.reshape(length, components) if components > 1 else values

    def time(self) -> float | None:
        """The time the file says it is of (FieldData "TimeValue"), if it does."""
        for element in self.root.iterfind("./*/FieldData/DataArray"):
            if element.get("Name") == "TimeValue":
                return float(self.array(element, 1)[0])
        return None

    def _bytes(self, element: ET.Element) -> bytes:
        if element.get("format") != "appended":
            text = "".join((element.text or "").split()).encode("ascii")
            return self._unpack(_Base64(text))
        offset = int(element.get("offset", "0"))
        if self._appended is None or offset >= len(self._appended):
            raise ValueError("its appended data is missing")
        body = self._appended[offset:]
        return self._unpack(_Raw(body) if self._appended_raw else _Base64(bytes(body)))

    def _unpack(self, source: _Raw | _Base64) -> bytes:
        step = self._header.itemsize
        if self._decompress is None:
            size = int(np.frombuffer(source.take(step), self._header)[0])
            return source.take_after_header(step, size)
        blocks, block_size, last_size = (int(n) for n in np.frombuffer(source.take(3 * step), self._header))
        header = np.frombuffer(source.take((3 + blocks) * step), self._header)
        sizes = header[3:].astype(np.int64)
        packed = source.take_after_block_header((3 + blocks) * step, int(sizes.sum()))
        starts = np.concatenate([[0], np.cumsum(sizes)])
        parts = []
        for i in range(blocks):
            size = last_size if i == blocks - 1 and last_size else block_size
            parts.append(self._decompress(packed[starts[i] : starts[i + 1]], size))
        return b"".join(parts)


class _Raw:
    """Bytes as they stand."""

    def __init__(self, body: memoryview) -> None:
        self._body = body

    def take(self, size: int) -> bytes:
        return self._exactly(0, size)

    def take_after_header(self, header: int, size: int) -> bytes:
        return self._exactly(header, size)

    take_after_block_header = take_after_header

    def _exactly(self, start: int, size: int) -> bytes:
        if start + size > len(self._body):
            raise ValueError(f"{len(self._body) - start} of {size} bytes are there")
        return bytes(self._body[start : start + size])


class _Base64:
    """Bytes in base64; headers are encoded on their own (blocks) or together with the data (plain)."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def take(self, size: int) -> bytes:
        return self._decode(0, size)

    def take_after_header(self, header: int, size: int) -> bytes:
        length = 4 * -(-header // 3)
        # Some writers close the header with padding of its own, VTK encodes header and data in one go.
        if self._text[length - 1 : length] == b"=":
            return self._decode(length, size)
        return self._decode(0, header + size)[header:]

    def take_after_block_header(self, header: int, size: int) -> bytes:
        return self._decode(4 * -(-header // 3), size)

    def _decode(self, start: int, size: int) -> bytes:
        piece = self._text[start : start + 4 * -(-size // 3)]
        # Decoding stops where the asked size does, so that what follows needs no padding.
        decoded = base64.b64decode(piece + b"=" * (-len(piece) % 4))[:size]
        if len(decoded) < size:
            raise ValueError(f"{len(decoded)} of {size} bytes are there")
        return decoded


def _whole(path: Path, got: str) -> tuple[str, str, str]:
    return f"'{path.name}' must be a complete VTK XML file", got, "Write the file again from the solver"


def looks_like_vtk_xml(path: Path) -> bool:
    """Whether the first bytes are those of an XML file; never raises."""
    try:
        with path.open("rb") as file:
            return file.read(1024).lstrip().startswith((b"<?xml", b"<VTKFile", b"<!--"))
    except OSError:
        return False


def _split(path: Path) -> tuple[bytes, memoryview | None, bool]:
    """The XML without the appended data; the bytes after its underscore; whether they are raw."""
    if path.stat().st_size == 0:
        raise TruncatedError(*_whole(path, "an empty file"))
    with path.open("rb") as file:
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = view.find(_APPENDED)
    if start < 0:
        return view[:], None, False
    opened = view.find(b">", start)
    closed = view.rfind(b"</AppendedData>")
    underscore = view.find(b"_", opened)
    if opened < 0 or closed < 0 or not opened < underscore < closed or view.find(b"</VTKFile>", closed) < 0:
        raise TruncatedError(*_whole(path, "a file that breaks off within its appended data"))
    raw = b'"raw"' in view[start:opened] or b"'raw'" in view[start:opened]
    head = view[: opened + 1] + view[closed:]
    return head, memoryview(view)[underscore + 1 : closed], raw


def _from_ascii(text: str, dtype: np.dtype) -> np.ndarray:
    with warnings.catch_warnings():
        # numpy only warns where the text is no number; a file that holds garbage must not pass.
        warnings.simplefilter("error", DeprecationWarning)
        if dtype.itemsize == 1:
            return np.fromstring(text, dtype="i8", sep=" ").astype(dtype)
        return np.fromstring(text, dtype=dtype.newbyteorder("="), sep=" ")


def _lz4(block: bytes, size: int) -> bytes:
    from numcodecs import LZ4

    # numcodecs wants the size in front of the block, VTK keeps it in its own header.
    return bytes(LZ4().decode(np.array(size, dtype="<u4").tobytes() + block))


def _decompressor(name: str | None, path: Path):
    known = {
        "vtkZLibDataCompressor": lambda block, size: zlib.decompress(block, bufsize=max(size, 1)),
        "vtkLZ4DataCompressor": _lz4,
        "vtkLZMADataCompressor": lambda block, size: lzma.decompress(block),
    }
    if not name:
        return None
    if name not in known:
        raise ReadError(
            f"The compressor of a VTK XML file must be one of {', '.join(known)}",
            f"'{name}' in '{path.name}'",
            "Write the file again with zlib compression or with none",
        )
    return known[name]
