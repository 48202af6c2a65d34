"""The reductions that `benchmarks.reduction` measures: ours, the exact one, and those of other libraries.

Each takes the folder of a frozen matrix and the rank and returns singular values (r,), modes (r, m) or None, and
right vectors (n, r) or None. Imports are inside, so that a process holds only what its method needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from fieldwright.data.store.frozen_matrix import FrozenMatrix

Found = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
Method = Callable[[Path, int], Found]
MEMORY = 256 << 20


def ours_values(path: Path, rank: int) -> Found:
    """Fieldwright: singular values and right vectors, the snapshots read once."""
    from fieldwright.surrogates.reductions.pod.decomposition import Settings, decompose
    from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
    from fieldwright.surrogates.reductions.pod.spectrum import Criterion

    matrix = FrozenMatrix(path)
    inner = InnerProduct.of(None, matrix.shape[1])
    found = decompose(matrix, inner, Settings(Criterion(rank=rank), False, MEMORY))
    return found.s[:rank], None, found.left


def ours(path: Path, rank: int) -> Found:
    """Fieldwright: the whole fit with modes, the snapshots read twice."""
    from fieldwright.surrogates.reductions.svd import SVDConfig, SVDReduction

    svd = SVDReduction(SVDConfig(rank=rank, centre=False)).fit(FrozenMatrix(path))
    return svd.singular_values_, svd.basis_, None


def exact(path: Path, rank: int) -> Found:
    """LAPACK in memory: Householder QR in float64, then the SVD of R."""
    import scipy.linalg

    matrix = FrozenMatrix(path)
    x = matrix[:, :].astype(np.float64)
    r = scipy.linalg.qr(x.T, mode="r", overwrite_a=True, check_finite=False)[0][: len(x)]
    del x
    _, s, vt = np.linalg.svd(r)
    return s, _modes(matrix, vt[:rank], s), vt[:rank].T


def exact_centred(path: Path, rank: int) -> Found:
    """The same of snapshots less their mean."""
    import scipy.linalg

    matrix = FrozenMatrix(path)
    x = matrix[:, :].astype(np.float64)
    mean = x.mean(axis=0)
    x -= mean
    r = scipy.linalg.qr(x.T, mode="r", overwrite_a=True, check_finite=False)[0][: len(x)]
    del x
    _, s, vt = np.linalg.svd(r)
    return s, _modes(matrix, vt[:rank], s, mean), vt[:rank].T


def _modes(matrix: FrozenMatrix, vt: np.ndarray, s: np.ndarray, mean: np.ndarray | None = None) -> np.ndarray:
    modes = np.empty((len(vt), matrix.shape[1]))
    for a in range(0, matrix.shape[1], 8192):
        part = matrix[:, a : a + 8192].astype(np.float64)
        part -= 0.0 if mean is None else mean[a : a + 8192]
        modes[:, a : a + 8192] = (vt / s[: len(vt), None]) @ part
    return modes


def scikit_learn_randomized(path: Path, rank: int) -> Found:
    """scikit-learn: randomized_svd, all in memory, float32."""
    from sklearn.utils.extmath import randomized_svd

    u, s, vt = randomized_svd(FrozenMatrix(path)[:, :], rank, random_state=0)
    return s, vt, u


def scikit_learn_incremental(path: Path, rank: int) -> Found:
    """scikit-learn: IncrementalPCA, 100 snapshots at a time (it centres)."""
    from sklearn.decomposition import IncrementalPCA

    pca = IncrementalPCA(rank)
    for rows in _batches(FrozenMatrix(path), max(100, rank)):
        pca.partial_fit(rows)
    return pca.singular_values_, pca.components_, None


def dask_compressed(path: Path, rank: int) -> Found:
    """Dask: svd_compressed from Zarr, on threads."""
    import dask.array as da

    u, s, vt = da.linalg.svd_compressed(da.from_zarr(path / "snapshots"), rank, seed=0)
    s, vt, u = da.compute(s, vt, u)
    return s, vt, u


def dask_tsqr(path: Path, rank: int) -> Found:
    """Dask: tall-skinny QR from Zarr, on threads, singular values and right vectors."""
    import dask.array as da

    x = da.from_zarr(path / "snapshots").T
    _, s, vt = da.linalg.svd(x.rechunk((x.chunks[0][0], x.shape[1])))
    s, vt = da.compute(s, vt)
    return s[:rank], None, vt[:rank].T


def pymor_snapshots(path: Path, rank: int) -> Found:
    """pyMOR: POD by the method of snapshots, in memory, float64."""
    from pymor.algorithms.pod import pod
    from pymor.vectorarrays.numpy import NumpyVectorSpace

    x = np.ascontiguousarray(FrozenMatrix(path)[:, :], dtype=np.float64)
    modes, s = pod(NumpyVectorSpace(x.shape[1]).from_numpy(x.T), modes=rank, rtol=0.0)[:2]
    return s, modes.to_numpy().T, None


def pymor_hapod(path: Path, rank: int) -> Found:
    """pyMOR: incremental HAPOD, 100 snapshots at a time, to the error of the exact rank."""
    from pymor.algorithms.hapod import inc_hapod
    from pymor.vectorarrays.numpy import NumpyVectorSpace

    matrix = FrozenMatrix(path)
    space = NumpyVectorSpace(matrix.shape[1])
    left_out = np.load(path / "exact.npz")["s"][rank:]
    eps = np.sqrt((left_out**2).sum() / matrix.shape[0])
    batches = (space.from_numpy(rows.astype(np.float64).T) for rows in _batches(matrix, 100))
    modes, s, _ = inc_hapod(-(-matrix.shape[0] // 100), batches, eps, 0.9)
    return s[:rank], modes.to_numpy().T[:rank], None


def ezyrb_pod(path: Path, rank: int) -> Found:
    """EZyRB: POD by SVD, in memory."""
    from ezyrb import POD

    pod = POD("svd", rank=rank).fit(FrozenMatrix(path)[:, :].T)
    return pod.singular_values[:rank], pod.modes.T, None


def _batches(matrix: FrozenMatrix, rows: int) -> Iterator[np.ndarray]:
    n = matrix.shape[0]
    # The last batch takes what is left, as IncrementalPCA wants no fewer than the rank.
    cuts = [*range(0, max(1, n - rows + 1), rows), n]
    return (matrix[a:b] for a, b in pairwise(cuts))


METHODS: dict[str, tuple[Method, str]] = {
    "fieldwright, values": (ours_values, "fieldwright.surrogates.reductions.svd"),
    "fieldwright, fit": (ours, "fieldwright.surrogates.reductions.svd"),
    "LAPACK float64": (exact, "scipy.linalg"),
    "LAPACK float64, centred": (exact_centred, "scipy.linalg"),
    "randomized_svd": (scikit_learn_randomized, "sklearn.utils.extmath"),
    "IncrementalPCA": (scikit_learn_incremental, "sklearn.decomposition"),
    "dask svd_compressed": (dask_compressed, "dask.array"),
    "dask tsqr": (dask_tsqr, "dask.array"),
    "pyMOR snapshots": (pymor_snapshots, "pymor.algorithms.pod"),
    "pyMOR inc. HAPOD": (pymor_hapod, "pymor.algorithms.hapod"),
    "EZyRB svd": (ezyrb_pod, "ezyrb"),
}
"""Name to method and the module that is imported before its time is taken."""
