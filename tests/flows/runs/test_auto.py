"""`candidates = "auto"`: a search through the whole pipeline, on record trial by trial."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import StudyError
from fieldwright.flows.commands.report_tables import print_report
from fieldwright.flows.report import Searched, TrialRow
from fieldwright.flows.runs.candidates import on_scales
from fieldwright.flows.runs.printed_report import sentence_on_worth
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.fields.description import ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate

MakeStudy = Callable[..., Path]
SEARCH = """
[search]
kinds = ["linear", "pce", "rbf"]
trials = 6
repeats = 2
folds = 3
"""


def auto(path: Path, search: str = SEARCH) -> Path:
    """The study with a search in place of its candidates."""
    text = path.read_text().split("[[candidates]]")[0]
    path.write_text('candidates = "auto"\n' + text + search)
    return path


def test_a_search_finds_a_champion_and_every_trial_is_a_run(make_study: MakeStudy, tmp_path: Path) -> None:
    path = auto(make_study())
    report = run_study(str(path))
    assert [judged.candidate for judged in report.judged] == ["auto"]
    assert report.promoted
    assert report.judged[0].relative_l2["stress"] < 1e-2
    searched = report.searched
    assert searched is not None
    assert 3 <= searched.number <= 7
    assert len(searched.in_folds) == 4
    assert searched.repeats == 2
    assert not searched.spent

    study = Study.load(path)
    tracking = Tracking(study.tracking.uri, study.name)
    runs = tracking.client.search_runs([tracking.experiment_id()])
    parent = next(run for run in runs if run.data.tags["role"] == "candidate")
    trials = [run for run in runs if run.data.tags["role"] == "trial"]
    assert len(trials) == searched.number
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parent.info.run_id}
    for run in trials:
        if run.data.tags["state"] == "complete":
            assert run.data.metrics["score"] > 0
    best = min(run.data.metrics["score"] for run in trials if run.data.tags["state"] == "complete")
    assert searched.trials[0].score == pytest.approx(best)

    page = io.StringIO()
    print_report(Console(file=page, width=200), report)
    assert f"The best of {searched.number} trials" in page.getvalue()
    assert f"Chosen: {searched.best}." in page.getvalue()


def test_the_same_study_gives_the_same_numbers(make_study: MakeStudy, own_home: Path) -> None:
    path = auto(make_study(), SEARCH.replace("repeats = 2", "repeats = 0"))
    one, two = run_study(str(path)), run_study(str(path))
    assert one.judged[0].score == two.judged[0].score
    assert one.judged[0].relative_l2 == two.judged[0].relative_l2
    assert one.searched is not None
    assert two.searched is not None
    assert [(t.candidate, t.score) for t in one.searched.trials] == [
        (t.candidate, t.score) for t in two.searched.trials
    ]
    queries = np.array([[2.0, 7.0], [1.5, 5.5]])
    first, second = (
        Surrogate.load(model.parent).predict(queries) for model in own_home.rglob("surrogate/model.json")
    )
    for name, band in first.fields.items():
        for part in ("mean", "std", "lower", "upper"):
            np.testing.assert_array_equal(getattr(band, part), getattr(second.fields[name], part))


def test_a_search_section_alone_asks_for_a_search(make_study: MakeStudy) -> None:
    path = make_study()
    path.write_text(path.read_text().split("[[candidates]]")[0] + "[search]\ntrials = 3\n")
    study = Study.load(path)
    assert study.candidates == ()
    assert study.search is not None
    assert study.search.trials == 3


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('candidates = "all"', "'candidates' must be \"auto\" or one"),
        ("candidates = []", "'candidates' must be \"auto\" or one"),
    ],
)
def test_other_words_than_auto_are_refused(make_study: MakeStudy, written: str, sentence: str) -> None:
    path = make_study()
    path.write_text(written + "\n" + path.read_text().split("[[candidates]]")[0])
    with pytest.raises(StudyError, match=sentence):
        Study.load(path)


def test_an_unknown_key_of_the_search_names_the_nearest(make_study: MakeStudy) -> None:
    path = auto(make_study(), "[search]\ntrails = 3\n")
    with pytest.raises(StudyError, match="Did you mean 'trials'"):
        Study.load(path)


def test_what_the_choice_is_worth_is_said_with_its_spread() -> None:
    row = TrialRow(0, "gp", "complete", 1e-3, 1.0)
    searched = Searched((row,), 4, "gp", "bayes", 0.30, 0.05, 3, ("gp",), False)
    said = sentence_on_worth(searched)
    assert "30% +- 5% below that of bayes (mean and std of 3 repeated trainings)" in said
    assert "within the spread" not in said
    close = Searched((row,), 4, "gp", "bayes", 0.05, 0.05, 3, ("gp",), True)
    assert "within the spread: the second best would do as well" in sentence_on_worth(close)
    assert "The time budget ended the search" in sentence_on_worth(close)


def test_a_fidelity_reaches_the_kinds_that_use_it(make_study: MakeStudy) -> None:
    path = make_study()
    text = path.read_text().replace(
        'modulus = { unit = "Pa" }', 'modulus = { unit = "Pa", scale = "fidelity" }'
    )
    path.write_text(text)
    study = Study.load(path)
    targets = Targets(
        (), np.ones((3, 2)), {}, (ParameterInfo(name="load"), ParameterInfo(name="modulus")), (), {}, {}, {}
    )
    bayes, gp = (on_scales(study, one, targets) for one in study.candidates)
    assert gp.fidelity == 1  # pyright: ignore[reportAttributeAccessIssue]
    assert gp.inputs == bayes.inputs == ("auto", "raw")
    path.write_text(text.replace('load = { unit = "N" }', 'load = { scale = "fidelity" }'))
    with pytest.raises(StudyError, match="only one parameter can have the scale 'fidelity': load, modulus"):
        Study.load(path)
