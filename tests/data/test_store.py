"""The store keeps what it accepted: whoever writes, dies, fills the disk or flips a bit."""

import itertools
import json
import multiprocessing
import shutil
import subprocess
import time
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr
import zarr

from data.errors import StoreError
from data.formats import Field, Run
from data.ingest import Rules, find_runs, ingest
from data.mesh import Mesh
from data.parameters import table_of
from data.store import SnapshotStore
from data.verify import discard_damaged, verify
from data.workers import Workers

MESH = Mesh(np.random.default_rng(0).uniform(size=(50, 3)), {"tetra": np.arange(48).reshape(12, 4)})


def a_run(seed: int, times: np.ndarray | None = None) -> Run:
    rng = np.random.default_rng(seed)
    t = 1 if times is None else len(times)
    return Run(
        MESH,
        {
            "p": Field(rng.standard_normal((t, 50, 1)).astype(np.float32), "point", unit="Pa"),
            "S": Field(rng.standard_normal((t, 12, 6)), "cell", ("xx", "yy", "zz", "xy", "yz", "xz")),
        },
        times,
    )


def test_xarray_opens_each_group_without_our_code(store):
    run = a_run(1, np.array([0.5, 1.5]))
    store.add(run, "r1", {"U": 2.5}, {"U": "m/s"})
    dataset = xr.open_zarr(store.group("r1"))
    assert dataset["p"].dims == ("time", "point")
    assert dataset["S"].dims == ("time", "cell", "S_component")
    np.testing.assert_array_equal(dataset["p"], run.fields["p"].values[..., 0])
    np.testing.assert_array_equal(dataset["S"], run.fields["S"].values)
    assert dataset["p"].attrs["units"] == "Pa"
    assert dataset["S"].attrs["components"] == ["xx", "yy", "zz", "xy", "yz", "xz"]
    assert float(dataset.coords["U"]) == 2.5
    assert dataset.coords["U"].attrs["units"] == "m/s"
    np.testing.assert_array_equal(dataset["time"], [0.5, 1.5])
    assert dataset.attrs["title"] == "r1"


def test_any_zarr_tool_walks_the_store_and_finds_ugrid(store):
    store.add(a_run(1), "r1", {"U": 1.0})
    root = zarr.open_group(store.path, mode="r")
    mesh = root[f"meshes/{MESH.hash}"]
    np.testing.assert_array_equal(mesh["node_y"][:], MESH.points[:, 1])
    topology = dict(mesh["mesh_tetra"].attrs)
    assert topology["cf_role"] == "mesh_topology"
    assert topology["topology_dimension"] == 3
    np.testing.assert_array_equal(mesh[topology["volume_node_connectivity"]][:], MESH.cells["tetra"])


def test_every_chunk_is_compressed_and_summed(store):
    store.add(a_run(1, np.array([1.0, 2])), "r1", {"U": 1.0})
    for path in [*store.path.rglob("zarr.json")]:
        metadata = json.loads(path.read_text())
        if metadata["node_type"] == "array":
            assert [codec["name"] for codec in metadata["codecs"]] == ["bytes", "blosc", "crc32c"]


def test_the_mesh_is_stored_once_and_comes_back_whole(store):
    for i in range(3):
        store.add(a_run(i), f"r{i}", {"U": float(i)})
    assert [path.name for path in (store.path / "meshes").iterdir() if path.is_dir()] == [MESH.hash]
    mesh = store.mesh(MESH.hash)
    assert mesh.hash == MESH.hash
    centres = Mesh(MESH.points, cell_centres=MESH.points[:7], cell_volumes=np.arange(1.0, 8))
    store.set_study_mesh(centres)
    np.testing.assert_array_equal(store.mesh(centres.hash).cell_volumes, np.arange(1.0, 8))
    assert store.study_mesh == MESH.hash


def test_adding_the_same_run_again_changes_nothing(store):
    first = store.add(a_run(1), "r1", {"U": 1.0})
    before = sorted(path for path in store.path.rglob("*") if path.is_file())
    assert store.add(a_run(1), "r1", {"U": 1.0}).content == first.content
    assert sorted(path for path in store.path.rglob("*") if path.is_file()) == before


@pytest.mark.parametrize("change", ["value", "time", "parameter", "unit", "mesh"])
def test_the_hash_tells_runs_apart_by_all_that_matters(store, change):
    run, parameters = a_run(1, np.array([1.0, 2])), {"U": 1.0}
    first = store.add(run, "r1", parameters).content
    if change == "value":
        run.fields["p"].values[0, 0, 0] += 1e-6
    elif change == "time":
        run = Run(run.mesh, run.fields, np.array([1.0, 2.001]))
    elif change == "parameter":
        parameters = {"U": 1.0 + 1e-15}
    elif change == "unit":
        run = Run(
            run.mesh, {**run.fields, "p": Field(run.fields["p"].values, "point", unit="kPa")}, run.times
        )
    else:
        run = Run(Mesh(MESH.points + 1e-9, MESH.cells), run.fields, run.times)
    assert store.add(run, "r1", parameters).content != first


