"""Arrays written here are what the zarr library reads, in every shape, and come back region by region."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.store.chunks import Chunks, write_group
from fieldwright.data.store.groups import chunks_of

TYPES = ("float32", "float64", "int32", "int64")


@st.composite
def arrays(draw):
    """An array of 0 to 3 axes, a shape of chunks, and a region."""
    shape = tuple(draw(st.lists(st.integers(1, 9), max_size=3)))
    chunks = tuple(draw(st.integers(1, size)) for size in shape)
    bounds = [sorted((draw(st.integers(0, size)), draw(st.integers(0, size)))) for size in shape]
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    values = np.random.default_rng(draw(st.integers(0, 99))).uniform(-1e6, 1e6, shape).astype(dtype)
    return values, chunks, [tuple(bound) for bound in bounds]


@given(arrays())
def test_what_is_written_is_read_by_us_and_by_zarr(given_):
    values, chunks, region = given_
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "group" / "a"
        dims = [f"axis_{i}" for i in range(values.ndim)]
        array = Chunks.create(path, values.shape, chunks, values.dtype, dims, {"units": "m"})
        array.write(values)
        write_group(path.parent, {"title": "t"}, {"a": array})
        np.testing.assert_array_equal(Chunks(path).read(), values)
        part = values[tuple(slice(*bound) for bound in region)]
        np.testing.assert_array_equal(Chunks(path).read(region), part)
        theirs = zarr.open_group(path.parent, mode="r")["a"]
        np.testing.assert_array_equal(theirs[...], values)
        assert theirs.dtype == values.dtype
        assert theirs.metadata.dimension_names == tuple(dims)
        assert dict(theirs.attrs) == {"units": "m"}


@pytest.mark.parametrize(("values", "share"), [(np.arange(90_000.0), 0.34), (None, 1.01)])
def test_what_shrinks_is_compressed_and_what_does_not_stays_as_it_is(tmp_path, values, share):
    values = np.random.default_rng(0).standard_normal(90_000) if values is None else values
    array = Chunks.create(tmp_path / "a", values.shape, (30_000,), values.dtype, ("x",), {})
    array.write(values)
    size = sum(path.stat().st_size for path in (tmp_path / "a").glob("c.*"))
    assert 0.001 < size / values.nbytes < share
    np.testing.assert_array_equal(array.read(), values)
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "a", mode="r")[:], values)
    chunk = tmp_path / "a" / "c.1"
    for damaged in (chunk.read_bytes()[:-1], chunk.read_bytes()[:10], b"", chunk.read_bytes() + b"?"):
        chunk.write_bytes(damaged)
        with pytest.raises(
            ValueError, match=r"chunk \(1,\) (of another size|that does not have its check sum)"
        ):
            array.read()


def test_blocks_of_rows_are_written_one_after_the_other(tmp_path):
    values = np.arange(70.0).reshape(10, 7)
    array = Chunks.create(tmp_path / "a", (10, 7), (4, 3), values.dtype, ("r", "c"), {})
    for row in (8, 0, 4):
        array.write(values[row : row + 4], (row, 0))
    np.testing.assert_array_equal(array.read(), values)


def test_arrays_of_other_codecs_are_refused(tmp_path):
    zarr.create_array(tmp_path / "a", data=np.zeros(3))
    with pytest.raises(ValueError, match="other codecs"):
        Chunks(tmp_path / "a")


@given(st.lists(st.integers(1, 10_000_000), max_size=3), st.sampled_from([4, 8]))
def test_chunks_are_of_equal_parts_and_at_most_8_mb(shape, itemsize):
    chunks = chunks_of(tuple(shape), itemsize)
    assert int(np.prod(chunks, dtype=object)) * itemsize <= 8 << 20
    for size, chunk in zip(shape, chunks, strict=True):
        parts = -(-size // chunk)
        # No chunk at the edge is more than one value per part short.
        assert parts * chunk - size < parts
