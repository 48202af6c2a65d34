"""Equations of each kind that `new` writes: they are right, they load as a study, and they are trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.integrate import solve_ivp

from fieldwright.data.errors import StudyError
from fieldwright.flows.equations.first_study import equation_first_study
from fieldwright.flows.equations.measured_data import measurements_of
from fieldwright.flows.equations.steps import read_equation
from fieldwright.flows.equations.template_files import MEASURED, NOISE, TEMPLATES
from fieldwright.flows.study.equation_study import ProblemStudy
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.workflow import run_study


def written(folder: Path, kind: str) -> ProblemStudy:
    path = folder / f"{kind}.toml"
    path.write_text(equation_first_study(kind, folder, ()))
    study = load_study(path)
    assert isinstance(study, ProblemStudy)
    return study


@pytest.mark.parametrize("kind", TEMPLATES)
def test_residual_lift_conditions_and_reference_agree(kind, tmp_path):
    study = written(tmp_path, kind)
    # Reading holds the reference to residual and conditions, and the lift to the conditions.
    problem = read_equation(study).problem
    assert problem.reference is not None
    assert problem.conditions
    assert study.name == kind
    text = (tmp_path / f"{kind}_equation.py").read_text()
    assert "Fieldwright" not in text
    assert text.startswith('"""')


def test_the_reference_of_the_system_is_what_a_solver_finds(tmp_path):
    problem = read_equation(written(tmp_path, "system")).problem
    c = {one.name: one.value for one in problem.unknowns}
    times = np.linspace(0.0, 3.0, 13)
    solved = solve_ivp(
        lambda _, u: [-c["k1"] * u[0], c["k1"] * u[0] - c["k2"] * u[1]],
        (0.0, 3.0),
        [1.0, 0.0],
        t_eval=times,
        rtol=1e-10,
        atol=1e-12,
    )
    assert problem.reference is not None
    reference = problem.reference(torch.as_tensor(times[:, None]), c).numpy()
    np.testing.assert_allclose(reference, solved.y.T, atol=1e-8)


def test_measured_values_are_those_of_the_solution_with_noise(tmp_path):
    study = written(tmp_path, "inverse")
    table = pd.read_csv(tmp_path / "inverse_measured.csv")
    assert len(table) == MEASURED
    # D is 0.1 1/s.
    exact = np.exp(-0.1 * np.pi**2 * table["t"]) * np.sin(np.pi * table["x"])
    noise = (table["u"] - exact) / NOISE
    assert 0.5 < noise.std() < 1.5
    assert abs(noise.mean()) < 0.6
    found = measurements_of(study, study.case())
    assert found is not None
    assert found.values.shape == (MEASURED, 1)


def test_what_is_there_is_kept(tmp_path):
    (tmp_path / "ode_equation.py").write_text("mine")
    with pytest.raises(StudyError, match="must not exist yet"):
        equation_first_study("ode", tmp_path, ())
    assert (tmp_path / "ode_equation.py").read_text() == "mine"


@pytest.mark.parametrize(
    "kind", ["ode", *(pytest.param(kind, marks=pytest.mark.slow) for kind in TEMPLATES if kind != "ode")]
)
def test_it_is_solved_as_it_is_written(kind, tmp_path):
    report = run_study(str(written(tmp_path, kind).path))
    (best,) = report.evaluations
    # Noise of 1 % in 60 values leaves the coefficient, and the solution, uncertain by less than a hundredth.
    assert max(best.errors.values()) < (1e-2 if kind == "inverse" else 1e-3)
    if kind == "inverse":
        assert report.estimates["D"] == pytest.approx(0.1, rel=0.02)
