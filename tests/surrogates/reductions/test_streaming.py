"""A matrix on disk: the same answer whatever the stripes, the order of the runs, the type; bounded memory."""

import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.data.store.chunks import Chunks, write_group
from fieldwright.data.store.frozen_matrix import FrozenMatrix, MatrixInfo, chunk_shape
from fieldwright.surrogates.reductions.pod import stripes as reading
from fieldwright.surrogates.reductions.pod.blocks import BLOCK
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction


@given(rows=st.integers(4, 12), columns=st.integers(100, 900), memory=st.sampled_from([16, 64, 256]))
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_result_does_not_depend_on_the_chunks(stored, rows, columns, memory):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(12, 4)) @ rng.normal(size=(4, 900)) + 5).astype(np.float32)
    w = rng.uniform(1, 2, 900)
    whole = SVDReduction(SVDConfig(rank=4)).fit(x, w)
    svd = SVDReduction(SVDConfig(rank=4, memory_mb=memory)).fit(stored(x, (rows, columns)), w)
    np.testing.assert_allclose(svd.singular_values_, whole.singular_values_, rtol=1e-12)
    np.testing.assert_allclose(svd.basis_, whole.basis_, atol=1e-10)
    np.testing.assert_allclose(svd.encode(stored(x, (rows, columns))), whole.encode(x), atol=1e-9)


@given(seed=st.integers(0, 10**6), method=st.sampled_from(["snapshots", "covariance", "krylov"]))
@settings(deadline=None, max_examples=20)
def test_result_does_not_depend_on_the_order_of_the_runs(seed, method):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(10, 60)) * 2.0 ** -np.arange(10)[:, None]
    config = SVDConfig(rank=4, method=method)
    one, other = SVDReduction(config).fit(x), SVDReduction(config).fit(x[rng.permutation(10)])
    np.testing.assert_allclose(one.singular_values_, other.singular_values_, rtol=1e-9)
    np.testing.assert_allclose(one.basis_.T @ one.basis_, other.basis_.T @ other.basis_, atol=1e-6)


def test_float32_is_summed_in_float64():
    rng = np.random.default_rng(0)
    x = (
        rng.normal(size=(20, 1)) @ rng.normal(size=(1, 50_000)) + 1e-4 * rng.normal(size=(20, 50_000))
    ).astype("f4")
    exact = np.linalg.svd(x.astype(float) - x.astype(float).mean(axis=0), compute_uv=False)
    svd = SVDReduction(SVDConfig(rank=19)).fit(x)
    np.testing.assert_allclose(svd.singular_values_, exact[:19], rtol=1e-9)
    assert exact[18] / exact[0] < 2e-4


def test_a_mean_far_above_the_fluctuations_costs_no_digits():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10, 3000)) * 10.0 ** -np.linspace(0, 4, 10)[:, None]
    exact = np.linalg.svd((x + 1e5) - (x + 1e5).mean(axis=0), compute_uv=False)[:9]
    svd = SVDReduction(SVDConfig(rank=9)).fit(x + 1e5)
    np.testing.assert_allclose(svd.singular_values_, exact, rtol=1e-7)


def test_stripes_are_whole_chunks_and_hold_every_column_once(stored):
    x = np.arange(6.0 * 1000).reshape(6, 1000)
    array = stored(x, (4, 96))
    width = reading.stripe_width(array, 256 << 20)
    assert width % 96 == 0
    parts = [(first, values.copy()) for first, values in reading.stripes(array, 0, 1000, 96)]
    assert [first for first, _ in parts] == list(range(0, 1000, 96))
    np.testing.assert_array_equal(np.hstack([values for _, values in parts]), x)


def test_chunks_too_wide_for_the_memory_are_said_to_be(stored, caplog):
    class Wide:
        shape, dtype, chunks = (4000, 100_000), np.dtype("f8"), (1, 100_000)

    width = reading.stripe_width(Wide(), 16 << 20)
    assert 2 * 4000 * width * 8 <= 8 << 20
    assert "each is read" in caplog.text


