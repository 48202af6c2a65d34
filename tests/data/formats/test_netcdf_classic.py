"""The classic NetCDF formats, written by SciPy or byte by byte, read back."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import netcdf_file

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats.parsing.arrays.netcdf_classic import read_classic


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    version=st.sampled_from([1, 2]),
    kinds=st.lists(
        st.tuples(st.sampled_from("bhifd"), st.booleans(), st.integers(0, 2)), min_size=1, max_size=4
    ),
    n_records=st.integers(1, 4),
)
def test_what_scipy_writes_is_read_back(tmp_path_factory, version, kinds, n_records):
    """Variables over records take turns, padded to four bytes unless they are alone."""
    path = tmp_path_factory.mktemp("nc") / "file.nc"
    rng = np.random.default_rng(n_records)
    written = {}
    with netcdf_file(path, "w", version=version) as file:
        file.createDimension("record", None)
        for name, length in (("a", 3), ("b", 5)):
            file.createDimension(name, length)
        for i, (kind, over_records, rank) in enumerate(kinds):
            dimensions = (("record",) if over_records else ()) + ("a", "b")[:rank]
            shape = ((n_records,) if over_records else ()) + (3, 5)[:rank]
            if not shape:
                continue
            values = rng.integers(-100, 100, shape).astype(kind)
            variable = file.createVariable(f"v{i}", kind, dimensions)
            variable.units = "m/s"
            variable[:] = values
            written[f"v{i}"] = (values, dimensions)
    found = read_classic(path)
    assert found.keys() == written.keys()
    for name, (values, dimensions) in written.items():
        np.testing.assert_array_equal(found[name].values(), values)
        assert found[name].dimensions == dimensions
        assert found[name].text("units") == "m/s"


def cdf5(length: int, values: bytes) -> bytes:
    """A file of one variable u over x in the 64-bit data format."""
    q = struct.Struct(">q").pack
    head = (
        b"CDF\x05"
        + q(0)
        + struct.pack(">iq", 10, 1)
        + q(1)
        + b"x\0\0\0"
        + q(length)
        + struct.pack(">iq", 0, 0)
    )
    variable = (
        q(1) + b"u\0\0\0" + q(1) + q(0) + struct.pack(">iq", 0, 0) + struct.pack(">i", 6) + q(len(values))
    )
    head += struct.pack(">iq", 11, 1) + variable
    return head + q(len(head) + 8) + values


def test_the_64_bit_data_format_is_read(tmp_path):
    (tmp_path / "five.nc").write_bytes(cdf5(3, struct.pack(">3d", 1.5, -2, 1e300)))
    assert read_classic(tmp_path / "five.nc")["u"].values().tolist() == [1.5, -2, 1e300]


def test_a_length_beyond_the_file_is_refused(tmp_path):
    (tmp_path / "long.nc").write_bytes(cdf5(10**12, struct.pack(">3d", 1.5, -2, 1e300)))
    with pytest.raises(TruncatedError, match="where 'u' ends at 8000000000"):
        read_classic(tmp_path / "long.nc")
    (tmp_path / "other.nc").write_bytes(b"CDF\x07" + bytes(40))
    with pytest.raises(ReadError, match="the beginning"):
        read_classic(tmp_path / "other.nc")
