"""Singular values and vectors of a snapshot matrix of any shape: the method is chosen here, and said."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions import Matrix
from fieldwright.surrogates.reductions.pod.blocks import spans
from fieldwright.surrogates.reductions.pod.covariance import covariance
from fieldwright.surrogates.reductions.pod.gram import gram
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.pod.krylov import energies, leading
from fieldwright.surrogates.reductions.pod.spectrum import (
    EPS,
    TRUSTED,
    Criterion,
    eigen,
    gram_error,
    mixing,
    refined,
)

log = logging.getLogger(__name__)

Method = Literal["snapshots", "covariance", "krylov", "direct"]


@dataclass(frozen=True, eq=False)
class Settings:
    """What a decomposition is asked for; memory in bytes."""

    criterion: Criterion
    centre: bool
    memory: int
    method: Method | None = None
    seed: int = 0
    executor: Executor = IN_PROCESS


@dataclass(frozen=True, eq=False)
class Decomposition:
    """X = (snapshots - mean) in the inner product, X ~ V diag(s) U; the first `rank` are wanted.

    s: (p,) falling, as many as are known. left: (n, rank) columns of V. modes: (rank, m) rows of U where they
    came along, else None. inner: the inner product with the scales of groups put into its weights.
    total: sum of the squares of all singular values. error: expected relative error of s[rank - 1].
    gram: (n, n) X X^T where it was formed. readings: how often the snapshots were read.
    """

    method: Method
    s: np.ndarray
    rank: int
    left: np.ndarray | None
    modes: np.ndarray | None
    mean: np.ndarray
    inner: InnerProduct
    total: float
    error: float
    readings: int
    gram: np.ndarray | None = None


def decompose(source: Matrix, inner: InnerProduct, settings: Settings) -> Decomposition:
    """The leading singular values and vectors of snapshots (n, m); raises ModelError."""
    n, m = source.shape
    method = settings.method or _method(n, m, inner, settings.memory)
    log.info("POD of %d snapshots of %d values by the method '%s'", n, m, method)
    with np.errstate(invalid="ignore", over="ignore"):
        by = {"snapshots": _by_gram, "covariance": _by_covariance, "krylov": _by_krylov, "direct": _directly}
        decomposition = by[method](source, inner, settings)
    log.info(
        "%d modes, s %.3e to %.3e, relative error %.0e, read %d times",
        decomposition.rank,
        decomposition.s[0],
        decomposition.s[decomposition.rank - 1],
        decomposition.error,
        decomposition.readings,
    )
    return decomposition


def _method(n: int, m: int, inner: InnerProduct, memory: int) -> Method:
    if 8 * n * n * (inner.n_groups + 5) <= 3 * memory // 4:
        return "snapshots"
    if 8 * m * m * 6 <= 3 * memory // 4:
        return "covariance"
    return "krylov"


def _directly(source: Matrix, inner: InnerProduct, settings: Settings) -> Decomposition:
    """By the SVD of the whole matrix, which holds it a few times and resolves all that its rounding does."""
    if inner.mass is not None or inner.groups is not None:
        raise ModelError(
            "The method 'direct' must have an inner product of weights alone",
            "a mass matrix, or fields that are scaled apart",
            "Leave 'method' out",
        )
    x = np.asarray(source[:, :], dtype=np.float64)
    root = np.sqrt(inner.weights)
    x = np.where(root > 0, x, 0.0)
    mean = x.mean(axis=0) if settings.centre else np.zeros(x.shape[1])
    x = (x - mean) * root
    energy = np.array([np.einsum("ij,ij->", x, x)])
    _check_finite(source, inner, energy)
    _, s, rows = np.linalg.svd(x, full_matrices=False)
    mean = np.where(root > 0, mean, np.nan)
    floor, total = _floor(mean, inner, s, len(x)), float(energy[0])
    if s[0] <= floor:
        return Decomposition("direct", np.zeros(1), 1, None, rows[:1], mean, inner, total, 0.0, 1)
    s = s[: np.count_nonzero(s > floor)]
    rank = settings.criterion.modes(s, total)
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    error = EPS * float(s[0] / s[rank - 1])
    return Decomposition("direct", s, rank, None, rows[:rank] * inverse, mean, inner, total, error, 1)


def _by_gram(source: Matrix, inner: InnerProduct, settings: Settings) -> Decomposition:
    centre, memory, executor = settings.centre, settings.memory, settings.executor
    parts, mean = gram(source, inner, centre, memory, n_groups=inner.n_groups, executor=executor)
    energy = parts.trace(axis1=1, axis2=2)
    _check_finite(source, inner, energy)
    scaled, factor = _scaled(inner, energy, source.shape[0])
    g = np.tensordot(factor, parts, 1)
    s, v = eigen(g)
    total = float(np.trace(g))

    def again(s: np.ndarray, v: np.ndarray) -> np.ndarray:
        return gram(source, scaled, centre, memory, mix=mixing(s, v), executor=executor)[0][0]

    s, v, error, rank, more = _trusted(s, v, total, _floor(mean, scaled, s, source.shape[0]), settings, again)
    return Decomposition("snapshots", s, rank, v[:, :rank], None, mean, scaled, total, error, 1 + more, g)


def _by_covariance(source: Matrix, inner: InnerProduct, settings: Settings) -> Decomposition:
    n, _ = source.shape
    root = np.sqrt(inner.weights)
    c, mean = covariance(source, root, settings.centre, settings.memory, None, settings.executor)
    paired = c if inner.mass is None else inner.mass.multiply(c).toarray()
    if inner.groups is None:
        energy = np.array([np.trace(paired) if inner.mass is None else paired.sum()])
    else:
        energy = np.bincount(inner.groups, paired.sum(axis=1) if inner.mass is not None else np.diag(c))
    _check_finite(source, inner, energy)
    scaled, factor = _scaled(inner, energy, n)
    root = np.sqrt(scaled.weights)
    total = float(energy @ factor)
    # X F with F F^T = M has the same singular values in the plain inner product.
    f = np.eye(len(root)) if inner.mass is None else np.linalg.cholesky(inner.mass.toarray())
    change = np.divide(root, np.sqrt(inner.weights), out=np.zeros_like(root), where=root > 0)
    s, v = eigen(f.T @ (c * np.outer(change, change)) @ f)

    def again(s: np.ndarray, v: np.ndarray) -> np.ndarray:
        mix = f @ mixing(s, v).T
        return covariance(source, root, settings.centre, settings.memory, mix, settings.executor)[0]

    s, v, error, rank, more = _trusted(s, v, total, _floor(mean, scaled, s, n), settings, again)
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    modes = np.linalg.solve(f.T, v[:, :rank]).T * inverse
    return Decomposition("covariance", s, rank, None, modes, mean, scaled, total, error, 1 + more)


def _by_krylov(source: Matrix, inner: InnerProduct, settings: Settings) -> Decomposition:
    n, m = source.shape
    if inner.mass is not None:
        raise ModelError(
            f"With a mass matrix the {n} x {n} Gram matrix must fit into the memory of the SVD",
            f"{settings.memory >> 20} MB",
            "Raise 'memory_mb', or give cell volumes instead of the mass matrix",
        )
    energy, mean = energies(
        spans(source, inner, settings.centre, settings.memory), inner.n_groups, settings.executor
    )
    _check_finite(source, inner, energy)
    scaled, factor = _scaled(inner, energy, n)
    total = float(energy @ factor)
    columns = spans(source, scaled, settings.centre, settings.memory)
    rank_limit, readings = min(settings.criterion.rank or 32, n, m), 1
    while True:
        ritz = leading(columns, rank_limit, TRUSTED, settings.memory, settings.seed, settings.executor)
        readings += ritz.readings
        s = ritz.s[:rank_limit]
        enough = settings.criterion.modes(s, total) < rank_limit or rank_limit in (
            settings.criterion.rank,
            n,
            m,
        )
        if enough or s[-1] ** 2 <= EPS * total:
            break
        rank_limit = min(2 * rank_limit, n, m)

    def again(s: np.ndarray, v: np.ndarray) -> np.ndarray:
        return gram(
            source, scaled, settings.centre, settings.memory, mix=mixing(s, v), executor=settings.executor
        )[0][0]

    trusted = _trusted(ritz.s, ritz.v, total, _floor(mean, scaled, ritz.s, n), settings, again)
    # Products with X X^T hold nothing of vectors below 1e-8 of the first, unless their space is all there is.
    complete = len(ritz.s) >= min(n, m)
    resolved = len(ritz.s) if complete else int(np.count_nonzero(gram_error(ritz.s) < 0.1))
    s, v, error, rank, more = trusted
    s, rank, error = s[: min(rank_limit, resolved)], min(rank, rank_limit, resolved), max(error, ritz.error)
    return Decomposition("krylov", s, rank, v[:, :rank], None, mean, scaled, total, error, readings + more)


def _trusted(
    s: np.ndarray,
    v: np.ndarray,
    total: float,
    floor: float,
    settings: Settings,
    again: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray, float, int, int]:
    """Return s and v, read again where squaring lost the wanted ones; the error, the rank, the readings it took."""
    criterion = settings.criterion
    rank, readings = criterion.modes(s, total), 0
    error = gram_error(s)
    if s[0] > floor and error[rank - 1] > TRUSTED:
        log.info(
            "s[%d] is %.0e of the first: a Gram matrix gives it to %.0e, so the snapshots are read once more",
            rank, s[rank - 1] / s[0], error[rank - 1],
        )  # fmt: skip
        s, v = refined(s, v, again(s, v))
        error, readings = np.sqrt(EPS * gram_error(s)), 1
    if s[0] <= floor:
        return np.zeros(1), v, 0.0, 1, readings
    s = s[: np.count_nonzero((s > floor) & (error < 0.1))]
    rank = criterion.modes(s, total)
    if criterion.rank is not None and criterion.energy is criterion.error is None and rank < criterion.rank:
        log.warning("the snapshots have rank %d: %d modes were asked for", rank, criterion.rank)
    return s, v, float(error[rank - 1]), rank, readings


def _floor(mean: np.ndarray, inner: InnerProduct, s: np.ndarray, n: int) -> float:
    """What rounding of the snapshots and of their mean alone can make of a singular value that is 0."""
    constant = np.sqrt(n * np.nansum(inner.weights * mean**2))
    return float(4.0 * EPS * np.sqrt(n) * (s[0] + constant))


def _scaled(inner: InnerProduct, energy: np.ndarray, n: int) -> tuple[InnerProduct, np.ndarray]:
    """The inner product with 1 / s_g^2 in its weights, and these factors; a group without energy keeps 1."""
    if inner.groups is None:
        return inner, np.ones(1)
    factor = np.divide(n, energy, out=np.ones_like(energy), where=energy > 0)
    return InnerProduct(inner.weights * factor[inner.groups], inner.mass), factor


def _check_finite(source: Matrix, inner: InnerProduct, energy: np.ndarray) -> None:
    """Raises ModelError that names the snapshots with NaN, infinity or numbers whose squares overflow."""
    if np.isfinite(energy).all():
        return
    inside = inner.weights > 0
    bad = []
    for i in range(source.shape[0]):
        row = np.asarray(source[i : i + 1, :], dtype=np.float64)[0, inside]
        if not np.isfinite(row).all() or np.abs(row).max(initial=0.0) > 1e150:
            bad.append(i)
    raise ModelError(
        "Snapshots must be finite",
        f"NaN, infinity or values beyond 1e150 in {len(bad)} of them, the first in row {bad[0] if bad else '?'}",
        "Leave these runs out",
    )
