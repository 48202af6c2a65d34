"""The same call on a dask.distributed cluster of real processes gives the serial result, bit for bit."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions.pod import cluster, stripes
from fieldwright.surrogates.reductions.pod.blocks import spans
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """Address of a scheduler with two workers, each a process of its own, on the loopback."""
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    common = {"cwd": ROOT, "env": environment, "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    processes = [subprocess.Popen([*start, "--no-dashboard", "--scheduler-file", str(file)], **common)]
    try:
        while not (file.exists() and file.read_text()):
            assert processes[0].poll() is None, "the scheduler did not start"
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        work = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
        processes += [
            subprocess.Popen([*work, "--no-dashboard", "--local-directory", str(folder)], **common)
            for _ in range(2)
        ]
        from distributed import Client

        with Client(address, set_as_default=False, timeout=60) as client:
            client.wait_for_workers(2, timeout=600)
        yield address
    finally:
        # Killed, not asked: there is nothing to save, and a worker may wait long for its scheduler.
        for process in processes:
            process.kill()
            process.wait(timeout=30)


@pytest.mark.parametrize("method", ["snapshots", "covariance", "krylov"])
def test_two_workers_give_the_serial_result(scheduler, stored, method, monkeypatch):
    monkeypatch.setattr(stripes, "STRIPE", 2**15)
    rng = np.random.default_rng(0)
    shape = (600, 40) if method == "covariance" else (40, 9000)
    x = stored(rng.normal(size=(shape[0], 6)) @ rng.normal(size=(6, shape[1])) + 2.0, (16, 100))
    w = rng.uniform(0.5, 2.0, shape[1])
    config = SVDConfig(rank=6, method=method, memory_mb=16)
    if method != "covariance":
        assert len(spans(x, InnerProduct.of(w, shape[1]), True, 16 << 20)) > 10
    serial, spread = SVDReduction(config).fit(x, w), SVDReduction(config).fit(x, w, scheduler=scheduler)
    assert np.array_equal(spread.singular_values_, serial.singular_values_)
    assert np.array_equal(spread.basis_, serial.basis_)
    assert np.array_equal(spread.mean_, serial.mean_)


def test_workers_know_groups_mask_and_mass_matrix(scheduler, stored, monkeypatch):
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
        SVDReduction(config).fit(array, inner, scheduler=scheduler),
    )
    assert np.array_equal(spread.basis_, serial.basis_)


def test_snapshots_in_memory_are_refused(scheduler):
    with pytest.raises(ModelError, match="must lie on a disk"):
        SVDReduction(SVDConfig(rank=1)).fit(np.eye(3), scheduler=scheduler)


def test_a_scheduler_that_does_not_answer_is_named(stored, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with pytest.raises(ModelError, match=r"must answer at its address\. Got 'tcp://127\.0\.0\.1:9'"):
        SVDReduction(SVDConfig(rank=1)).fit(stored(np.eye(3), (3, 3)), scheduler="tcp://127.0.0.1:9")
