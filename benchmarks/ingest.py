"""Reading, storing and memory of the data room, each against the least that can do the job, in one run.

    python -m benchmarks.ingest --help        (run from the root of the checkout, on a machine that is quiet)

Prints one table per question. Every ratio is between two things timed alternately in this process, best of
several; MB are 10^6 bytes of values. Files come out of the page cache unless `--cold` can drop it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import meshio
import numpy as np
import zarr

from fieldwright.data.formats import Field, Run, reader_named
from fieldwright.data.ingest.ingestion import Rules, find_runs, ingest_sources
from fieldwright.data.ingest.parameters.table import table_from_rows
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.frozen_matrix import freeze
from fieldwright.data.store.snapshot_store import SnapshotStore


def best(
    *jobs: Callable[[], object], rounds: int = 7, before: Callable[[], None] | None = None
) -> list[float]:
    """Seconds of each job: the least of several rounds, in each of which all jobs have their turn."""
    times = [[] for _ in jobs]
    for _ in range(rounds):
        for job, own in zip(jobs, times, strict=True):
            if before:
                before()
            start = time.perf_counter()
            job()
            own.append(time.perf_counter() - start)
    return [min(own) for own in times]


def drop_caches() -> None:
    """Empties the page cache, so that files come from the disk; needs root."""
    import os

    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def square_mesh(n_points: int) -> Mesh:
    """Triangles over about that many points."""
    n = round(n_points**0.5)
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n), indexing="ij")
    at = np.arange(n * n).reshape(n, n)
    a, b, c, d = (part.ravel() for part in (at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return Mesh(np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], 1), {"triangle": triangles})


def fields(mesh: Mesh, i: int) -> dict[str, np.ndarray]:
    """Pressure (n,) and velocity (n, 3) with waves, and noise in the last digits as solvers have it."""
    rng = np.random.default_rng(i)
    x, y, _ = mesh.points.T
    p = np.sin(5 * x + 0.1 * i) * np.cos(7 * y) + 1e-4 * rng.standard_normal(len(x))
    u = np.stack([p * x, p * y, 0 * x], 1) + 1e-4 * rng.standard_normal((len(x), 3))
    return {"p": p.astype(np.float32), "U": u.astype(np.float32)}


def write_runs(folder: Path, mesh: Mesh, count: int) -> None:
    """Runs as uncompressed binary VTU, one file each."""
    for i in range(count):
        path = folder / f"run_{i:04d}" / "result.vtu"
        path.parent.mkdir(parents=True)
        meshio.Mesh(mesh.points, mesh.cells, point_data=fields(mesh, i)).write(path, compression=None)


def _measured(folder: Path, path: Path, answer) -> None:
    """Reads and ingests by turns, 25 runs at a time, so that both see the machine alike."""
    sources = find_runs(folder, "run_*", "result.vtu")
    table = table_from_rows({s.name: {"a": float(i)} for i, s in enumerate(sources)}, {"a": None})
    reader, rules, store = reader_named("vtu"), Rules({"p": "Pa", "U": "m/s"}), SnapshotStore(path)
    spent = np.zeros((2, 2))

    def bare(batch) -> None:
        for source in batch:
            reader.read(source.files[0])

    for first in range(0, len(sources), 25):
        batch = sources[first : first + 25]
        for i, job in enumerate((partial(bare, batch), partial(ingest_sources, store, batch, table, rules))):
            wall, work = time.perf_counter(), time.process_time()
            job()
            spent[i] += time.perf_counter() - wall, time.process_time() - work
    start = time.perf_counter()
    ingest_sources(store, sources, table, rules)
    again = time.perf_counter() - start
    answer.put((spent, again, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


def reading(folder: Path) -> None:
    """Our VTU reader against meshio on the same files."""
    print("\nreading VTU, against meshio                    ours MB/s   bare MB/s   ours/bare time")
    mesh = square_mesh(100_000)
    for name, options in {
        "binary": {"compression": None},
        "binary, zlib": {"compression": "zlib"},
        "ASCII": {"binary": False},
    }.items():
        path = folder / f"{name.replace(', ', '_')}.vtu"
        values = fields(mesh, 0)
        meshio.Mesh(mesh.points, mesh.cells, point_data=values).write(path, **options)
        size = mesh.points.nbytes + mesh.cells["triangle"].nbytes + sum(v.nbytes for v in values.values())
        ours, bare = best(lambda p=path: reader_named("vtu").read(p), lambda p=path: meshio.read(p), rounds=5)
        print(f"  {name:44}{size / ours / 1e6:10.0f}{size / bare / 1e6:12.0f}{ours / bare:14.2f}")


def ingesting(folder: Path, count: int) -> None:
    """Ingestion against the bare reader over the same files, in a process of its own for its memory."""
    mesh = square_mesh(100_000)
    write_runs(folder / "runs", mesh, count)
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    child = context.Process(target=_measured, args=(folder / "runs", folder / "store", answer))
    child.start()
    ((bare, bare_work), (whole, whole_work)), again, peak = answer.get()
    child.join()
    print(f"\ningesting {count} runs of {mesh.n_points} points, 4 float32 values each, one process")
    print(f"  bare reader over all files       {bare:8.1f} s   {count / bare:6.1f} runs/s")
    print(f"  ingestion                        {whole:8.1f} s   {count / whole:6.1f} runs/s")
    print(
        f"  ingestion / bare reader          {whole / bare:8.2f}     in processor time {whole_work / bare_work:.2f}"
    )
    print(f"  ingestion again, all unchanged   {again:8.2f} s")
    print(f"  peak memory of the ingestion     {peak / 1024:8.0f} MiB")


def storing(folder: Path, sizes: Sequence[int], cold: bool) -> None:
    """The store's fields against np.save and memmap of the same arrays on the same disk."""
    print("\nstore, against np.save and memmap                      write MB/s       read MB/s    read rate")
    print("                                                     store  np.save  store  memmap   of memmap's")
    for n_points in sizes:
        mesh = square_mesh(n_points)
        values = fields(mesh, 1)["U"]
        store = SnapshotStore(folder / f"store_{n_points}")
        run = Run(mesh, {"U": Field(values[None], "point", ("x", "y", "z"))})
        record = store.add(run, "first", {"a": 0.0})
        np.save(folder / "array.npy", values)
        turn = iter(range(1, 1000))

        def add(store=store, run=run, turn=turn) -> None:
            store.add(run, "again", {"a": float(next(turn))})

        written, saved = best(add, lambda v=values: np.save(folder / "b.npy", v), rounds=5)

        def load(store=store, record=record) -> object:
            return store.read_field(record, "U")

        def mapped() -> object:
            return np.array(np.load(folder / "array.npy", mmap_mode="r"))

        for name, before in [("page cache", None), *([("disk", drop_caches)] if cold else [])]:
            ours, bare = best(load, mapped, before=before)
            mb = values.nbytes / 1e6
            print(
                f"  {mesh.n_points:9d} points x 3, {mb:6.1f} MB, {name:13}{mb / written:12.0f}{mb / saved:9.0f}"
                f"{mb / ours:7.0f}{mb / bare:8.0f}{bare / ours:12.0%}"
            )


