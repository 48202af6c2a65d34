"""A nonlinear reduction is chosen only where it beats the POD of its rank on runs that neither has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions import Reduction, ReductionConfig, reduction_for
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.pod.projection import squared_norms
from fieldwright.surrogates.reductions.svd import SVDConfig

MEMORY = 256 << 20
MARGIN = 0.9
"""A nonlinear reduction must leave less than this much of the POD's error, as it costs more to train and trust."""


@dataclass(frozen=True, eq=False)
class Contest:
    """How candidates did, best first.

    config: the one to use. candidates: all of them, the PODs of their ranks among them.
    errors: (candidates, n) of each snapshot while it was held out, relative to the spread of all snapshots.
    """

    config: ReductionConfig
    candidates: tuple[ReductionConfig, ...]
    errors: np.ndarray


def contest(
    candidates: Sequence[ReductionConfig],
    snapshots: np.ndarray,
    weights: np.ndarray | InnerProduct | None = None,
    *,
    groups: np.ndarray | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Contest:
    """Compares reductions on snapshots (n, m) by cross-validation; raises ModelError.

    groups: (n,) the run of each snapshot, so that the times of one run are held out together. Beside each candidate
    with a rank stands the POD of that rank. The error of snapshot x is |x - decode(encode(x))| over the root mean
    square of |x - mean|; candidates are ranked by its root mean square. The best one is chosen, unless it is
    nonlinear and leaves more than 0.9 of the error of the POD of its rank: then the best POD is.
    """
    ranks = sorted({rank for c in candidates if (rank := getattr(c, "rank", None)) is not None})
    entered: list[Any] = [*(SVDConfig(rank=rank) for rank in ranks)]
    entered += [c for c in candidates if c not in entered]
    groups = np.arange(len(snapshots)) if groups is None else groups
    names = np.unique(groups)
    if not 2 <= folds <= len(names):
        raise ModelError(
            f"The number of folds must be in 2..{len(names)} (the number of runs)",
            str(folds),
            "Lower it, or add runs",
        )
    parts = np.array_split(np.random.default_rng(seed).permutation(names), folds)
    squares = np.empty((len(entered), len(snapshots)))
    for part in parts:
        test = np.isin(groups, part)
        for i, config in enumerate(entered):
            reduction = reduction_for(config).fit(snapshots[~test], weights, seed)
            squares[i, test] = squared_errors(reduction, snapshots[test], weights)
    inner = InnerProduct.of(weights, snapshots.shape[1])
    spread = squared_norms(snapshots - snapshots.mean(axis=0), inner, MEMORY).mean()
    errors = np.sqrt(squares / spread) if spread > 0 else np.sqrt(squares)
    score = np.sqrt((errors**2).mean(axis=1))
    pods = {c.rank: score[i] for i, c in enumerate(entered[: len(ranks)])}
    fair = [
        i
        for i, c in enumerate(entered)
        if isinstance(c, SVDConfig) or score[i] < MARGIN * pods.get(getattr(c, "rank", None), np.inf)
    ]
    order = np.argsort(score, kind="stable")
    best = min(fair, key=lambda i: (score[i], i))
    return Contest(entered[best], tuple(entered[i] for i in order), errors[order])


def squared_errors(
    reduction: Reduction, snapshots: np.ndarray, weights: np.ndarray | InnerProduct | None = None
) -> np.ndarray:
    """|x - decode(encode(x))|^2 (q,) of snapshots (q, m) in the inner product; scales of fields are left out."""
    inner = InnerProduct.of(weights, snapshots.shape[1])
    return squared_norms(snapshots - reduction.decode(reduction.encode(snapshots)), inner, MEMORY)
