"""Queries an endpoint for the runs of a test set, and compares its time with the solver's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from fieldwright.data.formats import reader_for
from fieldwright.data.ingest.parameters.table import read_table
from fieldwright.data.mesh.measures import cell_shares, point_shares
from fieldwright.flows.study.runs_study import Study
from fieldwright.physics.solvers.plate import PlateParameters
from fieldwright.physics.solvers.plate_solver import solve_plate
from fieldwright.surrogates.validation.metrics import relative_l2

REPEATS = 30
SOLVES = 5


@dataclass(frozen=True)
class Answers:
    """Errors and times; times in seconds, medians over repetitions.

    relative_l2: field to (runs,) norm of the error over norm of the field, of each run.
    covered: field to the share of true values, over runs and points, inside the calibrated band.
    """

    runs: int
    coverage: float
    relative_l2: dict[str, np.ndarray]
    covered: dict[str, float]
    solve_seconds: float
    query_seconds: float
    field_query_seconds: float
    batch: int
    batched_query_seconds: float


def ask(address: str, study: Study, test_runs: Path, batch: int = 64) -> Answers:
    """Queries every run of the folder in full, then times single and batched queries and the solver itself."""
    table = read_table(
        test_runs / "parameters.csv",
        {name: parameter.unit for name, parameter in study.parameters.columns.items()},
        study.parameters.run_column,
    )
    queries = [dict(zip(table.names, map(float, row), strict=True)) for row in table.values]
    with httpx.Client(base_url=address, timeout=60) as client:

        def post(parameters: Any, **more: Any) -> dict[str, Any]:
            reply = client.post("/predict", json={"parameters": parameters, **more})
            reply.raise_for_status()
            return reply.json()

        reply = post(queries, fields=list(study.fields), quantities=[])
        true, weights = _truth(test_runs, table.runs, study)
        mean, lower, upper = (
            {name: np.array(reply["fields"][name][part]) for name in study.fields}
            for part in ("mean", "lower", "upper")
        )
        many = [queries[i % len(queries)] for i in range(batch)]
        parameters = [PlateParameters(**query) for query in queries]
        return Answers(
            runs=len(queries),
            coverage=reply["coverage"],
            relative_l2={name: relative_l2(true[name], mean[name], weights[name]) for name in study.fields},
            covered={name: share_covered(true[name], lower[name], upper[name]) for name in study.fields},
            solve_seconds=_median_seconds(lambda i: solve_plate(parameters[i]), SOLVES),
            query_seconds=_median_seconds(lambda i: post(queries[i % len(queries)]), REPEATS),
            field_query_seconds=_median_seconds(
                lambda i: post(queries[i % len(queries)], fields=list(study.fields)), REPEATS
            ),
            batch=batch,
            batched_query_seconds=_median_seconds(lambda i: post(many), REPEATS) / batch,
        )


def share_covered(true: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> float:
    """Share of true values inside the band, among those that differ between runs.

    What is the same in all runs (a held node, the third component of a plane displacement) would flatter it.
    """
    varies = np.ptp(true, axis=0) > 0
    return float(np.mean(((lower <= true) & (true <= upper))[:, varies]))


def _truth(
    folder: Path, runs: tuple[str, ...], study: Study
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Field to (runs, points, components) and to what its points stand for, read from the solver's files."""
    paths = [folder / run / str(study.runs.file) for run in runs]
    reader = reader_for(paths[0])
    solved = [reader.read(path, list(study.fields)) for path in paths]
    values = {name: np.stack([run.fields[name].values[0] for run in solved]) for name in study.fields}
    shares = {"point": point_shares, "cell": cell_shares}
    return values, {name: shares[solved[0].fields[name].on](solved[0].mesh) for name in study.fields}


def _median_seconds(work: Callable[[int], Any], repeats: int) -> float:
    work(0)  # the first call pays for what later ones find warm
    times = []
    for i in range(repeats):
        begin = time.perf_counter()
        work(i)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)
