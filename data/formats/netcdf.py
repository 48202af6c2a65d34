"""NetCDF: classic and netCDF-4, axes recognised by the names of the dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fieldwright.data.formats import register
from fieldwright.data.formats.parsing.arrays.array_reader import ArrayReader
from fieldwright.data.formats.parsing.arrays.named_arrays import NamedArray
from fieldwright.data.formats.parsing.arrays.netcdf_values import looks_like_netcdf, variables_of


class NetcdfReader(ArrayReader):
    """Reads `.nc` files: coordinates x, y, z or points, time, and fields over their dimensions."""

    name = "netcdf"
    version = "2"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        return (
            path.suffix.lower() in (".nc", ".nc4", ".cdf", ".netcdf")
            and path.is_file()
            and looks_like_netcdf(path)
        )

    @contextmanager
    def open_arrays(self, path: Path) -> Iterator[Mapping[str, Mapping[str, NamedArray]]]:
        """The variables of the root group."""
        with variables_of(path) as variables:
            yield {
                "": {
                    name: NamedArray(
                        one.shape, one.dtype, one.values, one.dimensions, one.text("units") or None
                    )
                    for name, one in variables.items()
                }
            }


register(NetcdfReader())
