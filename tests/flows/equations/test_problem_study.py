"""A study of an equation, from its file to a champion that the endpoint answers with; failures by their names."""

from __future__ import annotations

import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from fieldwright.data.errors import FieldwrightError, StudyError
from fieldwright.flows.commands.report_tables import print_report
from fieldwright.flows.commands.status import print_status
from fieldwright.flows.equations.first_study import first_problem_study
from fieldwright.flows.equations.measured_data import measurements_of
from fieldwright.flows.equations.report import print_solutions
from fieldwright.flows.equations.steps import read_equation, train_solution
from fieldwright.flows.study.equation_study import ProblemStudy
from fieldwright.flows.study.loading import load_study, load_study_of_runs
from fieldwright.flows.study_report.sentences import percent
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.physics.pinn.checkpoint import read_checkpoint
from fieldwright.serving.families import load_shelved
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.served_model import about
from fieldwright.surrogates.equations.training import solve

ROOT = Path(__file__).parents[3]
QUICK = """
[[candidates]]
kind = "pinn"
first_steps = 20
look_every = 10
rounds = 3
steps = 30
tolerance = 0.05
architecture = { hidden = [8] }
sampling = { points = 60 }
"""
STUDY = (
    """
name = "beam"
problem = "second_order_bvp"
varied = { a = { minimum = 2.0, maximum = 5.0 } }
units = { x = "m", u = "K" }
"""
    + QUICK
)
HOPELESS = """
[[candidates]]
kind = "pinn"
first_steps = 1
rounds = 0
architecture = { hidden = [4] }
sampling = { points = 10 }
"""
OWN = """
import torch
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Problem, Unknown

problem = Problem(
    name="decay",
    coordinates=("t",),
    outputs=("u",),
    time=dde.geometry.TimeDomain(0.0, 2.0),
    residual=lambda x, u, c: [derivative(u, x, 0) + c["rate"] * u],
    lift=lambda x, network, c: 1 + x[:, :1] * network,
    unknowns=(Unknown("rate", 1.5, 0.5, 3.0, "1/s"),),
)
"""


def write(folder: Path, text: str, name: str = "study.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_an_equation_becomes_a_champion_with_everything_on_record(tmp_path, common_names, check_report):
    path = write(tmp_path, STUDY + HOPELESS)
    report = run_study(str(path))
    page = check_report(report)
    assert "fieldwright predict study.toml x=0.5 a=3.5" in page
    assert f"u differs from the reference by {percent(report.evaluations[0].errors['u'])}" in page
    assert report.promoted
    assert report.best == "pinn"
    assert [one.verdict for one in report.evaluations] == ["converged", "not converged"]
    assert report.evaluations[0].errors["u"] < 0.05
    page = StringIO()
    print_report(Console(file=page, width=200), report)
    assert "pinn-2 failed, not converged: relative residual" in page.getvalue()
    assert "Train for more rounds" in page.getvalue()

    study = load_study(path)
    tracking = Tracking.of(study)
    children = tracking.client.search_runs([tracking.experiment_id()], "tags.role = 'candidate'")
    runs = {run.data.tags["candidate"]: run for run in children}
    good, bad = runs["pinn"], runs["pinn-2"]
    curve = tracking.client.get_metric_history(good.info.run_id, "loss.equation_1")
    assert [point.step for point in curve] == [10, 20, 50]
    assert good.data.metrics["score"] == report.evaluations[0].score
    assert good.data.params["pinn.architecture.hidden"] == "8"
    common_names(good, "equations")
    common_names(bad, "equations")
    assert {file.path for file in tracking.client.list_artifacts(good.info.run_id, "figures")} == {
        "figures/u.png",
        "figures/convergence.png",
    }
    assert bad.data.tags["verdict"] == "not converged"
    assert "Train for more rounds" in bad.data.tags["mlflow.note.content"]
    assert not study.checkpoints.exists()

    mlflow.set_tracking_uri(tracking.uri)
    table = pd.DataFrame({"x": [0.0, 0.5, 1.0], "a": 3.0})
    answer = mlflow.pyfunc.load_model("models:/beam@champion").predict(table)
    assert answer["u"].iloc[2] == 1.0
    assert answer["inside"].all()

    # As the endpoint does with the version that it finds in the registry.
    folder = next((tmp_path / "home").rglob("manifest.json")).parent
    served = load_shelved(Shelved("beam", report.version, folder.name), folder)
    query = served.read({"points": [[0.5]], "parameters": {"a": 3.0}})
    assert served.solve(query).mean["u"][0] == answer["u"].iloc[1]
    tried = about(served)["tried"]
    assert [one["findings"][0]["name"] for one in tried] == ["converged", "not converged"]

    assert run_study(str(path)).nothing_new
    page = StringIO()
    print_status(study, Console(file=page, width=200))
    assert "Champion: version 1 (pinn), held_out_residual" in page.getvalue()


def test_a_failure_is_never_promoted_and_told_with_its_advice(tmp_path, check_report):
    (tmp_path / "decay.py").write_text(OWN)
    path = write(tmp_path, 'name = "decay"\nproblem = "decay:problem"\n' + HOPELESS)
    report = run_study(str(path))
    assert report.evaluations[0].advice in check_report(report)
    assert not report.promoted
    assert "it is no success but not converged: relative residual" in report.why
    assert Tracking(None, "decay").registry.champion() is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('problem = "second', 'problem = "third', "The equation must be one of allen_cahn, "),
        (
            "a = {",
            "c = {",
            r"\[varied\] of study.toml must name what 'second_order_bvp' has \(a, b\). Got 'c'",
        ),
        ("minimum = 2.0", "minimum = 7.0", "'minimum' of the coefficient 'a' must be below 'maximum'"),
        ('units = { x = "m"', 'units = { y = "m"', r"must name what 'second_order_bvp' has \(x, u\)"),
        ("varied", "estimated", "'estimated' needs `.measurements.` or `.snapshots.`"),
        ("hidden = [8]", "hiden = [8]", "Got 'hiden' in study.toml. Did you mean 'hidden'"),
        ("steps = 30", "stpes = 30", "Did you mean 'steps'"),
        ('kind = "pinn"', 'kind = "gp"', "'pinn'"),
        ("hidden = [8]", 'hidden = [8, 9], layers = "pirate"', "must all have one width"),
        ("units", "unit", "Did you mean 'units'"),
    ],
)
def test_what_a_study_of_an_equation_must_say(tmp_path, old, new, says):
    with pytest.raises(FieldwrightError, match=says):
        load_study(write(tmp_path, STUDY.replace(old, new))).check()


