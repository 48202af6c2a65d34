"""Variables of NetCDF files, classic (by SciPy) or netCDF-4 (by h5py), under one face."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import ReadError, TruncatedError
from data.hdf5_values import opened, values_of


@dataclass(frozen=True, eq=False)
class Variable:
    """One variable: names of its dimensions, its shape, its attributes, and `values(selection)` on demand."""

    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype
    attributes: dict[str, Any]
    values: Callable[..., np.ndarray]

    def text(self, name: str) -> str:
        """A text attribute, "" where there is none."""
        value = self.attributes.get(name, "")
        return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def looks_like_netcdf(path: Path) -> bool:
    """By the first bytes, of the classic formats or of HDF5; never raises."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError:
        return False
    return head[:3] == b"CDF" or head == b"\x89HDF\r\n\x1a\n"


@contextmanager
def variables_of(path: Path) -> Iterator[dict[str, Variable]]:
    """The variables of the root group by name; dimensions that are no variables are left out.

    Raises ReadError where the file is cut short or no NetCDF.
    """
    if not path.is_file():
        raise ReadError("The NetCDF file must exist", f"no '{path}'", "Correct the path")
    with path.open("rb") as file:
        classic = file.read(3) == b"CDF"
    if classic:
        yield _classic(path)
    else:
        with opened(path) as file:
            yield _hdf5(file)


def _classic(path: Path) -> dict[str, Variable]:
    from scipy.io import netcdf_file

    try:
        with netcdf_file(path, "r", mmap=False) as file:
            found = dict(file.variables)
    except Exception as error:  # SciPy raises whatever its parsing trips over
        raise TruncatedError(
            f"'{path.name}' must be a whole NetCDF file", f"{type(error).__name__}: {error}", "Write it again"
        ) from None
    return {
        name: Variable(one.dimensions, one.shape, np.dtype(one.data.dtype), one._attributes, _taker(one.data))
        for name, one in found.items()
    }


def _taker(data: np.ndarray) -> Callable[..., np.ndarray]:
    def take(selection: Any = ...) -> np.ndarray:
        values = np.asarray(data[selection])
        return values.astype(values.dtype.newbyteorder("="))

    return take


def _hdf5(file: Any) -> dict[str, Variable]:
    found = {}
    for name, dataset in file.items():
        if not hasattr(dataset, "shape"):
            continue
        is_scale = dataset.attrs.get("CLASS") in (b"DIMENSION_SCALE", "DIMENSION_SCALE")
        label = dataset.attrs.get("NAME", b"")
        label = label.decode("utf-8", errors="replace") if isinstance(label, bytes) else str(label)
        if is_scale and label.startswith("This is a netCDF dimension but not"):
            continue
        dimensions = _dimensions(file, name, dataset, is_scale)
        found[name] = Variable(
            dimensions, dataset.shape, dataset.dtype, dict(dataset.attrs), _reader(dataset)
        )
    return found


def _reader(dataset: Any) -> Callable[..., np.ndarray]:
    return lambda selection=...: values_of(dataset, selection)


def _dimensions(file: Any, name: str, dataset: Any, is_scale: bool) -> tuple[str, ...]:
    """Names of the scales of a dataset's axes; an axis without one is named by its length."""
    if "DIMENSION_LIST" in dataset.attrs:
        listed = dataset.attrs["DIMENSION_LIST"]
        names = [
            file[references[0]].name.rsplit("/", 1)[-1] if len(references) else "" for references in listed
        ]
        return tuple(name or f"dim_{n}" for name, n in zip(names, dataset.shape, strict=True))
    if is_scale and len(dataset.shape) == 1:
        return (name,)
    return tuple(f"dim_{n}" for n in dataset.shape)
