"""The domain's flags on deliberately outside runs: the area under the curve of each score, 1 perfect, 0.5 chance.

Outside are the runs at one end of a parameter's range, 15 % of all, or those of a corner, in which two parameters lie
above 60 % of theirs, or those of a hole: the fifth of the runs nearest to the middle of two neighbouring parameters.
They are left out of the training with a quarter of the others, which are those inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from benchmarks.surrogates.sets import Sizes, load

SETS = ("airfoil_transonic", "graetz", "navier_stokes", "heat_sink", "plate")
KINDS = ("bayes", "gp")
END, CORNER, HOLE, MOST_LEARNED = 0.15, 0.6, 0.2, 100
SCORES = {
    "range": "beyond the range",
    "distance": "distance to the nearest run",
    "spread": "own std over its prior",
    "mahalanobis": "latent, Mahalanobis",
    "latent": "latent, nearest run",
    "outside": "ours, together",
}


def methods(name: str) -> list[str]:
    """The kinds whose std and latent coordinates are looked at."""
    return [f"ours {kind}" for kind in KINDS]


def cases(x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Which runs are outside, (n,) bool: at every end, in corners and holes of neighbouring parameters."""
    n, p = x.shape
    place = np.argsort(np.argsort(x, axis=0), axis=0) / (n - 1)
    for j in range(p):
        yield "end", place[:, j] < END
        yield "end", place[:, j] > 1.0 - END
    for j in range(p - 1):
        yield "corner", (place[:, j] > CORNER) & (place[:, j + 1] > CORNER)
        from_middle = np.linalg.norm(place[:, j : j + 2] - 0.5, axis=1)
        yield "hole", from_middle <= np.quantile(from_middle, HOLE)


def scores(kind: str, x: np.ndarray, values: np.ndarray, asked: np.ndarray) -> dict[str, np.ndarray]:
    """Each score at the parameters `asked`, (q,), of a model of runs x (n, p)."""
    from fieldwright.surrogates.domain.domain import Domain
    from fieldwright.surrogates.fields.emulator import Emulator
    from fieldwright.surrogates.reductions import reduction_config
    from fieldwright.surrogates.regressors import kind_config

    reduction = {"field": reduction_config({"kind": "svd"})}
    emulator = Emulator.fit(kind_config({"kind": kind}), reduction, x, {"field": values}, seed=0)
    shares, domain = emulator.fields["field"].shares, Domain.fit(x)
    runs = emulator.latent(x)["field"][0]
    z, sigma = emulator.latent(asked)["field"]
    spread = np.linalg.norm(sigma * shares, axis=1)
    where = domain.whereabouts(asked, spread, [""] * x.shape[1])
    return {
        "range": domain.beyond(asked).max(axis=1),
        "distance": domain.distance(asked),
        "spread": spread,
        "mahalanobis": np.linalg.norm(z, axis=1),
        "latent": cdist(z * shares, runs * shares).min(axis=1),
        "outside": where.outside,
        "flagged": ~where.inside,
    }


def measure(name: str, method: str, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Means over the cases of a kind: AUROC of each score, and the shares that the flag refuses."""
    data = load(name, folder)
    values = list(data.fields.values())[-1]
    found: dict[str, list[dict[str, float]]] = {}
    for what, outside in cases(data.x):
        others = np.random.default_rng(0).permutation(np.flatnonzero(~outside))
        if outside.sum() < 2:
            continue
        quarter = max(2, len(others) // 4)
        inside, learned = others[:quarter], others[quarter:][:MOST_LEARNED]
        asked = np.concatenate([np.flatnonzero(outside), inside])
        far = np.arange(len(asked)) < outside.sum()
        scored = scores(method.removeprefix("ours "), data.x[learned], values[learned], data.x[asked])
        row = {key: auroc(scored[key][far], scored[key][~far]) for key in SCORES}
        row |= {
            "refused": float(scored["flagged"][far].mean()),
            "false": float(scored["flagged"][~far].mean()),
        }
        found.setdefault(what, []).append(row)
    return {
        what: {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        for what, rows in found.items()
    }


def auroc(above: np.ndarray, below: np.ndarray) -> float:
    """The probability that one of the first lies above one of the second, ties counting half."""
    difference = above[:, None] - below
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def table(found: dict[tuple[str, str], dict[str, Any]], sizes: Sizes) -> str:
    """One row for each set, kind and sort of outside runs."""
    lines = [
        f"| set | kind | outside | {' | '.join(SCORES.values())} | outside refused | inside refused |",
        "|---" * (len(SCORES) + 5) + "|",
    ]
    for (name, method), rows in found.items():
        for what, row in rows.items():
            areas = " | ".join(f"{row[key]:.2f}" for key in SCORES)
            lines.append(
                f"| {name} | {method} | {what} | {areas} | {row['refused']:.0%} | {row['false']:.0%} |"
            )
    return "\n".join([*lines, ""])
