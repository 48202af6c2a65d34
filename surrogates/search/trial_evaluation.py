"""Evaluation of trials on folds: in this process, or in parallel worker processes of Dask."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fieldwright.data.errors import FieldwrightError
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.search.latent_fold import LatentFold


@dataclass(frozen=True, eq=False)
class FoldResult:
    """Errors (h,) of the held-out runs of one fold, or why the candidate could not be trained; and its seconds."""

    errors: np.ndarray | None
    seconds: float
    why: str = ""


class CandidateEvaluator(Protocol):
    """Evaluates candidates on one fold."""

    def __call__(self, fold: int, configs: Sequence[KindConfig]) -> list[FoldResult]:
        """Return the results in the order of the candidates."""
        ...


def evaluate_on_fold(fold: LatentFold, config: KindConfig, seed: int) -> FoldResult:
    """Train and evaluate one candidate on one fold, by one thread so that its numbers do not depend on others."""
    # A few hundred runs make small matrices, which several threads multiply more slowly than one.
    from threadpoolctl import threadpool_limits

    begin = time.perf_counter()
    try:
        with threadpool_limits(1):
            errors = fold.errors(config, seed)
    except (FieldwrightError, np.linalg.LinAlgError, FloatingPointError) as error:
        return FoldResult(None, time.perf_counter() - begin, str(error))
    seconds = time.perf_counter() - begin
    finite = bool(np.isfinite(errors).all())
    return (
        FoldResult(errors, seconds) if finite else FoldResult(None, seconds, "it predicted NaN or infinity")
    )


@contextmanager
def candidate_evaluator(folds: Sequence[LatentFold], seed: int, workers: int) -> Iterator[CandidateEvaluator]:
    """Yield an evaluator on these folds; with workers, they are sent once to each of the worker processes."""
    if workers == 0:
        yield lambda fold, configs: [evaluate_on_fold(folds[fold], config, seed) for config in configs]
        return
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address="", memory_limit=0
        ) as cluster,
        Client(cluster) as client,
    ):
        sent: Any = client.scatter(list(folds), hash=False)

        def distributed(fold: int, configs: Sequence[KindConfig]) -> list[FoldResult]:
            futures = [
                client.submit(evaluate_on_fold, sent[fold], config, seed, pure=False) for config in configs
            ]
            return client.gather(futures)  # pyright: ignore[reportReturnType]

        yield distributed
