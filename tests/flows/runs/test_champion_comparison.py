"""The promotion of a model that learned from other runs than the champion, on real surrogates and a real registry."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fieldwright.flows.commands.withdrawal import withdraw_runs
from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.runs.promotion.promotion_rule import decide_on_runs
from fieldwright.flows.study.run_sections import Promotion
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.versions.promotion import Challenge, Comparison
from fieldwright.flows.workflow import run_study


def rewritten(folder: Path, write_run: Callable[..., None], loads: np.ndarray) -> None:
    """Runs of these loads in the folder, and their table, in place of what it held."""
    for old in folder.glob("run_*/result.vtu"):
        old.unlink()
        old.parent.rmdir()
    rng = np.random.default_rng(1)
    rows = ["run,load,modulus"]
    for load in loads:
        modulus = rng.uniform(5.0, 9.0)
        name = f"run_{load:.6f}"
        write_run(folder / name, float(load), modulus)
        rows.append(f"{name},{float(load)!r},{modulus!r}")
    (folder / "parameters.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.slow
def test_more_runs_over_a_wider_range_take_the_place_and_easier_ones_do_not(make_study, write_run) -> None:
    path = make_study(more='metric = "relative_l2"')
    text = path.read_text()
    path.write_text(text.split("[[candidates]]")[0] + '[[candidates]]\nkind = "rbf"\n')
    runs = path.parent / "runs"
    narrow, wide = np.linspace(1.0, 1.6, 14), np.linspace(1.8, 9.0, 10)

    rewritten(runs, write_run, narrow)
    first = run_study(str(path))
    assert first.promoted

    # The score of the wider runs is worse: they are harder. On the same runs the first version is far off.
    rewritten(runs, write_run, np.concatenate([narrow, wide]))
    second = run_study(str(path))
    assert second.evaluations[0].score > first.evaluations[0].score
    assert second.promoted, second.why
    assert "on the same 24 runs, 10 of them new to it, version 1 has" in second.why
    study = Study.load(path)
    tracking = Tracking.of(study)
    champion = tracking.registry.champion()
    assert champion is not None
    decision = tracking.json(champion.run_id, "decision.json")
    comparison = decision["comparison"]
    assert (decision["winner"], comparison["runs"], comparison["new"]) == ("challenger", 24, 10)
    assert set(comparison["names"]) == set(second.ingested.accepted)
    assert len(comparison["digest"]) == 64
    assert comparison["factor"] > 2.0
    assert comparison["outside"] >= 0.25

    # Easier runs alone give a better score than the champion's, and a model that knows less.
    rewritten(runs, write_run, narrow[:13])
    withdraw_runs(study, (), True, "only the easy ones", Console(file=io.StringIO()))
    third = run_study(str(path))
    assert len(third.ingested.accepted) == 13
    assert third.evaluations[0].score < second.evaluations[0].score
    assert not third.promoted, third.why
    assert third.why.startswith("it does not beat version 2: on the same 13 runs")


BEST = RunsEvaluation("gp", 0.1, {"stress": 0.1}, 1.0)


@pytest.mark.parametrize(
    ("comparison", "improvement", "promoted"),
    [
        pytest.param(Comparison("1", 30, 10, 5.0, 1e-6, 1.0, 0.0), 0.0, True, id="better"),
        pytest.param(Comparison("1", 30, 10, 1.02, 1e-3, 1.0, 0.0), 0.05, False, id="better by too little"),
        pytest.param(Comparison("1", 30, 0, 1.1, 0.2, 0.8, 0.0), 0.0, False, id="perhaps by chance"),
        pytest.param(Comparison("1", 30, 0, 1.0, 1.0, 1.0, 0.0), 0.0, False, id="the same"),
        pytest.param(Comparison("1", 30, 10, 1.0, 0.5, 0.5, 0.3), 0.0, True, id="as good, and covers more"),
        pytest.param(
            Comparison("1", 30, 10, 0.5, 1.0, 1e-4, 0.3), 0.0, False, id="worse, though it covers more"
        ),
        pytest.param(Comparison("1", 30, 0, 0.5, 1.0, 1e-4, 0.0), 0.0, False, id="worse"),
    ],
)
def test_the_same_runs_decide_and_not_the_scores(comparison, improvement, promoted) -> None:
    rule = Promotion(min_improvement=improvement)
    for score in (1e-3, 10.0):
        champion = ModelVersion("1", "run", {"metric": "relative_l2", "score": repr(score)})
        decision = decide_on_runs(rule, "relative_l2", BEST, Challenge(champion), (), comparison)
        assert decision.promote is promoted
        assert comparison.sentence in decision.why
