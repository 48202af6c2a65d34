"""A pipeline for some of a study's candidates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fieldwright.data.errors import StudyError
from fieldwright.flows.candidate_selection import selected_candidates
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.pipeline_inputs import pipeline_inputs


def test_all_or_those_with_the_labels() -> None:
    candidates = {"bayes": 1, "gp": 2, "mlp": 3}
    assert selected_candidates(candidates, ()) == candidates
    assert list(selected_candidates(candidates, ("mlp", "bayes"))) == ["bayes", "mlp"]
    with pytest.raises(StudyError, match=r"among those of the study: bayes, gp, mlp\. Got 'pce'"):
        selected_candidates(candidates, ("gp", "pce"))


def test_some_candidates_are_another_pipeline_than_all(make_study: Callable[..., Path]) -> None:
    study = Study.load(make_study(n_runs=1))
    keys = [pipeline_inputs(study, "data", labels) for labels in ((), ("gp",), ("gp", "bayes"))]
    assert len(set(keys)) == 3
    assert pipeline_inputs(study, "data", ("bayes", "gp")) == keys[2]
