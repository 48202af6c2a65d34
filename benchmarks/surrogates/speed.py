"""1,000 full fields with mean, std and band, against the two matrix products that they cannot do without."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.surrogates.sets import FieldSet, Sizes

QUERIES, ROUNDS = 1000, 5
SETS = tuple(
    f"{points} points, rank {rank}, {kind}"
    for points, rank in ((5000, 20), (20000, 40))
    for kind in ("f4", "f8")
)


def methods(name: str) -> list[str]:
    """The regressor makes no difference to what is done with the latent coordinates; linear is the quickest."""
    return ["ours linear"]


def least(work: Callable[[], Any]) -> float:
    """CPU seconds of the quickest of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def measure(name: str, method: str, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """CPU seconds of the products (q, r) @ (r, m), once for the mean and once for the variance, and of `predict`."""
    from benchmarks.surrogates.bands import trained

    points, rank, kind = name.split(", ")
    m, r = int(points.split()[0]), int(rank.split()[1])
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(4 * r, 8))
    latent = np.hstack([np.sin((j + 1) * x) for j in range(r // 8 + 1)])[:, :r]
    values = (latent @ rng.normal(size=(r, m))).astype(kind)[..., None]
    surrogate = trained(method.removeprefix("ours "), FieldSet(x, {"field": values}), 2, 0)
    queries = rng.uniform(size=(QUERIES, 8))
    found = {"predict": least(lambda: surrogate.predict(queries))}
    q = surrogate.emulator.fields["field"].rank
    z, modes = rng.normal(size=(QUERIES, q)).astype(kind), rng.normal(size=(q, m)).astype(kind)
    return found | {"products": least(lambda: (z @ modes, z @ modes)), "rank": q}


def table(found: dict[tuple[str, str], dict[str, Any]], sizes: Sizes) -> str:
    """One row for each size."""
    lines = ["| field | modes | two products, CPU s | predict, CPU s | share |", "|---|---|---|---|---|"]
    for (name, _), row in found.items():
        share = row["products"] / row["predict"]
        lines.append(
            f"| {name} | {row['rank']} | {row['products']:.3f} | {row['predict']:.3f} | {share:.0%} |"
        )
    return "\n".join([*lines, ""])
