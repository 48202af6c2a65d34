"""POD of large snapshot matrices: ours, other libraries' and the floors, on one store, in one run.

    python -m benchmarks.reduction --help        (run from the root of the checkout, on a machine that is quiet)

Every method runs in a process of its own, with one BLAS thread by default, from the same frozen matrix on disk in
the page cache; the method's own CPU and wall time are taken, after its imports, and the peak memory of the whole
process. pyMOR and EZyRB are no part of the project. To have them beside it:

    python -m venv peers
    echo "$PWD/.venv/lib/python3.11/site-packages" > peers/lib/python3.11/site-packages/main.pth
    peers/bin/pip install pymor ezyrb && peers/bin/python -m benchmarks.reduction
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

RANK = 50
SIZES = {"200k x 500": (200_000, 500), "1M x 400": (1_000_000, 400), "20k x 100": (20_000, 100)}
REAL = Path(__file__).parents[3] / "shared" / "data" / "rom" / "navier_stokes.npz"


def write(folder: Path, rows: int, columns: int, blocks) -> None:
    """A frozen matrix as `fieldwright.data.store.frozen_matrix.freeze` writes it, from blocks of a chunk's rows."""
    from fieldwright.data.store.chunks import Chunks, write_group
    from fieldwright.data.store.frozen_matrix import MatrixInfo, chunk_shape

    about = MatrixInfo("made", tuple(map(str, range(rows))), (), None, "point", ("",), None, "")
    shape = (rows, columns)
    array = Chunks.create(
        folder / "snapshots", shape, chunk_shape(shape, 4), np.dtype("f4"), ("snapshot", "value"), {}
    )
    for row, block in blocks:
        array.write(block, (row, 0))
    write_group(folder, asdict(about), {"snapshots": array})


def rows_of_a_chunk(rows: int, columns: int) -> int:
    """How many snapshots a chunk holds: blocks must tile the chunks."""
    from fieldwright.data.store.frozen_matrix import chunk_shape

    return chunk_shape((rows, columns), 4)[0]


def made(points: int, snapshots: int):
    """Blocks of snapshots, a row of chunks each.

    60 directions of strength 1 to 1e-4, geometric, and noise below the last of them.
    """
    rng = np.random.default_rng(0)
    strength = np.logspace(0, -4, 60)
    left = np.linalg.qr(rng.standard_normal((snapshots, 60)))[0] * strength
    right = rng.standard_normal((60, points), dtype=np.float32)
    step = rows_of_a_chunk(snapshots, points)
    for row in range(0, snapshots, step):
        block = left[row : row + step].astype(np.float32) @ right
        block += np.float32(2e-6) * rng.standard_normal(block.shape, dtype=np.float32)
        yield row, block


def floors(folder: Path) -> dict[str, float]:
    """CPU seconds to read the matrix and do nothing, and for m n^2 operations at the rate of DGEMM and DSYRK."""
    from scipy.linalg.blas import dsyrk

    from fieldwright.data.store.frozen_matrix import FrozenMatrix
    from fieldwright.surrogates.reductions.pod.stripes import stripe_width, stripes

    matrix = FrozenMatrix(folder)
    n, m = matrix.shape
    start = time.process_time(), time.perf_counter()
    for _ in stripes(matrix, 0, m, stripe_width(matrix, 256 << 20)):
        pass
    read = time.process_time() - start[0], time.perf_counter() - start[1]
    a, b, out = np.ones((n, 512)), np.ones((512, n)), np.zeros((n, n))
    rounds = max(1, int(1e11 / (n * n * 1024)))
    start_gemm = time.process_time()
    for _ in range(rounds):
        np.matmul(a, b, out=out)
    gemm = (time.process_time() - start_gemm) / rounds
    start_syrk = time.process_time()
    for _ in range(rounds):
        dsyrk(1.0, a.T, beta=1.0, c=out.T, trans=1, lower=1, overwrite_c=1)
    syrk = (time.process_time() - start_syrk) / rounds
    # The Gram matrix is symmetric: half of the 2 m n^2 operations of a product.
    return {"read": read[0], "read wall": read[1], "gemm": gemm * m / 512 / 2, "syrk": syrk * m / 512}


