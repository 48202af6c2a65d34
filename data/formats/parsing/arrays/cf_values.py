"""Packed and missing values of NetCDF and HDF5 arrays, by the CF conventions: numbers as their writer meant them.

`scale_factor`, `add_offset`, `_FillValue`, `missing_value` and `_Unsigned` are decoded by xarray; here are
`valid_min`, `valid_max` and `valid_range`, and the value that NetCDF leaves where nothing was written.

References
----------
CF conventions, sections 2.5.1 and 8.1 (cfconventions.org); NetCDF User's Guide, "Attribute Conventions".
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_PACKED = ("scale_factor", "add_offset")
_MISSING = ("_FillValue", "missing_value")
_VALID = ("valid_min", "valid_max", "valid_range")
_UNWRITTEN = 9.969209968386869e36


def decode_array(
    dtype: np.dtype, attributes: Mapping[str, Any], values: Callable[..., np.ndarray]
) -> tuple[np.dtype, Callable[..., np.ndarray]]:
    """The type and the reader of an array with its attributes applied: NaN where it has no value.

    Integers that are not packed and have no missing value stay integers.
    """
    numbers = {name: number for name in attributes if (number := _number(attributes[name])) is not None}
    settings: dict[str, Any] = {
        name: numbers[name] for name in (*_PACKED, *_MISSING, *_VALID) if name in numbers
    }
    unsigned = str(_text(attributes.get("_Unsigned", ""))).lower()
    if unsigned in ("true", "false") and dtype.kind in "iu":
        settings["_Unsigned"] = unsigned
    fills = dtype.kind == "f" and "_FillValue" not in settings
    if dtype.kind not in "iuf" or not (settings or fills):
        return dtype, values
    if not settings:
        return dtype, lambda selection=...: _nan_where_unwritten(values(selection))
    dtype = dtype.newbyteorder("=")
    is_integer = dtype.kind in "iu" and not any(name in settings for name in (*_PACKED, "_Unsigned"))
    if is_integer and not np.isnan(_decode(values(), settings)).any():
        # Counts and node numbers without a missing value.
        return dtype, values
    return _decode(np.empty(0, dtype), settings).dtype, lambda selection=...: _decode(
        values(selection), settings
    )


def _decode(raw: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    """Values of raw ones; missing are those equal to a fill value, outside the valid range, or never written."""
    import xarray as xr

    raw = np.asarray(raw)
    packed = any(name in attributes for name in _PACKED)
    encoding: dict[str, Any] = {
        name: _factor(attributes[name], raw.dtype) for name in _PACKED if name in attributes
    }
    encoding |= {"_Unsigned": attributes["_Unsigned"]} if "_Unsigned" in attributes else {}
    encoding |= {
        name: fill_value
        for name in _MISSING
        if (fill_value := _of_type(attributes.get(name), raw.dtype)) is not None
    }
    if "_FillValue" not in encoding and raw.dtype.kind == "f":
        raw = _nan_where_unwritten(raw)
    axes = [f"axis_{i}" for i in range(raw.ndim)]
    dataset = xr.Dataset({"values": (axes, raw, encoding)})
    with warnings.catch_warnings():
        # A fill value and another missing value may both be there: both are missing.
        warnings.simplefilter("ignore", xr.SerializationWarning)
        values = xr.decode_cf(
            dataset, concat_characters=False, decode_times=False, decode_timedelta=False, decode_coords=False
        )["values"].to_numpy()
    compared = raw
    if attributes.get("_Unsigned") == "true":
        compared = raw.view(f"u{raw.dtype.itemsize}")
    # A range of the wider type that the values are unpacked to is one of unpacked values.
    wide = (
        packed
        and raw.dtype.kind in "iu"
        and any(attributes[name].dtype.kind == "f" for name in _VALID if name in attributes)
    )
    outside = _outside(values if wide else compared, attributes)
    unpacked = [
        value
        for name in _MISSING
        for value in (attributes[name].ravel() if name in attributes and name not in encoding else ())
        if packed
    ]
    for value in unpacked:
        outside |= np.isclose(values, value, rtol=1e-6, atol=0)
    if outside.any():
        values = np.where(outside, np.nan, values if values.dtype.kind == "f" else values.astype(np.float64))
    return values


def _outside(values: np.ndarray, attributes: Mapping[str, Any]) -> np.ndarray:
    outside = np.zeros(values.shape, dtype=bool)
    low, high = attributes.get("valid_min"), attributes.get("valid_max")
    if "valid_range" in attributes and attributes["valid_range"].size == 2:
        low, high = attributes["valid_range"].ravel()
    kind = values.dtype.type if values.dtype.kind == "f" else float
    with np.errstate(over="ignore"):
        if low is not None:
            outside |= values < kind(np.ravel(low)[0])
        if high is not None:
            outside |= values > kind(np.ravel(high)[0])
    return outside


def _nan_where_unwritten(values: np.ndarray) -> np.ndarray:
    unwritten = (
        values == values.dtype.type(_UNWRITTEN) if values.dtype.itemsize > 2 else np.zeros((), dtype=bool)
    )
    return np.where(unwritten, values.dtype.type(np.nan), values) if unwritten.any() else values


def _of_type(value: np.ndarray | None, dtype: np.dtype) -> np.ndarray | np.generic | None:
    """Missing values in the type of the array, to compare with; None where that type cannot represent them."""
    if value is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        cast_value = value.astype(dtype)
    if dtype.kind != "f" and not np.array_equal(cast_value, value):
        return None
    return cast_value[0] if cast_value.size == 1 else cast_value


def _factor(value: np.ndarray, dtype: np.dtype) -> np.floating:
    """A scale or an offset in a type that keeps all digits of the packed numbers."""
    exact = value.dtype.kind == "f" and dtype.itemsize < 4
    return value[0] if exact else np.float64(value[0])


def _number(value: Any) -> np.ndarray | None:
    array = np.atleast_1d(np.asarray(value))
    return array if array.dtype.kind in "iuf" and array.size else None


def _text(value: Any) -> Any:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