def test_the_module_of_an_own_equation_runs_only_when_it_is_solved(tmp_path):
    (tmp_path / "decay.py").write_text('raise RuntimeError("not now")')
    study = load_study(write(tmp_path, 'name = "decay"\nproblem = "decay:problem"\n'))
    assert isinstance(study, ProblemStudy)
    with pytest.raises(FieldwrightError, match=r"must run without an error\. Got RuntimeError: not now"):
        study.check()


def test_a_first_study_of_an_equation_is_one(tmp_path):
    path = write(tmp_path, first_problem_study("second_order_bvp", tmp_path))
    study = load_study(path)
    study.check()
    assert isinstance(study, ProblemStudy)
    own_plan, of_candidates = path.read_text().split("To compare others in its place:\n")
    named = load_study(write(tmp_path, own_plan + "\n" + of_candidates.replace("# ", ""), "named.toml"))
    assert isinstance(named, ProblemStudy)
    assert named.candidates[0].members == 2
    uncommented = own_plan.replace("# varied.", "varied.")
    varied = load_study(write(tmp_path, uncommented, "varied.toml"))
    assert isinstance(varied, ProblemStudy)
    assert varied.case().varied == ("a", "b")
    with pytest.raises(FieldwrightError, match="The equation must be one of"):
        first_problem_study("burger", tmp_path)


@pytest.mark.parametrize("command", ["suggest", "learn"])
def test_commands_for_runs_say_that_they_are(tmp_path, command):
    with pytest.raises(StudyError, match=f"`fieldwright {command}` must be given a study of runs"):
        load_study_of_runs(write(tmp_path, STUDY), command)


def test_measured_values_of_a_table_find_a_coefficient(tmp_path):
    (tmp_path / "decay.py").write_text(OWN)
    t = np.linspace(0.1, 1.9, 12)
    pd.DataFrame({"t": t, "u": np.exp(-0.8 * t)}).to_csv(tmp_path / "values.csv", index=False)
    text = 'name = "decay"\nproblem = "decay:problem"\nestimated = { rate = {} }\ndata_weight = 10\n'
    path = write(tmp_path, text + '[measurements]\ntable = "values.csv"\n' + QUICK + "profile = true\n")
    report = run_study(str(path))
    assert report.measured == 12
    assert report.estimates["rate"] == pytest.approx(0.8, abs=0.02)
    console = Console(record=True, width=200)
    print_solutions(console, report)
    text = console.export_text()
    assert "std of rate" in text
    assert 0 < report.evaluations[0].estimate_stds["rate"] < 0.1
    low, high = report.evaluations[0].estimate_intervals["rate"]
    assert 0.7 < low < high < 0.9
    assert f"rate lies between {low:.6g} and {high:.6g} (95%, profile likelihood)" in text


