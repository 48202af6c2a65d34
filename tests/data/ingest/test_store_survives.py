"""The store keeps what it accepted when writers are killed, come in numbers or run out of disk."""

import itertools
import multiprocessing
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from fieldwright.data.errors import StoreError
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.ingestion import Rules, find_runs, ingest_sources
from fieldwright.data.ingest.parameters.table import table_from_rows
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.data.store.verification import verify


def _many_runs(folder: Path, n: int) -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(size=(200, 3))
    for i in range(n):
        (folder / f"r{i:02d}").mkdir(parents=True)
        values = " ".join(map(repr, rng.standard_normal(200).tolist()))
        (folder / f"r{i:02d}" / "r.vtu").write_text(
            '<VTKFile type="UnstructuredGrid" byte_order="LittleEndian"><UnstructuredGrid>'
            '<Piece NumberOfPoints="200" NumberOfCells="0"><PointData>'
            f'<DataArray type="Float64" Name="T" format="ascii">{values}</DataArray></PointData><Points>'
            '<DataArray type="Float64" Name="Points" NumberOfComponents="3" format="ascii">'
            f"{' '.join(map(repr, points.ravel().tolist()))}</DataArray></Points><Cells>"
            '<DataArray type="Int64" Name="connectivity" format="ascii"></DataArray>'
            '<DataArray type="Int64" Name="offsets" format="ascii"></DataArray>'
            '<DataArray type="UInt8" Name="types" format="ascii"></DataArray></Cells>'
            "</Piece></UnstructuredGrid></VTKFile>"
        )


def _ingest_all(folder: Path, path: Path) -> None:
    sources = find_runs(folder, "r*", "r.vtu")
    table = table_from_rows({s.name: {"a": float(i)} for i, s in enumerate(sources)}, {"a": None})
    ingest_sources(SnapshotStore(path), sources, table, Rules({"T": "K"}))


@pytest.fixture(scope="module")
def processes():
    """Child processes that have imported all they need, so that they start at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["fieldwright.data.ingest.ingestion", "fieldwright.data.formats.vtu", "xarray", "zarr"]
    )
    return context


def _content(store: SnapshotStore) -> dict[str, str | None]:
    return {record.name: record.content for record in store.accepted()}


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_any_moment_it_loses_nothing_and_ends_the_same(tmp_path, processes, kills):
    _many_runs(tmp_path / "runs", 12)
    whole = SnapshotStore(tmp_path / "whole")
    _ingest_all(tmp_path / "runs", whole.path)
    assert len(_content(whole)) == 12
    rng = np.random.default_rng(kills)
    path, kept, midway = tmp_path / "killed", {}, 0
    for _ in range(kills):
        child = processes.Process(target=_ingest_all, args=(tmp_path / "runs", path))
        child.start()
        # Somewhere within the reading, writing, moving and filing of one of the next runs.
        wanted = len(kept) + rng.integers(0, 4)
        while child.is_alive() and len([*path.glob("runs/*/zarr.json")]) < wanted:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        child.kill()
        child.join()
        store = SnapshotStore(path)
        assert kept.items() <= _content(store).items()
        assert verify(store) == {}
        kept = _content(store)
        midway += 0 < len(kept) < 12
        if len(kept) == 12:
            shutil.rmtree(path)
            kept = {}
    _ingest_all(tmp_path / "runs", path)
    assert _content(SnapshotStore(path)) == _content(whole)
    xr.testing.assert_identical(SnapshotStore(path).snapshots().load(), whole.snapshots().load())
    assert list((path / ".incoming").iterdir()) == []
    assert midway > 0, "no kill came while runs were being stored"


def test_parallel_writers_are_safe(tmp_path, processes):
    _many_runs(tmp_path / "runs", 10)
    children = [
        processes.Process(target=_ingest_all, args=(tmp_path / "runs", tmp_path / "store")) for _ in range(3)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    store = SnapshotStore(tmp_path / "store")
    assert len(store.accepted()) == 10
    assert store.rejected() == []
    assert verify(store) == {}
    assert not (tmp_path / "store" / "superseded").exists()


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_a_clear_error_and_loses_nothing(small_disk):
    store = SnapshotStore(small_disk / "store")
    mesh = Mesh(np.random.default_rng(0).uniform(size=(3000, 3)))
    kept = []

    def fill() -> None:
        for i in itertools.count():
            values = np.random.default_rng(i).standard_normal((1, 3000, 1))
            kept.append(store.add(Run(mesh, {"p": Field(values, "point")}), f"r{i}", {"a": float(i)}).name)

    with pytest.raises(StoreError, match=r"must have room.*No space left on device|disk is full"):
        fill()
    assert len(kept) > 5
    again = SnapshotStore(small_disk / "store")
    assert [record.name for record in again.accepted()] == sorted(kept)
    assert verify(again) == {}
