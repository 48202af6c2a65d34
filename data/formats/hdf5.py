"""HDF5: plain arrays by name, and PDEBench's layout with many runs in one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.formats import register
from fieldwright.data.formats.parsing.arrays.array_reader import ArrayReader
from fieldwright.data.formats.parsing.arrays.cf_values import decode_array
from fieldwright.data.formats.parsing.arrays.hdf5_values import open_hdf5, values_of
from fieldwright.data.formats.parsing.arrays.named_arrays import NamedArray


class Hdf5Reader(ArrayReader):
    """Reads `.h5` and `.hdf5` files; groups that hold the same arrays, as "0000", "0001", ..., are runs."""

    name = "hdf5"
    version = "2"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes; the `.h5` beside an XDMF file of that name is not a result itself."""
        if path.suffix.lower() not in (".h5", ".hdf5", ".hdf") or not path.is_file():
            return False
        if any(path.with_suffix(suffix).exists() for suffix in (".xdmf", ".xmf")):
            return False
        with path.open("rb") as file:
            return file.read(8) == b"\x89HDF\r\n\x1a\n"

    @contextmanager
    def open_arrays(self, path: Path) -> Iterator[Mapping[str, Mapping[str, NamedArray]]]:
        """All arrays in one group, or a group of arrays for each run."""
        with open_hdf5(path) as file:
            groups = {name: arrays_under(item) for name, item in file.items() if not hasattr(item, "shape")}
            names = {tuple(sorted(arrays)) for arrays in groups.values()}
            root_arrays = {name: item for name, item in arrays_under(file).items() if "/" not in name}
            if len(groups) > 1 and len(names) == 1:
                yield {name: {**root_arrays, **arrays} for name, arrays in groups.items()}
            else:
                yield {"": arrays_under(file)}


def arrays_under(group: Any) -> dict[str, NamedArray]:
    """The datasets of a group and of all groups in it, by their path."""
    arrays: dict[str, NamedArray] = {}

    def add(name: str, item: Any) -> None:
        if hasattr(item, "shape") and item.shape is not None:
            unit = item.attrs.get("units", item.attrs.get("unit"))
            text = unit.decode("utf-8", errors="replace") if isinstance(unit, bytes) else unit
            unit_text = text if isinstance(text, str) and text else None
            dtype, values = decode_array(np.dtype(item.dtype), item.attrs, _reader(item))
            arrays[name] = NamedArray(item.shape, dtype, values, unit=unit_text)

    group.visititems(add)
    return arrays


def _reader(dataset: Any):
    return lambda selection=...: values_of(dataset, selection)


register(Hdf5Reader())
