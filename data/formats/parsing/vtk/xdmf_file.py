"""XDMF: a tree in XML whose numbers stand in it or in HDF5 or binary files beside it.

Source: XDMF Model and Format, version 3 (xdmf.org).
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats.parsing.arrays.hdf5_values import open_hdf5, values_of
from fieldwright.data.formats.parsing.text.number_text import number_of, parse_numbers

_KINDS = {"float": "f", "int": "i", "uint": "u", "char": "i1", "uchar": "u1"}


class XdmfFile:
    """A file's grids by time, and the values of its data items. Raises ReadError where it is no whole XDMF."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = [path]
        try:
            self.root = ET.fromstring(path.read_bytes())
        except ET.ParseError as error:
            raise TruncatedError(*self._error_parts(f"XML that breaks off ({error})")) from None
        domain = self.root.find("Domain")
        if self.root.tag != "Xdmf" or domain is None:
            raise self.damaged("no <Domain> within <Xdmf>")
        self.grids = self._grids(domain)
        if not self.grids:
            raise self.damaged("no grid")

    def damaged(self, got: str) -> ReadError:
        """The error for content that contradicts itself, to raise."""
        return ReadError(*self._error_parts(got))

    def _error_parts(self, got: str) -> tuple[str, str, str]:
        return f"'{self.path.name}' must be a whole XDMF file", got, "Write it again from the solver"

    def part(self, grid: ET.Element, tag: str) -> ET.Element | None:
        """The Topology or Geometry of a grid; where it has none of its own, that of the first grid which has."""
        element = grid.find(tag)
        return element if element is not None else self.root.find(f".//Grid/{tag}")

    def largest_item(self) -> int:
        """The largest number of values that an attribute's data item states: no mesh can be far larger."""
        items = self.root.iterfind(".//Attribute/DataItem")
        return max((math.prod(self.shape(item)) for item in items), default=0)

    def shape(self, item: ET.Element) -> tuple[int, ...]:
        """The dimensions that a data item states."""
        try:
            return tuple(int(word) for word in item.get("Dimensions", "").split())
        except ValueError:
            raise self.damaged(f"the dimensions '{item.get('Dimensions')}'") from None

    def values(self, item: ET.Element | None) -> np.ndarray:
        """The numbers of a data item in the shape that it states; raises ReadError where their number differs."""
        if item is None:
            raise self.damaged("a part without its data")
        if item.get("Reference") is not None or item.get("ItemType", "Uniform") != "Uniform":
            kind = item.get("ItemType", "a reference")
            raise ReadError(
                "Data items of XDMF must be plain", f"'{kind}' in '{self.path.name}'", "Write them plainly"
            )
        shape = self.shape(item)
        form, text = item.get("Format", "XML"), (item.text or "").strip()
        if form == "HDF":
            values = self._hdf(text)
        elif form == "Binary":
            values = self._binary(item, text, math.prod(shape))
        else:
            is_integer = item.get("NumberType", item.get("DataType", "")).lower() in ("int", "uint")
            try:
                values = parse_numbers(text, np.int64 if is_integer else np.float64, math.prod(shape))
            except ValueError as word:
                raise self.damaged(f"text among its numbers ('{word}')") from None
        if values.size != math.prod(shape):
            raise self.damaged(f"{values.size} numbers for the dimensions {' x '.join(map(str, shape))}")
        return values.reshape(shape)

    def _hdf(self, text: str) -> np.ndarray:
        name, _, inside = text.partition(":")
        path = self.path.parent / name
        with open_hdf5(path) as file:
            if inside not in file or not hasattr(file[inside], "shape"):
                raise ReadError(
                    f"'{name}' must hold the values of '{self.path.name}'",
                    f"no '{inside}'",
                    "Write both again",
                )
            if path not in self.files:
                self.files.append(path)
            return values_of(file[inside])

    def _binary(self, item: ET.Element, name: str, count: int) -> np.ndarray:
        path = self.path.parent / name
        kind = _KINDS.get(item.get("NumberType", item.get("DataType", "Float")).lower(), "f")
        size = item.get("Precision", "4") if len(kind) == 1 else ""
        order = ">" if item.get("Endian") == "Big" else "<"
        if not path.is_file():
            raise ReadError(f"All files of '{self.path.name}' must be there", f"no '{name}'", "Copy them too")
        if path not in self.files:
            self.files.append(path)
        content, seek = path.read_bytes(), int(item.get("Seek", "0"))
        dtype = np.dtype(f"{order}{kind}{size}")
        if seek + count * dtype.itemsize > len(content):
            raise TruncatedError(
                *self._error_parts(f"{len(content)} bytes in '{name}' where {count} numbers should be")
            )
        return np.frombuffer(content, dtype, count, seek).astype(dtype.newbyteorder("="))

    def _grids(self, domain: ET.Element) -> dict[float | None, list[ET.Element]]:
        """Uniform grids by their time (None where there is none); a mesh alone only where no grid has fields."""
        timed: list[tuple[float | None, ET.Element]] = []
        for grid in domain.iterfind("Grid"):
            if grid.get("GridType", "Uniform") != "Collection":
                timed.append((_time(grid), grid))
            elif grid.get("CollectionType", "Spatial") == "Temporal":
                timed += self._steps(grid)
            else:
                got = f"a spatial collection in '{self.path.name}'"
                raise ReadError("A grid must be one mesh", got, "Join its parts before")
        with_fields = [(time, grid) for time, grid in timed if grid.find("Attribute") is not None]
        grids_by_time: dict[float | None, list[ET.Element]] = {}
        for time, grid in with_fields or timed:
            grids_by_time.setdefault(time, []).append(grid)
        return grids_by_time

    def _steps(self, collection: ET.Element) -> list[tuple[float | None, ET.Element]]:
        grids = collection.findall("Grid")
        if any(grid.get("GridType", "Uniform") != "Uniform" for grid in grids):
            raise self.damaged("collections within collections")
        listed: list[float | None] = [None] * len(grids)
        time = collection.find("Time")
        if time is not None and time.find("DataItem") is not None:
            times = self.values(time.find("DataItem")).ravel().astype(float)
            if time.get("TimeType") == "HyperSlab" and len(times) == 3:
                times = times[0] + times[1] * np.arange(len(grids))
            if len(times) != len(grids):
                raise self.damaged(f"{len(times)} times for {len(grids)} grids")
            listed = times.tolist()
        times_in_grids = [_time(grid) for grid in grids]
        return [
            (of_list if mine is None else mine, g)
            for of_list, mine, g in zip(listed, times_in_grids, grids, strict=True)
        ]


def _time(grid: ET.Element) -> float | None:
    time = grid.find("Time")
    return None if time is None or time.get("Value") is None else number_of(time.get("Value", ""))
