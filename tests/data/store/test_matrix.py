"""A frozen matrix holds the runs as rows, whichever way it is read, and does not change under its name."""

import pickle
import shutil

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import StoreError
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.timebase import TimeRule
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.frozen_matrix import FrozenMatrix, chunk_shape, freeze
from fieldwright.data.store.snapshot_store import SnapshotStore

POINTS = 700
MESH = Mesh(np.random.default_rng(0).uniform(size=(POINTS, 3)))


def fill(store: SnapshotStore, runs: int, times: int = 1) -> np.ndarray:
    """Stores runs of a vector field; returns it as (runs, times, points, 3)."""
    values = np.random.default_rng(1).standard_normal((runs, times, POINTS, 3)).astype(np.float32)
    for i in range(runs):
        field = Field(values[i], "point", ("x", "y", "z"), "m/s")
        axis = np.arange(1.0, times + 1) if times > 1 else None
        store.add(Run(MESH, {"U": field}, axis), f"r{i:03d}", {"a": float(i)})
    return values


@pytest.fixture(scope="module")
def frozen(tmp_path_factory) -> tuple[FrozenMatrix, np.ndarray]:
    store = SnapshotStore(tmp_path_factory.mktemp("matrix") / "store")
    values = fill(store, 70, times=2)
    return freeze(store, "U"), values.reshape(140, -1)


def test_rows_are_snapshots_and_columns_are_points_then_components(frozen):
    matrix, values = frozen
    assert matrix.shape == (140, 3 * POINTS)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix[:], values)
    assert matrix.info.runs[:2] == ("r000", "r001")
    assert matrix.info.times == (1.0, 2.0)
    assert (matrix.info.components, matrix.info.unit, matrix.info.mesh) == (("x", "y", "z"), "m/s", MESH.hash)


bounds = st.one_of(st.none(), st.integers(-150, 150))
keys = st.one_of(st.builds(slice, bounds, bounds), st.integers(-140, 139))
columns = st.one_of(
    st.builds(
        slice, st.one_of(st.none(), st.integers(-2100, 2100)), st.one_of(st.none(), st.integers(0, 2100))
    ),
    st.integers(-2100, 2099),
)


@given(keys, columns)
def test_every_slice_is_what_numpy_gives(frozen, rows, cols):
    matrix, values = frozen
    np.testing.assert_array_equal(matrix[rows, cols], values[rows, cols])
    np.testing.assert_array_equal(matrix[rows], values[rows])


def test_what_is_not_there_is_an_index_error_as_in_numpy(frozen):
    matrix, _ = frozen
    with pytest.raises(IndexError):
        matrix[140]
    with pytest.raises(IndexError, match="slices of step 1"):
        matrix[::2]


def test_any_zarr_tool_reads_it(frozen):
    matrix, values = frozen
    np.testing.assert_array_equal(zarr.open_array(matrix.path / "snapshots", mode="r")[:], values)


def test_it_goes_to_other_processes(frozen):
    matrix, values = frozen
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(matrix))[3], values[3])  # noqa: S301


def test_the_same_runs_are_frozen_once(store):
    fill(store, 3)
    first = freeze(store, "U")
    before = (first.path / "zarr.json").stat().st_mtime_ns
    assert freeze(store, "U", ["r000", "r001", "r002"]).path == first.path
    assert (first.path / "zarr.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "change", ["fewer runs", "another order", "a run computed anew", "another time rule"]
)
def test_other_rows_have_another_name(store, change):
    values = fill(store, 3)
    first = freeze(store, "U")
    runs, rule = ["r000", "r001", "r002"], TimeRule()
    if change == "fewer runs":
        runs = runs[:2]
    elif change == "another order":
        runs = runs[::-1]
    elif change == "another time rule":
        rule = TimeRule("last")
    else:
        store.add(Run(MESH, {"U": Field(values[0] + 1, "point", ("x", "y", "z"))}), "r001", {"a": 1.0})
    second = freeze(store, "U", runs, rule)
    assert second.name != first.name
    # What was frozen stays as it was.
    np.testing.assert_array_equal(first[:], values.reshape(3, -1))


def test_one_snapshot_per_run_where_the_rule_is_the_last_time(store):
    values = fill(store, 4, times=3)
    matrix = freeze(store, "U", time=TimeRule("last"))
    assert matrix.info.times is None
    np.testing.assert_array_equal(matrix[:], values[:, -1].reshape(4, -1))


def test_runs_of_unequal_steps_come_to_one_base(store):
    x = np.arange(float(POINTS))
    for i, count in enumerate((5, 9)):
        times = np.linspace(0, 8, count)
        field = Field((x * times[:, None])[..., None], "point")
        store.add(Run(MESH, {"u": field}, times), f"r{i}", {"a": float(i)})
    matrix = freeze(store, "u", time=TimeRule("overlap"))
    assert matrix.info.times == (0.0, 2.0, 4.0, 6.0, 8.0)
    np.testing.assert_allclose(matrix[5:], matrix[:5])


def test_a_damaged_matrix_does_not_pass(store):
    fill(store, 3)
    matrix = freeze(store, "U")
    chunk = next((matrix.path / "snapshots").glob("c.*"))
    content = bytearray(chunk.read_bytes())
    content[100] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(StoreError, match="does not have its check sum"):
        matrix[:]
    shutil.rmtree(matrix.path)
    assert freeze(store, "U")[:].shape == (3, 3 * POINTS)


def test_an_unknown_field_is_a_clear_error(store):
    fill(store, 2)
    with pytest.raises(StoreError, match="must have the field 'T'"):
        freeze(store, "T")


@given(st.integers(1, 20_000), st.integers(1, 10_000_000), st.sampled_from([4, 8]))
def test_chunks_are_small_enough_to_stream_either_way(n, m, itemsize):
    rows, cols = chunk_shape((n, m), itemsize)
    assert 1 <= rows <= min(n, 64)
    assert 1 <= cols <= m
    assert rows == 1 or rows * m * itemsize <= 64 << 20
    assert rows * cols * itemsize <= 1 << 20 or cols == 1024
    assert n * cols * itemsize <= 8 << 20 or cols <= 1024
