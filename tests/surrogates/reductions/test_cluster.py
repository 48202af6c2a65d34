"""The same call on a dask.distributed cluster of real processes gives the serial result, bit for bit."""

import numpy as np
import pytest
from scipy import sparse

from fieldwright.data.computing.cluster import Cluster
from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.pod import stripes
from fieldwright.surrogates.reductions.pod.blocks import spans
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction
from tests.dask_cluster import DaskProcesses


@pytest.fixture(scope="module")
def executor(tmp_path_factory):
    """A cluster of two workers, each a process of its own, on the loopback."""
    folder = tmp_path_factory.mktemp("cluster")
    with (
        DaskProcesses(folder / "dask") as processes,
        Cluster(WorkersAddress.of(processes.address), folder) as cluster,
    ):
        yield cluster


@pytest.mark.parametrize("method", ["snapshots", "covariance", "krylov"])
def test_two_workers_give_the_serial_result(executor, stored, method, monkeypatch):
    monkeypatch.setattr(stripes, "STRIPE", 2**15)
    rng = np.random.default_rng(0)
    shape = (600, 40) if method == "covariance" else (40, 9000)
    x = stored(rng.normal(size=(shape[0], 6)) @ rng.normal(size=(6, shape[1])) + 2.0, (16, 100))
    w = rng.uniform(0.5, 2.0, shape[1])
    config = SVDConfig(rank=6, method=method, memory_mb=16)
    if method != "covariance":
        assert len(spans(x, InnerProduct.of(w, shape[1]), True, 16 << 20)) > 10
    serial, spread = SVDReduction(config).fit(x, w), SVDReduction(config).fit(x, w, executor=executor)
    assert np.array_equal(spread.singular_values_, serial.singular_values_)
    assert np.array_equal(spread.basis_, serial.basis_)
    assert np.array_equal(spread.mean_, serial.mean_)


def test_workers_know_groups_mask_and_mass_matrix(executor, stored, monkeypatch):
    monkeypatch.setattr(stripes, "STRIPE", 2**15)
    rng = np.random.default_rng(1)
    m = 3000
    x = rng.normal(size=(12, m))
    x[:, 40] = np.nan
    inside = np.arange(m) != 40
    mass = sparse.diags_array([np.full(m - 1, 0.2), np.ones(m), np.full(m - 1, 0.2)], offsets=[-1, 0, 1])
    inner = InnerProduct.of_field(m, mass=mass, inside=inside, scale="field")
    config, array = SVDConfig(rank=5), stored(x, (12, 200))
    serial, spread = (
        SVDReduction(config).fit(array, inner),
        SVDReduction(config).fit(array, inner, executor=executor),
    )
    assert np.array_equal(spread.basis_, serial.basis_)


def test_snapshots_in_memory_are_shared_and_what_workers_cannot_open_is_refused(executor, stored):
    x = np.random.default_rng(2).normal(size=(20, 500))
    serial = SVDReduction(SVDConfig(rank=3)).fit(x)
    assert np.array_equal(SVDReduction(SVDConfig(rank=3)).fit(x, executor=executor).basis_, serial.basis_)

    class Elsewhere:
        shape, dtype = x.shape, x.dtype

        def __getitem__(self, key: object) -> np.ndarray:
            return x[key]

    with pytest.raises(ModelError, match="must lie on a disk"):
        SVDReduction(SVDConfig(rank=1)).fit(Elsewhere(), executor=executor)
