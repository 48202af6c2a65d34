"""Evaluation of trials on folds, wherever an executor does it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fieldwright.data.computing.executor import Executor
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


def candidate_evaluator(folds: Sequence[Any], seed: int, executor: Executor) -> CandidateEvaluator:
    """An evaluator on these folds, which the executor keeps."""

    def evaluate(fold: int, configs: Sequence[KindConfig]) -> list[FoldResult]:
        pieces = [(folds[fold], config, seed) for config in configs]
        return list(executor.in_order(evaluate_on_fold, pieces))

    return evaluate
