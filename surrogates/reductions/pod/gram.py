"""The Gram matrix of all snapshots, in one reading (the method of snapshots; Sirovich 1987)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.surrogates.reductions import Matrix
from fieldwright.surrogates.reductions.pod.blocks import Span, blocks, spans
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.pod.mass_gram import of_span_with_mass

syrk: Any = get_blas_funcs("syrk", dtype=np.float64)


def gram(
    source: Matrix,
    inner: InnerProduct,
    centre: bool,
    memory: int,
    *,
    n_groups: int = 1,
    mix: np.ndarray | None = None,
    executor: Executor = IN_PROCESS,
) -> tuple[np.ndarray, np.ndarray]:
    """G_g = X_g M X_g^T in float64 for each group g of columns, X = (snapshots - mean) W^1/2, and the mean.

    mix: (p, n) to have the Gram matrix of mix @ X instead. Returns (n_groups, p, p) and (m,), the mean NaN at
    columns of weight 0. One reading and m n^2 multiply-adds by the symmetric rank-k update of BLAS; with a mass
    matrix about two readings, see `mass_gram`.
    """
    if inner.mass is None:
        columns = spans(source, inner, centre, memory)
        results = executor.in_order(_of_span, [(span, n_groups, mix) for span in columns])
    else:
        columns = spans(source, inner, centre, memory, per_value=16)
        root, mass = np.sqrt(inner.weights), inner.mass
        tasks = ((span, mass[span.start : span.stop], root, n_groups, mix) for span in columns)
        results = executor.in_order(of_span_with_mass, tasks)
    p = source.shape[0] if mix is None else len(mix)
    total, mean, at = np.zeros((n_groups, p, p)), np.empty(source.shape[1]), 0
    for parts, mean_of_span in results:
        total += parts
        mean[at : at + len(mean_of_span)] = mean_of_span
        at += len(mean_of_span)
    return total, mean


def _of_span(span: Span, n_groups: int, mix: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    p = span.source.shape[0] if mix is None else len(mix)
    # Transposed views of C-ordered parts are what the BLAS takes for column order, so it adds in place.
    parts = np.zeros((n_groups, p, p))
    mean = np.full(span.stop - span.start, np.nan)
    for block in blocks(span):
        mean[block.columns] = block.mean
        values = block.values if mix is None else mix @ block.values
        part = parts[block.group].T
        syrk(1.0, values.T, beta=1.0, c=part, trans=1, lower=1, overwrite_c=1)
    return np.triu(parts) + np.triu(parts, 1).transpose(0, 2, 1), mean