def test_unknown_runs_and_fields_are_clear_errors(store):
    with pytest.raises(StoreError, match=r"must be in the store. Got no run"):
        store.snapshots()
    store.add(a_run(1), "r1", {"U": 1.0})
    with pytest.raises(StoreError, match="Got 'r2', which is not accepted"):
        store.snapshots(["r2"])
    with pytest.raises(StoreError, match=r"must have the field 'T'. Got run 'r1' with the fields p, S"):
        store.snapshots(fields=["T"])


def test_the_catalogue_is_built_again_from_the_groups(store):
    for i in range(4):
        store.add(a_run(i), f"r{i}", {"U": float(i)})
    store.add(a_run(7), "r2", {"U": 2.0})
    before = store.accepted()
    (store.path / "catalogue.sqlite").unlink()
    again = SnapshotStore(store.path)
    assert again.accepted() == before
    assert again.study_mesh == MESH.hash
    xr.testing.assert_equal(again.snapshots().load(), store.snapshots().load())


VALUES = {"p", "S", "node_x", "node_y", "node_z", "cells_tetra"}
OF_THE_CATALOGUE = {"U", "time"}


def flips(folder: Path):
    """Every file of a folder with the positions of a few bits to flip in it."""
    rng = np.random.default_rng(0)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for position in rng.integers(0, 8 * path.stat().st_size, 4):
            yield path, int(position)


@pytest.mark.parametrize("what", ["runs", "meshes"])
def test_a_flipped_bit_does_not_pass(store, what):
    store.add(a_run(1, np.array([1.0, 2.0])), "r1", {"U": 1.0})
    whole = store.snapshots().load()
    for path, position in flips(next(p for p in (store.path / what).iterdir() if p.is_dir())):
        content = bytearray(path.read_bytes())
        content[position // 8] ^= 1 << position % 8
        good = path.read_bytes()
        path.write_bytes(content)
        try:
            read = store.snapshots().load()
        except StoreError:
            continue
        else:
            # It lies where no value comes from: in an attribute, or in what the catalogue has too.
            assert path.name == "zarr.json" or path.parent.name not in VALUES, (
                f"bit {position} of {path} passed"
            )
            xr.testing.assert_identical(read, whole)
        finally:
            path.write_bytes(good)
        if path.name != "zarr.json" and path.parent.name in OF_THE_CATALOGUE:
            path.write_bytes(content)
            assert verify(store).keys() == {"r1"}
        path.write_bytes(good)
    assert verify(store) == {}


def test_a_lost_chunk_does_not_pass_as_fill_values(store):
    store.add(a_run(1), "r1", {"U": 1.0})
    (store.group("r1") / "p" / "c.0").unlink()
    with pytest.raises(StoreError, match="No such file"):
        store.snapshots().load()


@pytest.mark.parametrize("what", ["runs", "meshes"])
def test_what_is_damaged_is_discarded_and_read_anew(solver, store, what):
    ingest(store, solver.run(3), solver.table(3), solver.rules)
    whole = store.snapshots().load()
    group = store.group("run_1") if what == "runs" else store.path / "meshes" / str(store.study_mesh)
    for path in [*group.rglob("c.*")][:2]:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    damaged = ["run_1"] if what == "runs" else ["run_0", "run_1", "run_2"]
    assert sorted(verify(store)) == damaged
    assert discard_damaged(store) == damaged
    report = ingest(store, solver.sources(), solver.table(3), solver.rules)
    assert report.accepted == damaged
    xr.testing.assert_identical(store.snapshots().load(), whole)
    assert verify(store) == {}


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
    table = table_of({s.name: {"a": float(i)} for i, s in enumerate(sources)}, {"a": None})
    ingest(SnapshotStore(path), sources, table, Rules({"T": "K"}))


@pytest.fixture(scope="module")
def processes():
    """Child processes that have imported all they need, so that they start at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["data.ingest", "data.formats.vtu", "xarray", "zarr"])
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


def test_workers_come_to_the_same_store_as_one_process(tmp_path, solver, store):
    solver.run(5)
    solver.write(solver.path(2), {"T": np.full(10, np.nan), "U": np.zeros((10, 3))})
    solver.write(solver.path(4), solver.fields(**solver.parameters(3)))
    alone = ingest(store, solver.sources(), solver.table(5), solver.rules)
    other = SnapshotStore(tmp_path / "parallel")
    seen = []
    shared = ingest(
        other, solver.sources(), solver.table(5), solver.rules, lambda *s: seen.append(s), Workers(2)
    )
    assert shared == alone
    assert shared.accepted == ["run_0", "run_1", "run_3"]
    assert _content(other) == _content(store)
    assert [done for done, _, _ in seen] == [1, 2, 3, 4, 5]
    again = ingest(other, solver.sources(), solver.table(5), solver.rules, None, Workers(2))
    assert again.unchanged == ["run_0", "run_1", "run_3"]


def test_a_scheduler_that_does_not_answer_is_a_clear_error(solver, store):
    nowhere = Workers(scheduler="tcp://127.0.0.1:9")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(StoreError, match="workers that read runs must be reachable"),
    ):
        ingest(store, solver.run(3), solver.table(3), solver.rules, None, nowhere)
    # What was read before the workers were needed is kept.
    assert list(_content(store)) == ["run_0"]


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