def child(name: str, folder: Path) -> dict[str, float]:
    """Runs one method in this process and judges it by the exact one."""
    from benchmarks.reduction.peers import METHODS

    if name == "floors":
        return floors(folder)
    method, module = METHODS[name]
    importlib.import_module(module)
    start = time.process_time(), time.perf_counter()
    s, modes, right = method(folder, RANK)
    seconds = time.process_time() - start[0], time.perf_counter() - start[1]
    peak = int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024  # type: ignore
    reference = {"LAPACK float64": "exact", "LAPACK float64, centred": "centred"}.get(name)
    if reference:
        np.savez(folder / f"{reference}.npz", s=s, right=right)
        np.save(folder / f"{reference}_modes.npy", modes)
    judge = "centred" if "centred" in name or name == "IncrementalPCA" else "exact"
    true = np.load(folder / f"{judge}.npz")
    error = np.abs(s[:RANK] / true["s"][: len(s)][:RANK] - 1)
    given, known = (right.T, true["right"].T) if modes is None else (modes, None)
    if known is None:
        known = np.load(folder / f"{judge}_modes.npy", mmap_mode="r")
    return {
        "cpu": seconds[0], "wall": seconds[1], "peak": peak, "error": error.max(), "error 50": error[-1],
        "angle": angle(np.asarray(given, dtype=np.float64), known),
    }  # fmt: skip


def angle(given: np.ndarray, known: np.ndarray) -> float:
    """Sine of the largest angle between the spaces of rows of two matrices (r, m), the second orthonormal."""
    own = np.linalg.inv(np.linalg.cholesky(given @ given.T)) @ given
    return float(np.linalg.norm(own - (own @ known.T) @ known, 2))


def run(name: str, folder: Path, threads: int) -> dict[str, float] | None:
    """The method in a process of its own; None with a line printed where its package is not there or it fails."""
    environment = os.environ | {
        key: str(threads) for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    command = [sys.executable, "-m", "benchmarks.reduction", "--child", name, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        print(f"  {name}: left out, {done.stderr.strip().splitlines()[-1]}", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(title: str, folder: Path, threads: int, only: list[str] | None) -> None:
    """One table: the exact method first, as the others are judged by it."""
    from benchmarks.reduction.peers import METHODS

    first = ["LAPACK float64", "LAPACK float64, centred"]
    names = [*first, *(name for name in METHODS if name not in first and (not only or name in only))]
    lows = [run("floors", folder, threads)]
    rows = {name: found for name in names if (found := run(name, folder, threads))}
    lows.append(run("floors", folder, threads))
    low = {key: min(part[key] for part in lows if part) for key in (lows[0] or {})}
    floor = low["read"] + low["gemm"]
    s = np.load(folder / "exact.npz")["s"]
    print(f"\n### {title}\n")
    print(
        f"Floors in CPU s: reading {low['read']:.2f} (wall {low['read wall']:.2f}), m n^2 operations at the rate of "
        f"DGEMM {low['gemm']:.2f} (DSYRK {low['syrk']:.2f}); reading and DGEMM {floor:.2f}. "
        f"s_50 / s_1 = {s[RANK - 1] / s[0]:.1e}.\n"
    )
    print("| method | CPU s | wall s | / floor | / ours | peak MB | error of s_1..50 | of s_50 | sin angle |")
    print("|---|---|---|---|---|---|---|---|---|")
    fit = rows.get("fieldwright, fit", {"cpu": float("nan")})["cpu"]
    for name, found in rows.items():
        print(
            f"| {name} | {found['cpu']:.1f} | {found['wall']:.1f} | {found['cpu'] / floor:.2f} | "
            f"{found['cpu'] / fit:.2f} | {found['peak']:.0f} | {found['error']:.0e} | {found['error 50']:.0e} | "
            f"{found['angle']:.0e} |",
            flush=True,
        )


def main() -> None:
    """Parses the command line; a child process prints one line of JSON, the parent prints tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--size", choices=[*SIZES, "real"], action="append", help="default: 200k, 1M and real"
    )
    parser.add_argument("--method", action="append", help="only these, beside the exact one")
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads")
    parser.add_argument("--folder", type=Path, help="where the matrices lie (default: a temporary folder)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(child(asked.child, asked.folder)))
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        for size in asked.size or ["200k x 500", "1M x 400", "real"]:
            place = Path(folder) / size.replace(" ", "")
            if size == "real":
                if not REAL.exists():
                    print(f"real: left out, {REAL} is not there")
                    continue
                x = np.load(REAL)["snapshots"].astype(np.float32)
                step = rows_of_a_chunk(*x.shape)
                write(place, *x.shape, ((row, x[row : row + step]) for row in range(0, len(x), step)))
                title = f"real: flow past a cylinder, {x.shape[1]} values x {len(x)} snapshots"
            else:
                points, snapshots = SIZES[size]
                write(place, snapshots, points, made(points, snapshots))
                title = f"{size} (points x snapshots), float32"
            compare(title, place, asked.threads, asked.method)


if __name__ == "__main__":
    main()
