"""Packed and missing values by the CF conventions, against the numbers that the writer packed."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from scipy.io import netcdf_file

from fieldwright.data.formats import reader_for

NAN = np.nan
T = np.array([[273.15, 274.15, 275.15], [276.15, NAN, 278.15]])
PACKED = {"scale_factor": 0.01, "add_offset": 273.15}


def classic(path: Path, dtype: str, raw, attributes: dict, x=(0.0, 1.0, 2.0), x_attributes=None) -> Path:
    with netcdf_file(path, "w") as file:
        for name, length in (("time", 2), ("x", 3)):
            file.createDimension(name, length)
        for name, kind, dimensions, values, attributes_of in (
            ("time", "d", ("time",), [0, 1], {}),
            ("x", np.asarray(x).dtype.char, ("x",), x, x_attributes or {}),
            ("T", dtype, ("time", "x"), raw, attributes),
        ):
            variable = file.createVariable(name, kind, dimensions)
            for key, value in attributes_of.items():
                setattr(variable, key, value)
            variable[:] = values
    return path


def hdf5(path: Path, dtype: str, raw, attributes: dict, x=(0.0, 1.0, 2.0), x_attributes=None) -> Path:
    with h5py.File(path, "w") as file:
        file["time"], file["x"], file["T"] = [0.0, 1.0], np.asarray(x), np.asarray(raw).astype(dtype)
        for name in ("time", "x"):
            file[name].make_scale(name)
        for i, name in enumerate(("time", "x")):
            file["T"].dims[i].attach_scale(file[name])
        # netCDF-4 writes numbers as rows of one.
        for name, attributes_of in (("T", attributes), ("x", x_attributes or {})):
            for key, value in attributes_of.items():
                file[name].attrs[key] = value if isinstance(value, str) else np.atleast_1d(value)
    return path


@pytest.fixture(params=["classic.nc", "new.nc", "plain.h5"])
def written(request, tmp_path):
    return lambda *args, **attributes_of: (classic if request.param == "classic.nc" else hdf5)(
        tmp_path / request.param, *args, **attributes_of
    )


def field(path: Path) -> np.ndarray:
    return reader_for(path).read(path).fields["T"].values[..., 0]


RAW = [[0, 100, 200], [300, -32767, 500]]


@pytest.mark.parametrize(
    "attributes",
    [
        {"_FillValue": np.int16(-32767)},
        {"missing_value": np.int16(-32767)},
        {"valid_range": np.array([0, 1000], np.int16)},
        {"valid_min": np.int16(-100)},
        {"_FillValue": np.int16(-1), "missing_value": np.int16(-32767)},
        {"missing_value": np.array([-1, -32767], np.int16)},
        {"_FillValue": np.int16(-32767), "valid_range": np.array([200.0, 300.0])},
        {"valid_range": np.array([200.0, 300.0])},
    ],
    ids=[
        "fill",
        "missing",
        "range",
        "least",
        "fill and missing",
        "two missing",
        "range unpacked",
        "range unpacked alone",
    ],
)
def test_packed_numbers_are_unpacked_and_missing_ones_are_nan(written, attributes):
    np.testing.assert_allclose(field(written("i2", RAW, {**PACKED, **attributes})), T, rtol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "raw", "attributes", "right"),
    [
        ("f4", [[1, 1e20, 3], [4, 5, 6]], {"_FillValue": np.float32(1e20)}, [[1, NAN, 3], [4, 5, 6]]),
        # A double that the array's floats do not meet in all digits.
        ("f4", [[1, 1e20, 3], [4, 5, 6]], {"missing_value": 1e20}, [[1, NAN, 3], [4, 5, 6]]),
        ("f4", [[1, -999.9, 3], [4, 5, 6]], {"missing_value": -999.9}, [[1, NAN, 3], [4, 5, 6]]),
        ("f8", [[1, -5, 3], [4, 500, 6]], {"valid_min": 0.0, "valid_max": 100.0}, [[1, NAN, 3], [4, NAN, 6]]),
        ("f4", [[1, 9.969209968386869e36, 3], [4, 5, 6]], {}, [[1, NAN, 3], [4, 5, 6]]),
        ("i4", [[1, -9, 3], [4, 5, 6]], {"_FillValue": np.int32(-9)}, [[1, NAN, 3], [4, 5, 6]]),
        (
            "i4",
            [[1, 2, 3], [4, 5, 16777217]],
            {"scale_factor": np.float32(2)},
            [[2, 4, 6], [8, 10, 33554434]],
        ),
        ("i2", [[1, 2, 3], [4, 5, 6]], {"scale_factor": np.int32(10)}, [[10, 20, 30], [40, 50, 60]]),
        (
            "i1",
            [[1, -1, 3], [4, 5, 6]],
            {"_Unsigned": "true", "scale_factor": 2.0},
            [[2, 510, 6], [8, 10, 12]],
        ),
        ("f8", [[1, 2, 3], [4, 5, 6]], {"add_offset": 1.0, "scale_factor": 2.0}, [[3, 5, 7], [9, 11, 13]]),
        ("f8", [[1, 2, 3], [4, 5, 6]], {"missing_value": "none", "units": "K"}, [[1, 2, 3], [4, 5, 6]]),
    ],
)
def test_every_attribute_counts_in_every_type(written, dtype, raw, attributes, right):
    np.testing.assert_array_equal(field(written(dtype, raw, attributes)), right)


def test_coordinates_are_unpacked_too(written):
    path = written(
        "f8", np.ones((2, 3)), {}, x=np.array([0, 5, 10], np.int16), x_attributes={"scale_factor": 0.1}
    )
    points = reader_for(path).read(path).mesh.points
    np.testing.assert_allclose(points[:, 0], [0, 0.5, 1])


def test_what_xarray_packs_comes_back(tmp_path):
    x = np.linspace(0, 1, 50)
    dataset = xr.Dataset({"T": (("x",), 300 + 5 * np.sin(7 * x))}, {"x": x})
    for engine in ("scipy", "h5netcdf"):
        path = tmp_path / f"{engine}.nc"
        packing = {"T": {"dtype": "i2", "scale_factor": 1e-3, "add_offset": 300.0, "_FillValue": -32768}}
        dataset.to_netcdf(path, engine=engine, encoding=packing)
        np.testing.assert_allclose(field(path)[0], dataset["T"].values, atol=5.1e-4)
