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
from fieldwright.flows.report import SearchReport, TrialRow
from fieldwright.flows.runs.candidates import with_common_settings
from fieldwright.flows.runs.printed_report import choice_sentence, outlook_sentence
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
seconds = 100000
"""


def auto(path: Path, search: str = SEARCH) -> Path:
    """The study with a search in place of its candidates."""
    text = path.read_text().split("[[candidates]]")[0]
    path.write_text('candidates = "auto"\n' + text + search)
    return path


@pytest.mark.slow
def test_a_search_finds_a_champion_and_every_trial_is_a_run(make_study: MakeStudy, tmp_path: Path) -> None:
    path = auto(make_study())
    report = run_study(str(path))
    assert [one.candidate for one in report.evaluations] == ["auto"]
    assert report.promoted
    assert report.evaluations[0].relative_l2["stress"] < 1e-2
    search = report.search
    assert search is not None
    assert 3 <= search.number <= 7
    assert len(search.in_folds) == 4
    assert search.repeats == 2
    assert not search.spent

    study = Study.load(path)
    tracking = Tracking.of(study)
    runs = tracking.client.search_runs([tracking.experiment_id()])
    parent = next(run for run in runs if run.data.tags["role"] == "candidate")
    trials = [run for run in runs if run.data.tags["role"] == "trial"]
    assert len(trials) == search.number
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parent.info.run_id}
    for run in trials:
        if run.data.tags["state"] == "complete":
            assert run.data.metrics["score"] > 0
    best = min(run.data.metrics["score"] for run in trials if run.data.tags["state"] == "complete")
    assert search.trials[0].score == pytest.approx(best)

    page = io.StringIO()
    print_report(Console(file=page, width=200), report)
    assert f"The best of {search.number} trials" in page.getvalue()
    assert f"Chosen: {search.best}." in page.getvalue()
    assert outlook_sentence(search) in page.getvalue().replace("\n", " ")


@pytest.mark.slow
def test_the_same_study_gives_the_same_numbers(make_study: MakeStudy, own_home: Path) -> None:
    path = auto(make_study(), SEARCH.replace("repeats = 2", "repeats = 0"))
    one, two = run_study(str(path)), run_study(str(path), force=True)
    assert one.evaluations[0].score == two.evaluations[0].score
    assert one.evaluations[0].relative_l2 == two.evaluations[0].relative_l2
    assert one.search is not None
    assert two.search is not None
    assert [(t.candidate, t.score) for t in one.search.trials] == [
        (t.candidate, t.score) for t in two.search.trials
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
    search = SearchReport((row,), 4, "gp", "bayes", 0.30, 0.05, 3, ("gp",), False)
    said = choice_sentence(search)
    assert "30% +- 5% below that of bayes (mean and std of 3 repeated trainings)" in said
    assert "within the spread" not in said
    close = SearchReport((row,), 4, "gp", "bayes", 0.05, 0.05, 3, ("gp",), True)
    assert "within the spread: the second best would do as well" in choice_sentence(close)


@pytest.mark.parametrize(
    ("outlook", "sentence"),
    [
        (
            {"drawn": 18, "drawn_seconds": 41.0, "doubling": 0.123},
            "18 more trials, about 41 s of training, would save about 12%",
        ),
        ({"drawn": 18, "drawn_seconds": 41.0, "doubling": 0.004}, "would save less than 1% of the error"),
        ({"drawn": 5, "drawn_seconds": 9.0}, "cannot be said from 5 with drawn settings: it takes 12"),
        ({"drawn": 30, "exhausted": True}, "All settings of kinds that are not far behind were tried"),
        (
            {"spent": True, "untried": ("gp", "mlp")},
            "The time budget ended the search. There was no time for the defaults of gp, mlp.",
        ),
    ],
)
def test_what_more_time_would_be_worth_is_said_where_the_trials_tell_it(outlook: dict, sentence: str) -> None:
    row = TrialRow(0, "rbf", "complete", 1e-3, 1.0)
    settings = {"spent": False} | outlook
    search = SearchReport((row,), 4, "rbf", "bayes", 0.30, 0.05, 3, ("rbf",), **settings)
    assert sentence in outlook_sentence(search)


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
    bayes, gp = (with_common_settings(study, one, targets) for one in study.candidates)
    assert gp.fidelity == 1  # pyright: ignore[reportAttributeAccessIssue]
    assert gp.inputs == bayes.inputs == ("auto", "raw")
    path.write_text(text.replace('load = { unit = "N" }', 'load = { scale = "fidelity" }'))
    with pytest.raises(StudyError, match="only one parameter can have the scale 'fidelity': load, modulus"):
        Study.load(path)
