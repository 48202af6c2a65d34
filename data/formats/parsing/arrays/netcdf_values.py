"""Variables of NetCDF files, classic or netCDF-4 (by h5py), behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats.parsing.arrays.cf_values import decode_array
from fieldwright.data.formats.parsing.arrays.hdf5_values import open_hdf5, values_of
from fieldwright.data.formats.parsing.arrays.netcdf_classic import Variable, read_classic


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
    """The variables of the root group by name, decoded; dimensions that are no variables are left out.

    Raises ReadError where the file is cut short or no NetCDF.
    """
    if not path.is_file():
        raise ReadError("The NetCDF file must exist", f"no '{path}'", "Correct the path")
    with path.open("rb") as file:
        classic = file.read(3) == b"CDF"
    if classic:
        yield _decoded(read_classic(path))
    else:
        with open_hdf5(path) as file:
            yield _decoded(_hdf5(file))


def _decoded(variables: dict[str, Variable]) -> dict[str, Variable]:
    decoded_variables = {}
    for name, one in variables.items():
        dtype, values = decode_array(one.dtype, one.attributes, one.values)
        decoded_variables[name] = replace(one, dtype=dtype, values=values)
    return decoded_variables


def _hdf5(file: Any) -> dict[str, Variable]:
    variables = {}
    for name, dataset in file.items():
        if not hasattr(dataset, "shape"):
            continue
        is_scale = dataset.attrs.get("CLASS") in (b"DIMENSION_SCALE", "DIMENSION_SCALE")
        label = dataset.attrs.get("NAME", b"")
        label = label.decode("utf-8", errors="replace") if isinstance(label, bytes) else str(label)
        if is_scale and label.startswith("This is a netCDF dimension but not"):
            continue
        dimensions = _dimensions(file, name, dataset, is_scale)
        variables[name] = Variable(
            dimensions, dataset.shape, dataset.dtype, dict(dataset.attrs), _reader(dataset)
        )
    return variables


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
