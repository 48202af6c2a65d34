"""Runs that repeat, each with a period and a phase of its own, from their files to answers at any phase."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fieldwright.flows.runs.inspection.first_study import runs_first_study
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.fields.quantities import parsed_quantity
from fieldwright.surrogates.fields.surrogate import Surrogate

PLACES = np.linspace(0.0, 3.0, 40)
STUDY = """
name = "wake"
seed = 2
[runs]
folder = "runs"
[parameters]
names = "Re{re}"
columns = { re = {} }
[fields]
u = { unit = "m/s" }
[time]
rule = "periodic"
length = 0.5
speed = 2.0
[validation]
folds = 4
[[candidates]]
kind = "rbf"
"""


def period(re: float) -> float:
    """Seconds; a law as that of a wake, 1 / (a - b / Re)."""
    return 1.0 / (0.2 - 4.0 / re)


def field(re: float, phase: np.ndarray) -> np.ndarray:
    """(t, n) a travelling wave on a mean, whose length and size depend on the parameter."""
    angle = 2.0 * np.pi * phase[:, None] - (1.5 + 0.01 * re) * PLACES
    mean = 1.0 + 0.002 * re * PLACES
    return mean + (1.0 + 0.004 * re) * (np.cos(angle) + 0.2 * np.cos(2.0 * angle) * PLACES / 3.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Fourteen runs with random phases at their ends, written with steps of their own; the last one is cut short."""
    folder, rng = tmp_path_factory.mktemp("wake"), np.random.default_rng(9)
    (folder / "runs").mkdir()
    for re in np.linspace(60.0, 160.0, 14).round():
        times = np.linspace(0.0, rng.uniform(3.2, 4.5) * period(re), int(rng.integers(110, 150)))
        values = field(re, times / period(re) + rng.uniform())
        points = np.stack([PLACES, 0.0 * PLACES], axis=1)
        np.savez(folder / "runs" / f"Re{re:g}.npz", points=points, time=times, u=values)
    np.savez(folder / "runs" / "Re64.npz", points=points, time=times[:43], u=values[:43])
    (folder / "study.toml").write_text(STUDY)
    return folder


def test_a_first_study_finds_that_the_runs_repeat(folder):
    text = runs_first_study(folder / "runs", folder, ())
    assert 'rule = "periodic"  # the runs that were looked into repeat every' in text
    (folder / "first.toml").write_text(text)
    study = load_study(folder / "first.toml")
    assert isinstance(study, Study)
    assert study.time.rule == "periodic"


def test_the_field_at_any_phase_the_mean_the_fluctuation_and_the_strouhal_number_are_answered(
    folder, tmp_path
):
    study = load_study(folder / "study.toml")
    report = run_study(str(folder / "study.toml"))
    ((name, reason, sentence),) = report.ingested.rejected
    assert (name, reason) == ("Re64", "does not repeat")
    assert "at least two periods" in sentence
    assert report.promoted
    registry = Tracking.of(study).registry
    champion = registry.champion()
    assert champion is not None
    model = Surrogate.load(registry.download(champion, tmp_path / "champion"))
    assert model.info("u").axis == "phase"
    assert [model.info(name).times for name in ("u_mean", "u_rms", "period")] == [None] * 3
    re = np.array([[85.0], [131.0]])
    strouhal = parsed_quantity("strouhal", model.description.fields)
    answer = model.predict(re, fields=["u", "u_mean", "u_rms"], quantities=[strouhal])
    for k, (one,) in enumerate(re.tolist()):
        number = 0.5 / (2.0 * period(one))
        assert answer.quantities["strouhal"].mean[k] == pytest.approx(number, rel=1e-3)
        np.testing.assert_allclose(
            answer.fields["u_mean"].mean[k, :, 0], 1.0 + 0.002 * one * PLACES, rtol=2e-3
        )
        square = (1.0 + 0.004 * one) ** 2 * (1.0 + (0.2 * PLACES / 3.0) ** 2) / 2.0
        np.testing.assert_allclose(answer.fields["u_rms"].mean[k, :, 0], np.sqrt(square), rtol=5e-3)
        # Where the common phase begins is a matter of convention: the exact wave at the phase that fits best.
        phases = np.linspace(0.0, 1.0, 33)
        found = answer.fields["u"].mean[k, ..., 0]
        exact = [field(one, phases + begin) for begin in np.linspace(0.0, 1.0, 2001)]
        assert min(np.linalg.norm(found - wave) / np.linalg.norm(wave) for wave in exact) < 0.01
    between = model.predict(re, fields=["u"], times=[0.0, 0.123, 1.0]).fields["u"].mean[..., 0]
    np.testing.assert_allclose(between[:, 0], between[:, 2], atol=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "rbf"', 'kind = "dmd"', "'dmd' cannot be rolled out"),
        ('kind = "rbf"', 'kind = "rbf"\ntransient = "parameter"', "'transient' must be 'trajectory'"),
        ("speed = 2.0", 'speed = "U"', "must be numbers or parameters: 'U'"),
        ("speed = 2.0", "", "needs both 'length' and 'speed'"),
        ("[time]", "u_rms = {}\n[time]", "makes 'u_rms'"),
        ('rule = "periodic"', 'rule = "last"', "for the rule 'periodic'"),
        ('rule = "periodic"\nlength = 0.5\nspeed = 2.0', "start = 1.0", "'start' is for the rules"),
    ],
)
def test_what_does_not_go_together_is_said(folder, tmp_path, old, new, said):
    path = tmp_path / "study.toml"
    path.write_text(STUDY.replace(old, new))
    with pytest.raises(Exception, match=said.replace("[", r"\[")):
        load_study(path)


def test_means_over_the_time_are_learned_from_runs_that_need_not_repeat(folder, tmp_path):
    path = folder / "mean.toml"
    text = STUDY.replace('"wake"', '"means"').replace('rule = "periodic"', 'rule = "mean"')
    path.write_text(text.replace("length = 0.5\nspeed = 2.0\n", ""))
    report = run_study(str(path))
    assert len(report.ingested.accepted) == 15
    assert {"u", "u_rms"} == set(report.evaluations[0].relative_l2)
