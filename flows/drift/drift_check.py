"""Checks the champion of a study for drift, writes the verdict down, and opens what should follow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from fieldwright.data.errors import FieldwrightError, StudyError
from fieldwright.flows.commands.suggest import suggest_runs
from fieldwright.flows.drift.late_runs import LateRuns, late_runs
from fieldwright.flows.drift.picture import drift_figure
from fieldwright.flows.drift.query_log import QueryLog
from fieldwright.flows.drift.shadow_summary import shadow_sentence
from fieldwright.flows.drift.statistical_tests import (
    FEWEST_QUERIES,
    outside_test,
    promise_test,
    shift_test,
    widening_test,
)
from fieldwright.flows.drift.verdict import DriftReport, DriftTest
from fieldwright.flows.runs.parameter_space import write_table
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.fields.surrogate import Surrogate

DRIFT, PICTURE, NEXT_RUNS = "drift.json", "drift.png", "next_runs.csv"
QUESTIONS = 4
"""Among which the probability of a false alarm is divided."""
USUAL = (0.025, 0.975)
"""Quantiles of the queries outside between which runs are suggested: a mistyped number opens no region."""


def study_of_runs_by_parameters(study: StudyFile) -> Study:
    """The study, if its predictions are logged with their parameters; raises StudyError."""
    if not isinstance(study, Study) or study.geometry is not None or not study.parameters.columns:
        raise StudyError(
            "A check for drift must be of a study whose runs differ by parameters",
            f"{study.path.name}",
            "Shapes, photos and equations are not in the log of predictions",
        )
    return study


def check_drift(
    study: Study, until: datetime | None = None, retrain: Callable[[str], str] | None = None
) -> DriftReport:
    """The verdict on the study's champion, logged to MLflow with `drift.json` and `drift.png`.

    With drift, `next_runs.csv` beside the study holds runs for the region that is asked outside the domain.

    Parameters
    ----------
    until
        Now, if None.
    retrain
        Runs the pipeline of a study file and says what came of it; called with drift, where `[drift]` says so.

    Raises
    ------
    FieldwrightError
        There is no champion, its files are missing, or the study's runs cannot be read.
    """
    rule, until = study.drift, until or datetime.now(UTC)
    since = until - timedelta(days=rule.days)
    tracking = Tracking.of(study)
    champion = tracking.registry.champion()
    if champion is None:
        raise StudyError(
            f"The study '{study.name}' must have a champion to be checked for drift", "none", "Run it first"
        )
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        surrogate = Surrogate.load(tracking.registry.download(champion, Path(folder)))
        names = tuple(info.name for info in surrogate.description.parameters)
        log = QueryLog.of(study.name, names, since - timedelta(days=rule.days))
        window = log.between(since, until)
        outside = outside_domain(surrogate.domain, window)
        single = window.one_of_each_request(study.seed)
        level = rule.alarm / QUESTIONS
        late = late_runs(study, tracking, champion, surrogate, window.x)
        tests = (
            outside_test(outside_domain(surrogate.domain, single), rule.max_outside, level),
            *([shift_test(single.x, surrogate.domain.runs, names, level)] if rule.shift else []),
            widening_of(log.one_of_each_request(study.seed), champion.version, since, until, study, level),
            _promise(late, surrogate, level),
        )
    report = DriftReport(
        study.name,
        champion.version,
        since.isoformat(timespec="seconds"),
        until.isoformat(timespec="seconds"),
        len(window.table),
        len(single.table),
        tests,
        window.periods(outside, since, until),
        shadow_sentence(study.name, since),
    )
    advice = list(_advice(study, report, window.x[outside]))
    if report.drift and rule.retrain and retrain is not None:
        advice.append(f"retrained: {retrain(str(study.path))}")
    report = DriftReport(**{**vars(report), "advice": tuple(advice)})
    _log(tracking, report, names, window.x, surrogate.domain.runs, rule.max_outside, late)
    return report


def outside_domain(domain: Domain, log: QueryLog) -> np.ndarray:
    """(n,) bool: whether the queries lie outside the domain, whichever version has answered them."""
    return ~domain.inside(log.x) if len(log.table) else np.zeros(0, dtype=bool)


def widening_of(
    log: QueryLog, version: str, since: datetime, until: datetime, study: Study, level: float
) -> DriftTest:
    """The test of a version's bands between the two times beside as long before; the halves where it is too new."""
    now, before = log.between(since, until), log.between(since - (until - since), since)
    mine = now.table[now.table["version"] == version] if len(now.table) else now.table
    few = not len(before.table) or before.table["version"].tolist().count(version) < FEWEST_QUERIES
    if few and len(mine):
        middle = sorted(mine["time"].tolist())[len(mine) // 2]
        now, before = log.between(middle, until), log.between(since, middle)
    return widening_test(now.widths(version), before.widths(version), study.drift.max_widening, level)


def _promise(late: LateRuns, surrogate: Surrogate, level: float) -> DriftTest:
    description = surrogate.description
    places = description.n_runs if description.achievable is None else description.achievable.places
    test = promise_test(late.covered, late.inside, places, description.coverage, level)
    numbers = {
        "late": len(late.names),
        "inside": late.inside,
        "asked": late.queried,
        "fields": dict(test.numbers),
    }
    numbers |= {"errors": late.errors, "promised": late.promised}
    sentence = test.sentence
    if late.errors:
        worst = max(late.errors, key=lambda one: late.errors[one] / max(late.promised.get(one, 0.0), 1e-15))
        sentence += f"; the error of '{worst}' is {late.errors[worst]:.2g}, "
        sentence += f"in training it was {late.promised[worst]:.2g}"
    return DriftTest(test.name, test.outcome, sentence, numbers)


def _advice(study: Study, report: DriftReport, outside: np.ndarray) -> tuple[str, ...]:
    """With drift, writes the next runs; outside: (n, p) queries outside the domain."""
    if not report.drift or not study.drift.runs:
        return ()
    n, path = study.drift.runs, study.path.with_name(NEXT_RUNS)
    try:
        region = (
            (np.quantile(outside, USUAL[0], axis=0), np.quantile(outside, USUAL[1], axis=0))
            if len(outside)
            else None
        )
        suggestion = suggest_runs(study, n, "error", region)
    except FieldwrightError as error:
        return (f"no next runs could be suggested: {error}",)
    write_table(study, path, suggestion.x, suggestion.names)
    where = "in the region that is asked outside the domain" if region else "where the model errs most"
    return (f"{n} runs {where} are suggested in {path}",)


def _log(
    tracking: Tracking,
    report: DriftReport,
    names: tuple[str, ...],
    queries: np.ndarray,
    runs: np.ndarray,
    limit: float,
    late: LateRuns,
) -> None:
    with tracking.run(f"drift {report.until[:10]}") as run:
        run.tags({"role": "drift", "verdict": report.verdict, "version": report.version})
        run.tags({"mlflow.note.content": report.sentence[:4000]})
        numbers = {"queries": float(report.queries), "requests": float(report.requests)}
        numbers |= {"late_runs": float(len(late.names))}
        numbers |= {f"late.{name}.coverage": share for name, share in late.covered.items()}
        numbers |= {f"late.{name}.error": error for name, error in late.errors.items()}
        share = report.tests[0].numbers.get("share")
        run.metrics(numbers if share is None else numbers | {"outside_share": share})
        run.json({DRIFT: report.as_dict()})
        run.figures({PICTURE: drift_figure(report, names, queries, runs, limit)})
