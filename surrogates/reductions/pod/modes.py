"""The modes themselves: a second reading of the snapshots, into memory or, where they are too many, into a file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fieldwright.data.computing.scratch_array import release_pages, scratch_array
from fieldwright.surrogates.reductions import Matrix
from fieldwright.surrogates.reductions.pod.blocks import BLOCK, Span, blocks, spans
from fieldwright.surrogates.reductions.pod.decomposition import Decomposition, Settings
from fieldwright.surrogates.reductions.pod.gram import gram
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct

LARGE = 2**23
"""Values of a basis from which float32 snapshots get float32 modes: half the artifact, half the time to decode."""


def modes(source: Matrix, decomposition: Decomposition, settings: Settings) -> tuple[np.ndarray, float]:
    """Basis (rank, m), u_i = sum_j V_ji (x_j - mean) / s_i, and how far it was from orthonormal before repair.

    The defect max |U W U^T - I| measures what rounding did to the small singular values; U is then multiplied by
    (U W U^T)^-1/2, the least change that makes it orthonormal (Loewdin 1950). Signs are such that the entry of
    largest magnitude of each weighted mode U W^1/2 is positive.
    """
    rank, m = decomposition.rank, source.shape[1]
    if decomposition.s[0] == 0.0:
        return _constant(decomposition.inner), 0.0
    basis = _room(rank, m, np.dtype(source.dtype), settings.memory)
    if decomposition.modes is not None:
        basis[:] = decomposition.modes
    else:
        assert decomposition.left is not None
        mix = (decomposition.left / decomposition.s[:rank]).T
        columns = spans(source, decomposition.inner, settings.centre, settings.memory, length=2)
        tasks = [(span, mix, basis.dtype) for span in columns]
        for start, part in settings.executor.in_order(_of_span, tasks):
            basis[:, start : start + part.shape[1]] = part
            release_pages(basis)
    overlap, signs = _overlap(basis, decomposition.inner, settings.memory)
    defect = float(np.abs(overlap - np.eye(rank)).max())
    values, vectors = np.linalg.eigh(overlap)
    repair = signs[:, None] * (vectors / np.sqrt(values)) @ vectors.T
    for columns in _panels(basis):
        basis[:, columns] = repair @ basis[:, columns]
    return basis, defect


def _of_span(span: Span, mix: np.ndarray, dtype: np.dtype) -> tuple[int, np.ndarray]:
    part = np.zeros((len(mix), span.stop - span.start), dtype=dtype)
    root = np.sqrt(span.weights)
    for block in blocks(span):
        part[:, block.columns] = (mix @ block.values) / root[block.columns]
    return span.start, part


def _room(rank: int, m: int, dtype: np.dtype, memory: int) -> np.ndarray:
    """An array for the basis; beyond half the memory it lies in an unnamed temporary file."""
    precision = np.float32 if dtype == np.float32 and rank * m > LARGE else np.float64
    size = rank * m * np.dtype(precision).itemsize
    if size <= memory // 2:
        return np.empty((rank, m), dtype=precision)
    return scratch_array((rank, m), precision)


def _panels(basis: np.ndarray) -> Iterator[slice]:
    """All columns, part by part."""
    m = basis.shape[1]
    step = max(16, BLOCK // len(basis))
    for a in range(0, m, step):
        yield slice(a, min(a + step, m))
        release_pages(basis)


def _overlap(basis: np.ndarray, inner: InnerProduct, memory: int) -> tuple[np.ndarray, np.ndarray]:
    """U W U^T (r, r), and the sign of the entry of largest magnitude of each row of U W^1/2."""
    overlap, largest = np.zeros((len(basis), len(basis))), np.zeros(len(basis))
    for columns in _panels(basis):
        part = basis[:, columns] * np.sqrt(inner.weights[columns])
        overlap += part @ part.T
        most = part[np.arange(len(part)), np.abs(part).argmax(axis=1)]
        largest = np.where(np.abs(most) > np.abs(largest), most, largest)
    if inner.mass is not None:
        overlap = gram(basis, inner, False, memory)[0][0]
    return overlap, np.where(largest < 0, -1.0, 1.0)


def _constant(inner: InnerProduct) -> np.ndarray:
    """The constant function of norm 1: the one mode of snapshots that do not differ."""
    one = (inner.weights > 0).astype(np.float64)
    root = np.sqrt(inner.weights)
    moved = root if inner.mass is None else inner.mass @ root
    return (one / np.sqrt(root @ moved))[None]
