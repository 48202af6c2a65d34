"""Centred and weighted float64 blocks of a snapshot matrix, small enough to stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fieldwright.surrogates.reductions import Matrix
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.pod.stripes import stripe_width, stripes

BLOCK = 2**18
"""Values of a block: 2 MB of float64."""
SPAN = 8
"""Stripes of one task. Fixed, so that sums are added up alike here and on any number of workers."""


@dataclass(frozen=True, eq=False)
class Span:
    """Neighbouring columns start..stop that one task works on, stripe by stripe.

    weights: (stop - start,) of the inner product. groups: (stop - start,), None where all are one group.
    """

    source: Matrix
    start: int
    stop: int
    width: int
    weights: np.ndarray
    groups: np.ndarray | None
    centre: bool


class ColumnBlock(NamedTuple):
    """values (n, k) = (snapshots - mean) * weights^1/2 at the columns, which count from the start of the span."""

    columns: slice | np.ndarray
    group: int
    values: np.ndarray
    mean: np.ndarray


def spans(
    source: Matrix, inner: InnerProduct, centre: bool, memory: int, *, per_value: int = 0, length: int = SPAN
) -> list[Span]:
    """All columns of the snapshots (n, m), cut into tasks of `length` stripes."""
    width = stripe_width(source, memory, per_value)
    m = source.shape[1]
    cuts = [(a, min(a + length * width, m)) for a in range(0, m, length * width)]
    groups = inner.groups
    return [
        Span(source, a, b, width, inner.weights[a:b], None if groups is None else groups[a:b], centre)
        for a, b in cuts
    ]


def blocks(span: Span) -> Iterator[ColumnBlock]:
    """The blocks of a span; `values` is one buffer, valid until the next block is asked for.

    Columns of weight 0 are left out, whatever stands in them.
    """
    n = span.source.shape[0]
    width = min(512, max(16, BLOCK // n))
    buffer = np.empty(n * width)
    root = np.sqrt(span.weights)
    weighted = bool((root != 1.0).any())
    contiguous = span.groups is None and bool((root > 0).all())
    for first, raw in stripes(span.source, span.start, span.stop, span.width):
        k = raw.shape[1]
        for a in range(0, k, width):
            b = min(a + width, k)
            at = first - span.start + a
            for group, pick in [(0, None)] if contiguous else _parts(span, at, b - a):
                block_values = raw[:, a:b] if pick is None else raw[:, a + pick]
                values = buffer[: block_values.size].reshape(block_values.shape)
                np.copyto(values, block_values)
                mean = np.zeros_like(values[0])
                if span.centre:
                    mean = values.sum(axis=0) / n
                    values -= mean
                columns = slice(at, at + b - a) if pick is None else at + pick
                if weighted:
                    values *= root[columns]
                yield ColumnBlock(columns, group, values, mean)


def _parts(span: Span, at: int, k: int) -> Iterator[tuple[int, np.ndarray | None]]:
    """Each group among k columns and where its columns are; None stands for all of them."""
    inside = span.weights[at : at + k] > 0
    groups = np.zeros(k, dtype=int) if span.groups is None else span.groups[at : at + k]
    for group in np.unique(groups[inside]):
        pick = np.flatnonzero(inside & (groups == group))
        yield int(group), None if len(pick) == k else pick