def test_a_profile_needs_an_estimated_coefficient(tmp_path):
    with pytest.raises(StudyError, match="`profile = true` needs coefficients that are 'estimated'"):
        load_study(write(tmp_path, STUDY + "profile = true\n"))


@pytest.mark.parametrize(
    ("noise", "says"),
    [
        ("-0.1", r"must be a number > 0 .*\(u\)\. Got -0\.1"),
        ("{ v = 0.1 }", "Got 'v'"),
        ("{}", "Got none for 'u'"),
        ("inf", "Got inf"),
    ],
)
def test_noise_that_does_not_fit_is_refused(tmp_path, noise, says):
    (tmp_path / "decay.py").write_text(OWN)
    (tmp_path / "values.csv").write_text("t,u\n0.5,0.7\n1.0,0.4\n")
    text = 'name = "decay"\nproblem = "decay:problem"\nestimated = { rate = {} }\n'
    study = load_study(write(tmp_path, text + f'[measurements]\ntable = "values.csv"\nnoise = {noise}\n'))
    with pytest.raises(StudyError, match=says):
        read_equation(study)


@pytest.mark.parametrize("kind", ["csv", "points", "arrays"])
def test_a_tabulated_reference_judges_and_is_not_trained_on(tmp_path, kind):
    """The error against a table 25 % too large is known by hand: |1 - 1.25| / 1.25 = 0.2."""
    (tmp_path / "decay.py").write_text(OWN)
    t = np.linspace(0, 2, 40)
    u = 1.25 * np.exp(-1.5 * t)
    if kind == "csv":
        pd.DataFrame({"t": t, "u": u, "remark": 0}).to_csv(tmp_path / "known.csv", index=False)
    elif kind == "points":
        np.savez(tmp_path / "known.npz", points=t[:, None], values=u[:, None])
    else:
        np.savez(tmp_path / "known.npz", t=t, u=u)
    text = 'name = "decay"\nproblem = "decay:problem"\n' + QUICK.replace("0.05", "1e-4")
    plain = load_study(write(tmp_path, text))
    table = f'[reference]\ntable = "known.{"csv" if kind == "csv" else "npz"}"\n'
    study = load_study(write(tmp_path, text.replace("[[cand", table + "[[cand"), "known.toml"))
    case = read_equation(study)
    solved, without = (
        solve(one, study.candidates[0], seed=0, name="decay") for one in (case, read_equation(plain))
    )
    assert solved.surrogate.description.errors["u"] == pytest.approx(0.2, abs=1e-3)
    assert case.reference_error(None)["u"] == pytest.approx(u.std() / np.sqrt(np.mean(u**2)))  # its mean's
    assert without.surrogate.description.errors == {}
    assert solved.verdict.residual == without.verdict.residual


def test_a_tabulated_reference_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "decay.py").write_text(OWN)
    text = 'name = "decay"\nproblem = "decay:problem"\n[reference]\ntable = "known.csv"\n'
    study = load_study(write(tmp_path, text))
    for columns, says in (
        ({"x": [0.5], "u": [1.0]}, "must have the columns t and outputs of u"),
        (
            {"t": [0.5, 2.5], "u": [1.0, 1.0]},
            "known.csv in .reference. must lie in the domain.*1 of 2 outside",
        ),
        ({"t": [0.5], "u": [np.nan]}, "must hold values"),
    ):
        pd.DataFrame(columns).to_csv(tmp_path / "known.csv", index=False)
        with pytest.raises(StudyError, match=says):
            read_equation(study)


def test_a_table_that_does_not_fit_is_told_which_columns_it_needs(tmp_path):
    (tmp_path / "values.csv").write_text("time,u\n0.5,1\n")
    study = load_study(write(tmp_path, STUDY + '[measurements]\ntable = "values.csv"\n'))
    assert isinstance(study, ProblemStudy)
    with pytest.raises(StudyError, match=r"must have the columns x, a and outputs of u\. Got time, u"):
        measurements_of(study, study.case())


