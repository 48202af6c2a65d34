"""VTK's XML container: the element tree, and its arrays in ASCII, base64 or appended raw bytes.

Source: VTK File Formats, section "XML File Formats" (docs.vtk.org).
"""

from __future__ import annotations

import binascii
import lzma
import mmap
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats.parsing.text.number_text import parse_numbers
from fieldwright.data.formats.parsing.vtk.vtk_bytes import Base64Bytes, RawBytes, decompressor, unpacked

_DTYPES = {
    "Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4",
    "Int64": "i8", "UInt64": "u8", "Float32": "f4", "Float64": "f8",
}  # fmt: skip
_SPACES = b" \n\r\t"
_DAMAGE = (ValueError, binascii.Error, zlib.error, lzma.LZMAError, RuntimeError)


class VtkXml:
    """One VTK XML file (.vtu, .vtp, .pvtu, ...): its element tree, and its arrays on demand.

    root: the VTKFile element; `kind` is its type attribute ("UnstructuredGrid", "PolyData", ...). The text of a
    DataArray is not in the tree: ask `array`.
    Raises ReadError when the file is cut short, is no VTK XML file or uses an unknown compressor.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        head, self._view, self._bodies, self._appended = _split(path)
        try:
            self.root = ET.fromstring(head)
        except ET.ParseError as error:
            raise TruncatedError(*_error_parts(path, f"XML that breaks off ({error})")) from None
        if self.root.tag != "VTKFile":
            raise self.damaged(f"a root element <{self.root.tag}>")
        self.kind = self.root.get("type", "")
        self._order = ">" if self.root.get("byte_order") == "BigEndian" else "<"
        self._header = np.dtype(self._order + _DTYPES[self.root.get("header_type", "UInt32")])
        self._decompress = decompressor(self.root.get("compressor"), path)

    def damaged(self, got: str) -> ReadError:
        """The error for content that contradicts itself, to raise."""
        return ReadError(*_error_parts(self.path, got))

    def array(self, element: ET.Element, length: int, components: int = 1) -> np.ndarray:
        """The values of a DataArray, (length,) or (length, components), native byte order.

        Raises ReadError unless exactly length * components values are there.
        """
        name = element.get("Name", "Points")
        kind = element.get("type", "")
        if not is_numeric(element):
            raise self.damaged(f"array '{name}' of type '{kind}'")
        # Bits are packed, eight to a byte, the first one highest; in text each stands for itself.
        dtype = np.dtype(self._order + _DTYPES.get(kind, "u1"))
        try:
            values = self._values(element, dtype)
            if kind == "Bit" and element.get("format", "ascii") != "ascii":
                values = np.unpackbits(values)[: length * components] if len(values) else values
        except _DAMAGE as error:
            raise self.damaged(f"array '{name}' that cannot be decoded ({error})") from None
        if values.size != length * components:
            raise self.damaged(f"array '{name}' with {values.size} of {length * components} values")
        values = values.astype(dtype.newbyteorder("="), copy=False)
        return values.reshape(length, components) if components > 1 else values

    def time(self) -> float | None:
        """The time of the file (FieldData "TimeValue"); None where it gives none."""
        for element in self.root.iterfind("./*/FieldData/DataArray"):
            if element.get("Name") == "TimeValue":
                return float(self.array(element, 1)[0])
        return None

    def _values(self, element: ET.Element, dtype: np.dtype) -> np.ndarray:
        form = element.get("format", "ascii")
        if form == "appended":
            offset, raw = int(element.get("offset", "0")), self.root.find("AppendedData")
            if raw is None or offset >= len(self._appended):
                raise ValueError("its appended data is missing")
            body = self._appended[offset:]
            source = RawBytes(body) if raw.get("encoding") == "raw" else Base64Bytes(body)
            return np.frombuffer(unpacked(source, self._header, self._decompress), dtype)
        start, stop = self._bodies[int(element.text)] if element.text else (0, 0)
        text = self._view[start:stop].strip(_SPACES)
        if form == "ascii":
            return _from_ascii(text, dtype)
        if any(text.find(space) >= 0 for space in (b"\n", b" ", b"\r", b"\t")):
            text = text.translate(None, _SPACES)
        return np.frombuffer(unpacked(Base64Bytes(text), self._header, self._decompress), dtype)


def is_numeric(element: ET.Element) -> bool:
    """Whether a DataArray holds numbers; bits count as such, strings do not."""
    return element.get("type", "") in _DTYPES or element.get("type") == "Bit"


def looks_like_vtk_xml(path: Path) -> bool:
    """Whether the first bytes are those of an XML file; never raises."""
    try:
        with path.open("rb") as file:
            return file.read(1024).lstrip().startswith((b"<?xml", b"<VTKFile", b"<!--"))
    except OSError:
        return False


def _split(path: Path) -> tuple[bytes, mmap.mmap, list[tuple[int, int]], memoryview]:
    """The XML with a number for the text of each DataArray; the file; where those texts are; the appended data.

    The XML parser sees a few kB: it would take longer over the numbers of a large file than decoding them takes.
    """
    if path.stat().st_size == 0:
        raise TruncatedError(*_error_parts(path, "an empty file"))
    with path.open("rb") as file:
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    end, appended = len(view), memoryview(view)[:0]
    parts: list[bytes] = []
    tail = b""
    start = view.find(b"<AppendedData")
    if start >= 0:
        opened, closed = view.find(b">", start), view.rfind(b"</AppendedData>")
        underscore = view.find(b"_", opened)
        if not start < opened < underscore < closed or view.find(b"</VTKFile>", closed) < 0:
            raise TruncatedError(*_error_parts(path, "a file that breaks off within its appended data"))
        end, tail, appended = (
            start,
            view[start : opened + 1] + view[closed:],
            memoryview(view)[underscore + 1 : closed],
        )
    bodies: list[tuple[int, int]] = []
    position = 0
    while (opening := view.find(b"<DataArray", position, end)) >= 0:
        begin = view.find(b">", opening, end) + 1
        stop = view.find(b"<", begin, end)
        if begin == 0 or stop < 0:
            break
        parts.append(view[position:begin])
        if view[begin - 2 : begin - 1] != b"/":
            parts.append(str(len(bodies)).encode())
            bodies.append((begin, stop))
        position = stop
    parts += [view[position:end], tail]
    return b"".join(parts), view, bodies, appended


def _error_parts(path: Path, got: str) -> tuple[str, str, str]:
    return f"'{path.name}' must be a complete VTK XML file", got, "Write the file again from the solver"


def _from_ascii(text: bytes, dtype: np.dtype) -> np.ndarray:
    native = dtype.newbyteorder("=")
    wide = np.uint64 if dtype.kind == "u" and dtype.itemsize == 8 else np.int64
    return parse_numbers(text, native.type if dtype.kind == "f" else wide).astype(native, copy=False)
