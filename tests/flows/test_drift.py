"""Drift: tests that hold their false-alarm rate and see what has moved, and the check of a real champion."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from scipy.special import kolmogi
from scipy.stats import beta, binom

from fieldwright.data.errors import FieldwrightError
from fieldwright.data.prediction_log import LoggedPrediction, predictions_folder, write_predictions
from fieldwright.flows.commands.drift_tables import print_drift
from fieldwright.flows.drift.drift_check import check_drift, study_of_runs_by_parameters
from fieldwright.flows.drift.query_log import QueryLog
from fieldwright.flows.drift.scheduled import watch_for_drift
from fieldwright.flows.drift.shadow_summary import shadow_summaries
from fieldwright.flows.drift.statistical_tests import outside_test, promise_test, shift_test, widening_test
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.validation.achievable_coverage import achievable_coverage

LEVEL = 0.05


def rate(outcomes: list[str]) -> float:
    return float(np.mean([one == "drift" for one in outcomes]))


def most_by_chance(level: float, trials: int) -> float:
    """So large a rate has a test of this level once in a thousand times."""
    return float(binom(trials, level).ppf(0.999)) / trials


def test_queries_outside_raise_an_alarm_as_often_as_the_binomial_says() -> None:
    rng, n, limit = np.random.default_rng(0), 200, 0.05
    # The power by the binomial alone: the least count whose tail at the limit lies below the level.
    critical = next(k for k in range(n) if binom(n, limit).sf(k - 1) < LEVEL)
    for true in (0.05, 0.08, 0.12):
        outcomes = [outside_test(rng.random(n) < true, limit, LEVEL).outcome for _ in range(1000)]
        power = float(binom(n, true).sf(critical - 1))
        assert rate(outcomes) == pytest.approx(power, abs=4.0 * math.sqrt(power * (1.0 - power) / 1000))
    assert binom(n, limit).sf(critical - 1) <= LEVEL
    one = outside_test(np.arange(100) < 30, 0.05, LEVEL)
    assert one.sentence.startswith("30% of 100 requests lie outside the domain (22% to 38% by so few")
    assert outside_test(np.ones(5, dtype=bool), 0.05, LEVEL).outcome == "not known"
    assert outside_test(np.zeros(50, dtype=bool), 0.0, LEVEL).outcome == "no drift"
    assert outside_test(np.arange(50) < 1, 0.0, LEVEL).outcome == "drift"


def distance(x: np.ndarray, y: np.ndarray) -> float:
    """The largest difference of two empirical distribution functions."""
    places = np.concatenate([x, y])
    return float(
        np.max(
            np.abs(np.mean(x[None] <= places[:, None], axis=1) - np.mean(y[None] <= places[:, None], axis=1))
        )
    )


@pytest.mark.parametrize("parameters", [1, 4])
def test_a_shift_raises_few_false_alarms_and_has_the_known_power(parameters: int) -> None:
    rng, n, m, trials = np.random.default_rng(1), 120, 60, 300
    names = [f"p{j}" for j in range(parameters)]
    same = [
        shift_test(rng.random((n, parameters)), rng.random((m, parameters)), names, LEVEL).outcome
        for _ in range(trials)
    ]
    assert rate(same) <= most_by_chance(LEVEL, trials)
    # Power beside Kolmogorov's limit distribution, with the statistic counted by hand.
    critical = kolmogi(LEVEL / parameters) * math.sqrt((n + m) / (n * m))
    outcomes, expected = [], []
    for _ in range(trials):
        x, runs = rng.random((n, parameters)), rng.random((m, parameters))
        x[:, 0] = 0.7 * x[:, 0] + 0.3 * (parameters > 1)
        outcomes.append(shift_test(x, runs, names, LEVEL).outcome == "drift")
        expected.append(max(distance(x[:, j], runs[:, j]) for j in range(parameters)) > critical)
    assert np.mean(outcomes) == pytest.approx(np.mean(expected), abs=0.08)
    assert np.mean(outcomes) > 0.5


def test_wider_bands_are_seen_and_equal_ones_are_not() -> None:
    rng, trials = np.random.default_rng(2), 400

    def outcomes(growth: float) -> list[str]:
        return [
            widening_test(
                {label: growth * rng.lognormal(0.0, 0.3, 60) for label in "ab"},
                {label: rng.lognormal(0.0, 0.3, 60) for label in "ab"},
                1.0,
                LEVEL,
            ).outcome
            for _ in range(trials)
        ]

    assert rate(outcomes(1.0)) <= most_by_chance(LEVEL, trials)
    assert rate(outcomes(1.5)) > 0.99
    few = {"a": np.ones(60)}
    assert widening_test(few, {}, 1.5, LEVEL).outcome == "not known"
    assert widening_test({"a": 1.2 * np.ones(60)}, few, 1.5, LEVEL).outcome == "no drift", (
        "by less than the factor"
    )


def test_bands_that_keep_their_promise_raise_few_alarms_however_few_calibrated_them() -> None:
    rng, trials, places, n = np.random.default_rng(3), 2000, 20, 15
    expected = achievable_coverage(places, 0.9).expected
    # Over studies the true coverage of bands of 90 % that 20 runs calibrated is Beta(19, 2).
    true = beta(19, 2).rvs(trials, random_state=rng)
    assert float(true.mean()) == pytest.approx(expected, abs=0.01)
    outcome_of = [promise_test({"u": hits / n}, n, places, 0.9, LEVEL).outcome for hits in range(n + 1)]
    outcomes = [outcome_of[hits] for hits in rng.binomial(n, true)]
    assert rate(outcomes) <= most_by_chance(LEVEL, trials)
    broken = [outcome_of[hits] for hits in rng.binomial(n, 0.4, trials)]
    assert rate(broken) > 0.9
    assert promise_test({"u": 0.0}, 2, places, 0.9, LEVEL).outcome == "not known"


STUDY = """
name = "rod"
[runs]
folder = "runs"
pattern = "*.npz"
workers = 0
[parameters]
table = "parameters.csv"
[parameters.columns]
load = { minimum = 0.5, maximum = 20.0 }
length = { minimum = 0.5, maximum = 5.0 }
[fields]
u = {}
[reduction]
rank = 2
[validation]
folds = 4
[drift]
days = 10
max_outside = 0.1
runs = 3
retrain = true
[[candidates]]
kind = "pce"
"""
PLACES = np.linspace(0.0, 1.0, 9)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LABEL = "max(u)"


@dataclass
class Rod:
    path: Path
    runs: int = 0

    @property
    def study(self) -> Study:
        return study_of_runs_by_parameters(load_study(self.path))

    def add(self, x: np.ndarray, factor: float = 1.0) -> None:
        table = self.path.parent / "parameters.csv"
        lines = table.read_text() if table.exists() else "run,load,length\n"
        for load, length in x.tolist():
            name = f"run_{self.runs:03d}.npz"
            u = factor * load * length * PLACES + 0.3 * load * np.sin(length * PLACES)
            np.savez(self.path.parent / "runs" / name, points=np.stack([PLACES, 0.0 * PLACES], 1), u=u)
            lines += f"{name},{load!r},{length!r}\n"
            self.runs += 1
        table.write_text(lines)

    def log(
        self, x: np.ndarray, days: np.ndarray, version: str = "1", width: float = 0.1, request: str = ""
    ) -> None:
        rows = [
            LoggedPrediction(
                NOW - timedelta(days=float(ago)),
                "rod",
                version,
                request or f"r{k}-{ago}",
                True,
                {"load": load, "length": length},
                {LABEL: [[load], [width / 3], [load - width / 2], [load + width / 2]]},
            )
            for k, ((load, length), ago) in enumerate(zip(x.tolist(), days.tolist(), strict=True))
        ]
        write_predictions(predictions_folder("rod"), rows)

    def forget(self) -> None:
        for path in predictions_folder("rod").glob("*"):
            path.unlink()


@pytest.fixture(scope="module")
def rod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rod]:
    folder = tmp_path_factory.mktemp("rod")
    (folder / "runs").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIELDWRIGHT_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        (folder / "study.toml").write_text(STUDY)
        rod = Rod(folder / "study.toml")
        rod.add(box(30, 0))
        yield rod


@pytest.fixture(autouse=True)
def own_home() -> None:
    """That of the module, in place of one for each test."""


def box(n: int, seed: int, low: float = 1.0, high: float = 3.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (n, 2))


def ago(n: int, first: float = 9.0, last: float = 0.1) -> np.ndarray:
    return np.linspace(first, last, n)


def test_without_a_champion_there_is_nothing_to_check(rod: Rod) -> None:
    with pytest.raises(FieldwrightError, match="must have a champion to be checked"):
        check_drift(rod.study, NOW)
    report = run_study(str(rod.path))
    assert report.promoted, report.why


def test_an_empty_log_says_that_nothing_is_known(rod: Rod) -> None:
    report = check_drift(rod.study, NOW)
    assert report.verdict == "not known"
    assert report.queries == 0
    assert not (rod.path.parent / "next_runs.csv").exists()


def test_queries_like_the_runs_are_no_drift_for_most_seeds(rod: Rod) -> None:
    verdicts = []
    for seed in range(6):
        rod.forget()
        rod.log(box(80, 100 + seed, 1.05, 2.95), ago(80))
        verdicts.append(check_drift(rod.study, NOW).verdict)
    assert verdicts == ["no drift"] * 6


def test_many_queries_of_one_request_are_one_sample(rod: Rod) -> None:
    rod.forget()
    rod.log(np.full((500, 2), 1.01), np.full(500, 1.0), request="one design study")
    rod.log(box(80, 7, 1.05, 2.95), ago(80))
    report = check_drift(rod.study, NOW)
    assert (report.queries, report.requests) == (580, 81)
    assert report.verdict == "no drift", report.sentence


def test_a_region_that_is_asked_outside_opens_the_next_runs(rod: Rod) -> None:
    rod.forget()
    rod.log(box(60, 8), ago(60))
    rod.log(np.column_stack([box(60, 9)[:, 0], box(60, 9, 4.0, 6.0)[:, 1]]), ago(60, 4.0, 0.1))
    retrained: list[str] = []

    def retrain(path: str) -> str:
        retrained.append(path)
        return "done"

    report = check_drift(rod.study, NOW, retrain)
    outside = next(one for one in report.tests if one.name == "queries outside the domain")
    assert outside.outcome == "drift"
    assert outside.numbers["share"] == pytest.approx(0.5, abs=0.05)
    assert report.verdict == "drift"
    assert retrained == [str(rod.path)]
    assert [one.outside > 0 for one in report.periods][:6] == [False] * 6
    assert all(one.outside > 0 for one in report.periods[-4:])

    table = pd.read_csv(rod.path.parent / "next_runs.csv")
    assert len(table) == 3
    assert table["length"].min() >= 3.9, "outside the runs, where it is asked"
    assert table["length"].max() <= 5.0, "within the study's own limits"

    tracking = Tracking.of(rod.study)
    (run,) = tracking.client.search_runs(
        [tracking.experiment_id()],
        "tags.role = 'drift'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    assert (run.data.tags["verdict"], run.data.tags["version"]) == ("drift", "1")
    assert run.data.metrics["outside_share"] == pytest.approx(outside.numbers["share"])
    document = tracking.json(run.info.run_id, "drift.json")
    assert document["sentence"] == report.sentence
    assert json.loads(json.dumps(document)) == document
    assert [one.path for one in tracking.client.list_artifacts(run.info.run_id, "figures")] == [
        "figures/drift.png"
    ]
    stream = io.StringIO()
    print_drift(report, Console(file=stream, width=200))
    assert "Verdict: drift." in stream.getvalue()
    assert "3 runs in the region that is asked outside the domain are suggested in" in stream.getvalue()


def test_bands_that_widen_are_drift(rod: Rod) -> None:
    rod.forget()
    rod.log(box(60, 10, 1.05, 2.95), ago(60, 19.0, 11.0))
    rod.log(box(60, 11, 1.05, 2.95), ago(60), width=0.3)
    report = check_drift(rod.study, NOW)
    wider = next(one for one in report.tests if one.name == "widths of bands")
    assert wider.outcome == "drift"
    assert wider.numbers[LABEL]["growth"] == pytest.approx(3.0)
    # A version that is too new to have a time before is compared with its own first half.
    rod.forget()
    rod.log(box(60, 10, 1.05, 2.95), ago(60, 9.0, 5.0))
    rod.log(box(60, 11, 1.05, 2.95), ago(60, 4.9, 0.1), width=0.3)
    wider = next(one for one in check_drift(rod.study, NOW).tests if one.name == "widths of bands")
    assert wider.outcome == "drift"


def test_late_runs_that_break_the_promise_are_drift_and_retrain(rod: Rod) -> None:
    rod.forget()
    late = box(12, 12, 1.2, 2.8)
    rod.log(np.concatenate([box(60, 13, 1.05, 2.95), late[:4]]), np.concatenate([ago(60), np.full(4, 2.0)]))
    rod.add(late, factor=1.4)
    report = check_drift(rod.study, NOW)
    broken = next(one for one in report.tests if one.name == "real error of late runs")
    assert broken.outcome == "drift"
    assert broken.numbers["late"] == 12
    assert broken.numbers["asked"] == 4
    assert broken.numbers["fields"]["u"]["coverage"] < 0.5
    assert broken.numbers["errors"]["u"] > 5.0 * broken.numbers["promised"]["u"]

    document = watch_for_drift(str(rod.path))
    assert document["verdict"] == "drift"
    assert any(line.startswith("retrained: Version 2 (pce)") for line in document["advice"])


def test_a_log_of_other_parameters_is_left_out(rod: Rod) -> None:
    log = QueryLog.of("rod", ["load", "length", "colour"])
    assert len(log.table) == 0
    assert log.x.shape == (0, 3)


def test_the_challenger_is_summarised_and_its_queries_count_once(rod: Rod) -> None:
    rod.forget()
    x = box(40, 14, 1.05, 2.95)

    def rows(version: str, shift: float, pairs: bool) -> list[LoggedPrediction]:
        return [
            LoggedPrediction(
                NOW - timedelta(days=1),
                "rod",
                version,
                f"r{k}",
                True,
                {"load": load, "length": length},
                {LABEL: [[load + shift], [0.1], [load + shift - 0.5], [load + shift + 0.5]]},
                f"r{k}/0" if pairs else "",
            )
            for k, (load, length) in enumerate(x.tolist())
        ]

    write_predictions(
        predictions_folder("rod"), [*rows("2", 0.0, False), *rows("2", 0.0, True), *rows("7", 0.4, True)]
    )
    (summary,) = shadow_summaries("rod")
    assert (summary.champion, summary.challenger, summary.pairs) == ("2", "7", 40)
    assert summary.difference[LABEL] == pytest.approx(0.8)
    assert summary.within[LABEL] == 1.0
    report = check_drift(rod.study, NOW)
    assert report.queries == 40
    assert report.shadow == summary.sentence
    assert (
        "100% of its max(u) lie in the champion's band, the median difference is 0.8 half widths"
        in report.shadow
    )
