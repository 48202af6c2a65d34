"""5,000 runs: the error of our kinds on new runs, what their own bands cover, and CPU time.

None of these functions and fields was used in choosing the defaults of a kind.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.surrogates.functions import FUNCTIONS, samples
from benchmarks.surrogates.scalars import NORMAL
from benchmarks.surrogates.sets import FieldSet, Sizes, load
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.metrics import fluctuation_l2

RUNS, NEW = 5000, 500
OURS = ("gp", "mlp", "rbf", "bayes")
FIELDS = "many plates"
SETS = ("Borehole", "wing weight", "piston", FIELDS)
REDUCTION = {"kind": "svd", "energy": 0.99999999}


def methods(name: str) -> list[str]:
    """Our kinds that suit scalars and fields alike."""
    return [f"ours {kind}" for kind in OURS]


def runs_of(name: str, folder: Path) -> tuple[FieldSet, FieldSet]:
    """Runs to learn from, and new ones."""
    if name == FIELDS:
        every = load(FIELDS, folder)
    else:
        parts = [samples(name, number, seed) for number, seed in ((RUNS, 0), (NEW, 1000))]
        x, y = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        every = FieldSet(x, {"y": y[:, None, None]})
    first, last = slice(0, RUNS), slice(RUNS, RUNS + NEW)
    return tuple(
        FieldSet(every.x[rows], {key: values[rows] for key, values in every.fields.items()})
        for rows in (first, last)
    )  # type: ignore[return-value]


def measure(name: str, method: str, folder: Path, sizes: Sizes) -> dict[str, Any]:
    """Mean error relative to the spread of the runs, coverage of the own band of 90 %, and CPU seconds of the fit."""
    runs, new = runs_of(name, folder)
    reduction = {"kind": "svd", "rank": 1} if name in FUNCTIONS else REDUCTION
    reductions = {key: reduction_config(reduction) for key in runs.fields}
    config = kind_config({"kind": method.removeprefix("ours ")})
    # What is imported at the first fit is no part of its time.
    few = slice(0, 20)
    Emulator.fit(config, reductions, runs.x[few], {key: one[few] for key, one in runs.fields.items()}, seed=0)
    start = time.process_time()
    emulator = Emulator.fit(config, reductions, runs.x, runs.fields, seed=0)
    row: dict[str, Any] = {"fit": time.process_time() - start, "errors": {}, "own": {}}
    for key, (z, sigma) in emulator.latent(new.x).items():
        model, true = emulator.fields[key].at(new.x), new.fields[key]
        mean, std = (part.reshape(true.shape) for part in (model.mean(z), model.std(z, sigma)))
        if name in FUNCTIONS:
            row["errors"][key] = float(np.sqrt(np.mean((mean - true) ** 2)) / true.std())
        else:
            centre = runs.fields[key].mean(axis=0)
            row["errors"][key] = float(fluctuation_l2(true, mean, centre).mean())
        row["own"][key] = float(np.mean(np.abs(mean - true) <= NORMAL * std))
    return row


def table(found: dict[tuple[str, str], dict[str, Any]], sizes: Sizes) -> str:
    """One row for each set and kind."""
    lines = [
        "| 5,000 runs of | method | error / spread | own 90 % covers | fit, CPU s |",
        "|---|---|---|---|---|",
    ]
    for (name, method), row in found.items():
        errors, own = (
            ", ".join(format(value, form) for value in row[key].values())
            for key, form in (("errors", ".1e"), ("own", ".0%"))
        )
        lines.append(f"| {name} | {method} | {errors} | {own} | {row['fit']:.1f} |")
    return "\n".join([*lines, ""])
