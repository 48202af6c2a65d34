"""Where trials are judged: in this process, or side by side in worker processes of Dask."""

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
class Verdict:
    """Errors (h,) of the held-out runs of one fold, or why the candidate could not be trained; and its seconds."""

    errors: np.ndarray | None
    seconds: float
    why: str = ""


class Judge(Protocol):
    """Judges candidates on one fold; the verdicts come in the order of the candidates."""

    def __call__(self, fold: int, configs: Sequence[KindConfig]) -> list[Verdict]: ...


def verdict(fold: LatentFold, config: KindConfig, seed: int) -> Verdict:
    """Trains and judges one candidate on one fold, with one thread so that its numbers do not depend on others."""
    # Few hundred runs make small matrices, which several threads multiply more slowly than one.
    from threadpoolctl import threadpool_limits

    begin = time.perf_counter()
    try:
        with threadpool_limits(1):
            errors = fold.errors(config, seed)
    except (FieldwrightError, np.linalg.LinAlgError, FloatingPointError) as error:
        return Verdict(None, time.perf_counter() - begin, str(error))
    seconds = time.perf_counter() - begin
    finite = bool(np.isfinite(errors).all())
    return Verdict(errors, seconds) if finite else Verdict(None, seconds, "it predicted NaN or infinity")


@contextmanager
def judge(folds: Sequence[LatentFold], seed: int, workers: int) -> Iterator[Judge]:
    """Judges by these folds; with workers, processes to which the folds are sent once."""
    if workers == 0:
        yield lambda fold, configs: [verdict(folds[fold], config, seed) for config in configs]
        return
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address="", memory_limit=0
        ) as cluster,
        Client(cluster) as client,
    ):
        sent: Any = client.scatter(list(folds), hash=False)

        def distributed(fold: int, configs: Sequence[KindConfig]) -> list[Verdict]:
            flying = [client.submit(verdict, sent[fold], config, seed, pure=False) for config in configs]
            return client.gather(flying)  # pyright: ignore[reportReturnType]

        yield distributed
