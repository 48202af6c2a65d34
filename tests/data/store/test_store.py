"""What lies in the store: plain Zarr under the hash of its content, found damaged where a bit is flipped."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

from fieldwright.data.errors import StoreError
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.ingestion import ingest_sources
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.catalogue import RunRecord
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.data.store.staging import stage
from fieldwright.data.store.verification import discard_damaged, verify

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


def test_two_runs_that_hold_the_same_are_staged_side_by_side(store):
    """Parallel readers do so before anybody can know that one of them is a duplicate."""
    with store.incoming() as folder:
        records = [stage(store.path, folder, a_run(1), RunRecord(name, "accepted", {}, {})) for name in "ab"]
        for record in records:
            store.commit(folder, record)
    assert records[0].content == records[1].content
    np.testing.assert_array_equal(
        store.snapshots()["p"], np.stack(2 * [a_run(1).fields["p"].values[0, :, 0]])
    )


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
    ingest_sources(store, solver.run(3), solver.table(3), solver.rules)
    whole = store.snapshots().load()
    group = store.group("run_1") if what == "runs" else store.path / "meshes" / str(store.study_mesh)
    for path in [*group.rglob("c.*")][:2]:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    damaged = ["run_1"] if what == "runs" else ["run_0", "run_1", "run_2"]
    assert sorted(verify(store)) == damaged
    assert discard_damaged(store) == damaged
    report = ingest_sources(store, solver.sources(), solver.table(3), solver.rules)
    assert report.accepted == damaged
    xr.testing.assert_identical(store.snapshots().load(), whole)
    assert verify(store) == {}
