"""Fields: relative L2 error on held-out runs and CPU time, ours and other libraries', by the same folds.

Each method is a list of settings, its stock one first; the peers' best is chosen with knowledge of the held-out
runs, which flatters them. `surrogates_peers` holds theirs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.surrogates import peers as peers
from benchmarks.surrogates import scipy_peer as scipy_peer
from benchmarks.surrogates.generated import GENERATED, TRANSIENT
from benchmarks.surrogates.sets import Sizes, load
from fieldwright.surrogates.validation.cross_validation import assign_folds
from fieldwright.surrogates.validation.metrics import relative_l2

Predictor = Callable[[np.ndarray], np.ndarray]
REDUCTION = {"kind": "svd"}
SEEDS = (0, 1, 2, 3, 11, 21, 22)
SETS = (
    *("airfoil_transonic", "graetz", "navier_stokes", "heat_sink"),
    *(f"{family} seed {seed}" for family in GENERATED for seed in SEEDS),
)
CHOSEN_BY = ("airfoil_transonic", "graetz", "heat_sink", "oscillation seed 0")
"""Sets that defaults were chosen or changed by, beside those of the seeds below."""
CHOSEN_BY_SEEDS = (0, 1, 2, 3)
NEVER_CHOSEN_BY = ("reacting front seed 0", "darcy seed 0")
BESIDE_PEERS = ("ours gp", "ours rbf", "ours auto", scipy_peer.NAME)
"""What `--peers` compares."""
OURS = ("auto", "gp", "bayes", "pce", "rbf", "mlp", "lstm")


def ours(kind: str, seconds: float, x: np.ndarray, values: np.ndarray) -> Predictor:
    """A candidate of this kind with its default settings; "auto": what a search selects from these runs alone."""
    from fieldwright.surrogates.fields.emulator import Emulator
    from fieldwright.surrogates.reductions import reduction_config
    from fieldwright.surrogates.regressors import kind_config
    from fieldwright.surrogates.search.selection import Runs, select
    from fieldwright.surrogates.search.settings import SearchSettings

    targets, reductions = {"field": values}, {"field": reduction_config(REDUCTION)}
    if kind == "auto":
        runs, settings = Runs(x, targets, reductions, "relative_l2", {}), SearchSettings(seconds=seconds)
        found = select(runs, settings, folds=settings.folds, seed=0, seconds=settings.seconds)
        config = found.best.config
    else:
        config = kind_config({"kind": kind})
    emulator = Emulator.fit(config, reductions, x, targets, seed=0)

    def predict(queries: np.ndarray) -> np.ndarray:
        z, _ = emulator.latent(queries)["field"]
        return emulator.fields["field"].at(queries).mean(z)

    return predict


def settings(
    method: str, seconds: float
) -> Iterator[tuple[str, Callable[[np.ndarray, np.ndarray], Predictor]]]:
    """The settings of a method by name, each a function from runs to a predictor."""
    whose, _, what = method.partition(" ")
    if whose == "ours":
        yield ("nested selection" if what == "auto" else "default"), partial(ours, what, seconds)
    elif method == scipy_peer.NAME:
        yield from scipy_peer.settings()
    else:
        yield from peers.field_settings(method)


def methods(name: str) -> list[str]:
    """The methods that are tried on a set."""
    is_transient = name == "heat_sink" or name.partition(" seed ")[0] in TRANSIENT
    transient = ["EZyRB RBF, time as parameter", "PyDMD"] if is_transient else []
    return [*(f"ours {kind}" for kind in OURS), scipy_peer.NAME, *peers.FIELD_METHODS, *transient]


def measure(name: str, method: str, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Mean relative L2 over all runs, each predicted without its fold, and CPU seconds per fold."""
    data = load(name, folder)
    (values,) = data.fields.values()
    fold = assign_folds(len(data.x), sizes.folds, seed=0)
    found = []
    # What is imported at the first fit is no part of its time.
    next(settings(method, 1.0))[1](data.x[:12], values[:12, ..., :20, :])
    for label, build in settings(method, sizes.seconds):
        errors, fit, predict = np.empty(len(data.x)), 0.0, 0.0
        for index in range(sizes.folds):
            kept, held = fold != index, fold == index
            start = time.process_time()
            try:
                predictor = build(data.x[kept], values[kept])
            except (np.linalg.LinAlgError, ValueError):
                errors[held] = np.inf
                continue
            fitted = time.process_time()
            predicted = predictor(data.x[held])
            predict += time.process_time() - fitted
            fit += fitted - start
            errors[held] = relative_l2(values[held], predicted.reshape(values[held].shape))
        found.append(
            {
                "setting": label,
                "error": float(errors.mean()),
                "median": float(np.median(errors)),
                "fit": fit / sizes.folds,
                "predict": predict / len(data.x),
            }
        )
    finite = [one for one in found if np.isfinite(one["error"])]
    return {"stock": found[0], "best": min(finite, key=lambda one: one["error"]), "settings": len(found)}


def chosen_by(name: str) -> bool:
    """Whether a default was chosen by this set."""
    seed = name.partition(" seed ")[2]
    of_seeds = bool(seed) and int(seed) in CHOSEN_BY_SEEDS and name not in NEVER_CHOSEN_BY
    return name in CHOSEN_BY or of_seeds


def ratios(found: dict[tuple[str, str], dict[str, Any]]) -> str:
    """One line for each set: the errors of our defaults and of `auto` over the best of a peer's settings."""
    lines = [
        "| set | defaults chosen by it | gp | rbf | auto | peer's best | its setting | gp / peer | rbf / peer "
        "| auto / peer | auto / best default |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(key[0] for key in found):
        rows = {method: row["best"] for (one, method), row in found.items() if one == name}
        peer = rows.get(scipy_peer.NAME)
        kinds = [rows.get(f"ours {kind}") for kind in ("gp", "rbf", "auto")]
        cells = [name, "yes" if chosen_by(name) else "no"]
        cells += [f"{row['error']:.2e}" if row else "" for row in kinds]
        cells += [f"{peer['error']:.2e}", peer["setting"]] if peer else ["", ""]
        cells += [f"{row['error'] / peer['error']:.2g}" if row and peer else "" for row in kinds]
        defaults = [row["error"] for row in kinds[:2] if row]
        auto = kinds[2]
        cells.append(f"{auto['error'] / min(defaults):.3f}" if auto and defaults else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def table(found: dict[tuple[str, str], dict[str, Any]], sizes: Sizes) -> str:
    """Sets as sections; peers with their stock figure and the best of all settings on the held-out runs."""
    lines = []
    for name in dict.fromkeys(key[0] for key in found):
        rows = {method: row for (one, method), row in found.items() if one == name}
        best = min(
            (row["best"]["error"] for m, row in rows.items() if not m.startswith("ours")), default=np.nan
        )
        lines += [f"#### {name}, {sizes.folds} folds", ""]
        lines += [
            "| method | setting | mean rel. L2 | median | / peers' best | fit, CPU s | predict, ms a run |"
        ]
        lines += ["|---|---|---|---|---|---|---|"]
        for method, row in rows.items():
            shown = [("", row["stock"])]
            if row["settings"] > 1:
                shown = [("stock: ", row["stock"]), (f"best of {row['settings']}: ", row["best"])]
            for prefix, one in shown:
                lines.append(
                    f"| {method} | {prefix}{one['setting']} | {one['error']:.2e} | {one['median']:.2e} | "
                    f"{one['error'] / best:.2f} | {one['fit']:.2g} | {1e3 * one['predict']:.2g} |"
                )
        lines.append("")
    return "\n".join(lines)
