"""Calibrated bands: what nominal 90 % covers on runs never used, averaged over random splits, and how wide it is.

Each split learns from some runs, calibrates by a cross-validation of these and asks for the others. The designs
of the plates are Sobol sequences of other seeds, as a study would plan them; those of the other sets are drawn at
random.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.surrogates.sets import FieldSet, Sizes, load

COVERAGE = 0.9
MOST_ASKED = 100
SETS = tuple(
    f"{name}, {n} runs, {folds} folds"
    for name, n in (("airfoil_transonic", 60), ("graetz", 64), ("navier_stokes", 64), ("plates", 64))
    for folds in (8, 16)
)
KINDS = ("rbf", "bayes", "gp")
STATISTICS = ("pointwise", "simultaneous", "width", "simultaneous_width")


def methods(name: str) -> list[str]:
    """The kinds that are tried on a set."""
    return [f"ours {kind}" for kind in KINDS]


def split(name: str, n: int, seed: int, folder: Path) -> tuple[FieldSet, FieldSet]:
    """n runs to learn from and others to ask for, with one field."""
    rng = np.random.default_rng(seed)
    if name == "plates":
        asked, learned = load("plate", folder), load("plates", folder)
        rows = rng.permutation(len(asked.x))[:MOST_ASKED]
        ours = slice(seed * n, (seed + 1) * n)
        return _rows(learned, ours), _rows(asked, rows)
    data = load(name, folder)
    order = rng.permutation(len(data.x))
    return _rows(data, order[:n]), _rows(data, order[n : n + MOST_ASKED])


def _rows(data: FieldSet, rows: Any) -> FieldSet:
    return FieldSet(data.x[rows], {name: values[rows] for name, values in data.fields.items()})


def trained(kind: str, data: FieldSet, folds: int, seed: int):
    """A calibrated surrogate of the runs."""
    from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
    from fieldwright.surrogates.fields.surrogate import Surrogate
    from fieldwright.surrogates.reductions import reduction_config
    from fieldwright.surrogates.regressors import kind_config
    from fieldwright.surrogates.validation.cross_validation import cross_validate

    config = kind_config({"kind": kind})
    reductions = {name: reduction_config({"kind": "svd"}) for name in data.fields}
    held_out = cross_validate(config, reductions, data.x, data.fields, folds=folds, seed=seed)
    infos, points = [], {}
    for name, values in data.fields.items():
        names = ("",) if values.shape[-1] == 1 else tuple("xyz"[: values.shape[-1]])
        times = tuple(map(float, range(values.shape[1]))) if values.ndim == 4 else None
        infos.append(FieldInfo(name=name, components=names, times=times, n_points=values.shape[-2]))
        points[name] = np.zeros((values.shape[-2], 3))
    return Surrogate.train(
        config,
        reductions,
        data.x,
        data.fields,
        parameters=[ParameterInfo(name=f"p{j}") for j in range(data.x.shape[1])],
        fields=infos,
        points=points,
        cross_validation=held_out,
        coverage=COVERAGE,
        seed=seed,
        name="benchmark",
    )


def measure(name: str, method: str, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Means over the splits, and the std error of the pointwise coverage."""
    from fieldwright.surrogates.validation.holdout import HoldoutResult

    which, n, of = name.split(", ")
    rows: dict[str, list[list[float]]] = {}
    for seed in range(sizes.splits):
        learned, asked = split(which, int(n.split()[0]), seed, folder)
        surrogate = trained(method.removeprefix("ours "), learned, int(of.split()[0]), seed)
        found = HoldoutResult.evaluate(surrogate, asked.x, asked.fields)
        for field, one in found.fields.items():
            rows.setdefault(field, []).append([getattr(one, statistic) for statistic in STATISTICS])
        numbers = [[getattr(one, statistic) for statistic in STATISTICS] for one in found.quantities.values()]
        rows.setdefault("its quantities", []).append(np.mean(numbers, axis=0).tolist())
    means = {
        field: dict(zip(STATISTICS, np.mean(found, axis=0).tolist(), strict=True))
        for field, found in rows.items()
    }
    for field, found in rows.items():
        means[field]["uncertainty"] = float(np.std([row[0] for row in found]) / np.sqrt(sizes.splits))
    return means


def table(found: dict[tuple[str, str], dict[str, Any]], sizes: Sizes) -> str:
    """One row for each set, kind and field."""
    lines = [
        f"Nominal {COVERAGE:.0%}, means over {sizes.splits} splits. Widths in stds of the values.",
        "",
        "| set | kind | of | values covered | whole fields covered | width | width, whole fields |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, method), fields in found.items():
        for field, one in fields.items():
            lines.append(
                f"| {name} | {method} | {field} | {one['pointwise']:.1%} ± {one['uncertainty']:.1%} | "
                f"{one['simultaneous']:.1%} | {one['width']:.2g} | {one['simultaneous_width']:.2g} |"
            )
    return "\n".join([*lines, ""])