def test_snapshots_of_a_study_become_measurements_by_formulas(make_study, tmp_path):
    make_study(n_runs=9)
    (tmp_path / "study.toml").rename(tmp_path / "runs.toml")
    text = STUDY.replace("units = ", "ignored = ").replace('ignored = { x = "m", u = "K" }\n', "")
    section = """
[snapshots]
study = "runs.toml"
runs = 3
values = 40
coordinates = { x = "(x + 1) / 2" }
outputs = { u = "stress / load + 0 * displacement_x" }
coefficients = { a = "load + 2" }
"""
    study = load_study(write(tmp_path, text + section))
    assert isinstance(study, ProblemStudy)
    case = study.case()
    found = measurements_of(study, case)
    assert found is not None
    assert found.inputs.shape == (40, 2)
    assert len(np.unique(found.inputs[:, 1])) == 3
    assert (found.inputs[:, 0] >= 0.5).all()
    # stress = load (1 + x y + 0.1 sin(load x)), with y within 0 and 1.
    x, load = 2 * found.inputs[:, 0] - 1, found.inputs[:, 1] - 2
    least = 1 + 0.1 * np.sin(load * x)
    assert (found.values[:, 0] >= least - 1e-6).all()
    assert (found.values[:, 0] <= least + x + 1e-6).all()
    again = measurements_of(study, case)
    np.testing.assert_array_equal(again.values, found.values)
    # Places of runs that each have a shape of their own are no coordinates of one domain.
    runs = (tmp_path / "runs.toml").read_text()
    (tmp_path / "runs.toml").write_text(runs + '[mesh]\nrule = "follow"\n')
    with pytest.raises(StudyError, match="must be on one mesh"):
        measurements_of(study, case)
    (tmp_path / "runs.toml").write_text(runs + '[time]\nrule = "periodic"\n')
    with pytest.raises(StudyError, match="must have times"):
        measurements_of(study, case)
    # A number of each run beside its fields has no place, and changes nothing of those that have.
    table = '[scalars]\nweight = { table = "runs/parameters.csv", column = "load" }\n'
    (tmp_path / "runs.toml").write_text(runs + table)
    np.testing.assert_array_equal(measurements_of(study, case).values, found.values)
    (tmp_path / "runs.toml").write_text(runs)
    own_plan = text + section.replace('a = "load + 2"', 'a = "lod + 2"')
    wrong = load_study(write(tmp_path, own_plan, "wrong.toml"))
    with pytest.raises(StudyError, match="lod"):
        measurements_of(wrong, case)


LONG = STUDY.replace("first_steps = 20", "first_steps = 300").replace("tolerance = 0.05", "tolerance = 1e-9")


def train(study: ProblemStudy) -> float:
    """The residual of the study's first candidate, as the pipeline trains it."""
    case = read_equation(study)
    with Tracking(None, study.name).run("pinn") as run:
        return train_solution(study, "pinn", study.candidates[0], case, run).evaluation.score


@pytest.mark.slow
def test_a_killed_training_goes_on_where_it_stopped(tmp_path, own_home):
    """A process that trains is killed in the midst; the next one ends as an unbroken one would have."""
    study = load_study(write(tmp_path, LONG))
    assert isinstance(study, ProblemStudy)
    code = (
        "import sys; from pathlib import Path\n"
        "from fieldwright.flows.study.loading import load_study\n"
        "from fieldwright.flows.tracking.mlflow_runs import Tracking\n"
        "from fieldwright.flows.equations.steps import read_equation, train_candidate\n"
        "study = load_study(Path(sys.argv[1])); run = Tracking(None, study.name).run('pinn')\n"
        "train_candidate(study, 'pinn', study.candidates[0], read_equation(study), run.__enter__())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(study.path)], cwd=ROOT)
    stages, end = 0, time.monotonic() + 200
    while stages < 3 and time.monotonic() < end and process.poll() is None:
        time.sleep(0.02)
        for file in study.checkpoints.glob("*.safetensors"):
            stages = read_checkpoint(file)[0]["finished"]
    process.kill()
    process.wait()
    assert 3 <= stages < 30, "killed in the midst"
    resumed = train(study)
    tracking = Tracking(None, study.name)
    (last, *_) = tracking.client.search_runs(
        [tracking.experiment_id()], order_by=["attributes.start_time DESC"]
    )
    curve = tracking.client.get_metric_history(last.info.run_id, "held_out_residual")
    assert [point.step for point in curve] == [*range(10, 301, 10), 330, 360, 390]
    unbroken = solve(study.case(), study.candidates[0], seed=study.seed, name=study.name)
    assert resumed == unbroken.verdict.residual