def test_runs_that_are_not_finite_are_named(stored):
    x = np.ones((5, 400))
    x[3, 210] = np.inf
    x[4, 0] = np.nan
    with pytest.raises(ModelError, match="in 2 of them, the first in row 3"):
        SVDReduction(SVDConfig(rank=1)).fit(stored(x, (2, 100)))


def test_a_large_float32_basis_stays_float32_and_orthonormal():
    rng = np.random.default_rng(0)
    m = 700_000
    x = rng.normal(size=(14, m)).astype(np.float32)
    w = rng.uniform(0.5, 1.5, m)
    svd = SVDReduction(SVDConfig(rank=13)).fit(x, w)
    assert svd.basis_.dtype == np.float32
    np.testing.assert_allclose((svd.basis_ * w) @ svd.basis_.T.astype(float), np.eye(13), atol=1e-6)
    again = SVDReduction.restore(svd.config, svd.state())
    z = rng.normal(size=(1, 13))
    assert np.array_equal(again.decode(z), svd.decode(z))
    small = SVDReduction(SVDConfig(rank=13, memory_mb=16)).fit(x, w)
    assert isinstance(small.basis_, np.memmap)
    np.testing.assert_allclose(small.basis_, svd.basis_, atol=1e-8)


def test_a_frozen_matrix_is_read_as_it_is(tmp_path):
    x = np.random.default_rng(0).normal(size=(70, 2500)).astype(np.float32)
    about = MatrixInfo("p", tuple("ab"), tuple("cd"), None, "cell", ("",), "Pa", "mesh")
    path, chunks = tmp_path / "matrix" / "snapshots", chunk_shape(x.shape, 4)
    array = Chunks.create(path, x.shape, chunks, x.dtype, ("snapshot", "value"), {})
    array.write(x)
    write_group(tmp_path / "matrix", asdict(about), {"snapshots": array})
    frozen = FrozenMatrix(tmp_path / "matrix")
    from_disk, in_memory = SVDReduction(SVDConfig(rank=5)).fit(frozen), SVDReduction(SVDConfig(rank=5)).fit(x)
    np.testing.assert_array_equal(from_disk.basis_, in_memory.basis_)
    np.testing.assert_array_equal(from_disk.encode(frozen), in_memory.encode(x))


MEASURE = """
import re, sys, numpy as np, zarr
from fieldwright.surrogates.reductions.svd import SVDReduction, SVDConfig
SVDReduction(SVDConfig(rank=4, memory_mb=32)).fit(zarr.open_array(sys.argv[2], mode="r"))
array = zarr.open_array(sys.argv[1], mode="r")
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
before = peak()
SVDReduction(SVDConfig(rank=4, memory_mb=32)).fit(array)
print(peak() - before)
"""


def test_memory_does_not_grow_with_the_snapshots(tmp_path, stored):
    m = 400_000
    array = zarr.create_array(tmp_path / "x.zarr", shape=(60, m), chunks=(60, 8192), dtype="f4")
    rng = np.random.default_rng(0)
    left = rng.normal(size=(60, 5)).astype("f4")
    for a in range(0, m, 40 * 8192):
        k = min(40 * 8192, m - a)
        array[:, a : a + k] = left @ np.round(rng.normal(size=(5, k))).astype("f4")
    small = stored(array[:, : 2 * 8192], (60, 8192))
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "x.zarr"), str(small.store.root)]
    grown = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) * 1024
    chunk = 60 * 8192 * 4
    # Besides the budget: two chunks on their way, and mean and basis, which are the result.
    assert grown < (32 << 20) + 2 * chunk + m * 8 * (1 + 4) < 60 * m * 4


def test_inner_product_of_one_block_and_of_many_is_the_same():
    m = 3 * BLOCK // 4
    x = np.random.default_rng(0).normal(size=(4, m))
    inner = InnerProduct.of_field(m // 2, 2, scale="component")
    svd = SVDReduction(SVDConfig(rank=3)).fit(x, inner)
    own = (x - x.mean(axis=0)).reshape(4, -1, 2)
    own /= np.sqrt((own**2).sum(axis=(0, 1)) / 4)
    np.testing.assert_allclose(svd.singular_values_, np.linalg.svd(own.reshape(4, -1), compute_uv=False)[:3])
