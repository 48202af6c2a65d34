"""A cluster of two workers that the tests of this folder share, as long as they kill none of it."""

from __future__ import annotations

import pytest

from tests.dask_cluster import DaskProcesses


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    """A scheduler and two workers."""
    with DaskProcesses(tmp_path_factory.mktemp("dask")) as processes:
        yield processes