def streaming(folder: Path, n_points: int, runs: int, cold: bool) -> None:
    """The frozen matrix by blocks of points and by snapshots, against a memmap of the same matrix."""
    store = SnapshotStore(folder / "store_matrix")
    mesh = Mesh(square_mesh(n_points).points)
    for i in range(runs):
        store.add(
            Run(mesh, {"p": Field(fields(mesh, i)["p"][None, :, None], "point")}), f"r{i}", {"a": float(i)}
        )
    start = time.perf_counter()
    matrix = freeze(store, "p")
    froze = time.perf_counter() - start
    np.save(folder / "matrix.npy", matrix[:])
    rows, columns = matrix.chunks
    n, m = matrix.shape
    mb = n * m * 4 / 1e6
    size = sum(path.stat().st_size for path in matrix.path.rglob("*") if path.is_file()) / 1e6
    print(
        f"\nfrozen matrix {n} x {m}, chunks {rows} x {columns}: {mb:.0f} MB, {size:.0f} MB on disk, ", end=""
    )
    print(f"written in {froze:.1f} s ({mb / froze:.0f} MB/s)")
    print(
        "                                                   matrix  zarr-python   memmap MB/s   matrix of memmap"
    )
    plain = zarr.open_array(matrix.path / "snapshots", mode="r")
    memmap = np.load(folder / "matrix.npy", mmap_mode="r")

    def blocks(source) -> None:
        for a in range(0, m, columns):
            np.array(source[:, a : a + columns])

    def batches(source) -> None:
        for a in range(0, n, rows):
            np.array(source[a : a + rows])

    def single(source) -> None:
        np.array(source[n // 2])

    before = drop_caches if cold else None
    for name, job, share in (("all, by blocks of points", blocks, 1), (f"all, by {rows} snapshots", batches, 1),
                             ("one snapshot", single, n)):  # fmt: skip
        ours, theirs, bare = best(
            lambda j=job: j(matrix), lambda j=job: j(plain), lambda j=job: j(memmap), rounds=3, before=before
        )
        print(
            f"  {name:46}{mb / share / ours:9.0f}{mb / share / theirs:13.0f}{mb / share / bare:14.0f}"
            f"{bare / ours:14.0%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=500, help="runs of 100,000 points to ingest")
    parser.add_argument("--matrix", type=int, nargs=2, default=(400, 1_000_000), metavar=("RUNS", "POINTS"))
    parser.add_argument("--cold", action="store_true", help="also read from the disk itself (needs root)")
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder if left out")
    parser.add_argument("--only", nargs="*", default=["reading", "storing", "streaming", "ingesting"])
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=asked.folder))
    try:
        if "reading" in asked.only:
            reading(folder)
        if "storing" in asked.only:
            storing(folder, (100_000, 1_000_000, 4_000_000), asked.cold)
        if "streaming" in asked.only:
            streaming(folder, asked.matrix[1], asked.matrix[0], asked.cold)
        if "ingesting" in asked.only:
            ingesting(folder, asked.runs)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
