"""The solution of an equation as a model: values, spread, band, derivatives, domain, verdict, artifact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.physics.equations.problems import problem_named
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.figures import Convergence, convergence_figure, solution_figures
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.equations.training import solve

POINTS = np.linspace(0.0, 1.0, 9)[:, None]


def test_it_solves_the_equation_over_the_range_of_the_parameter(case, solved):
    assert solved.verdict.converged
    reference = case.problem.reference
    for a in (1.5, 4.0, 7.5):
        true = reference(torch.from_numpy(POINTS), {"a": a, "b": 2.0}).numpy()[:, 0]
        answer = solved.surrogate.predict(POINTS, {"a": a})
        np.testing.assert_allclose(answer.mean["u"], true, atol=0.05)
    assert solved.surrogate.description.errors["u"] < 0.05


def test_mean_spread_and_band_are_those_of_the_networks(solved):
    values = np.stack(
        [pinn.predict(np.hstack([POINTS, np.full_like(POINTS, 3.0)]))[:, 0] for pinn in solved.pinns]
    )
    answer = solved.surrogate.predict(POINTS, {"a": 3.0})
    np.testing.assert_allclose(answer.mean["u"], values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(answer.std["u"], values.std(axis=0, ddof=1), atol=1e-15)
    half = np.maximum(2 * answer.std["u"], 1.5 * answer.error["u"])  # of the spread and the estimated error
    np.testing.assert_allclose(answer.upper["u"] - answer.mean["u"], half, atol=1e-15)


def test_derivatives_by_coordinates_and_parameters_are_those_of_the_values(solved):
    h, x = 1e-5, np.array([[0.3], [0.6]])

    def u(shift: float, a: float) -> np.ndarray:
        return solved.surrogate.predict(x + shift, {"a": a}).mean["u"]

    answer = solved.surrogate.predict(x, {"a": 3.0}, ("u_x", "u_xx", "u_a", "u_xa", "u_ax"))
    np.testing.assert_allclose(answer.derivatives["u_x"], (u(h, 3.0) - u(-h, 3.0)) / (2 * h), rtol=1e-7)
    second = (u(1e-3, 3.0) - 2 * u(0, 3.0) + u(-1e-3, 3.0)) / 1e-6
    np.testing.assert_allclose(answer.derivatives["u_xx"], second, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(answer.derivatives["u_a"], (u(0, 3 + h) - u(0, 3 - h)) / (2 * h), rtol=1e-6)
    np.testing.assert_array_equal(answer.derivatives["u_xa"], answer.derivatives["u_ax"])


def test_what_lies_outside_is_told_with_the_reason(solved):
    answer = solved.surrogate.predict(
        np.array([[0.0], [1.0], [1.2], [0.5]]), {"a": np.array([1.0, 8.0, 2.0, 9.0])}
    )
    np.testing.assert_array_equal(answer.inside, [True, True, False, False])
    assert answer.why[:2] == (None, None)
    assert answer.why[2] == "the point x = 1.2 lies outside the domain of the equation"
    assert answer.why[3] == "'a' = 9 lies beyond the range that was trained, 1 to 8"


@pytest.mark.parametrize(
    ("points", "parameters", "says"),
    [
        (np.zeros((2, 2)), {"a": 1.0}, "must have 1 coordinates"),
        (np.zeros((0, 1)), {"a": 1.0}, "a table of 0 x 1"),
        (np.zeros((2, 1)), {}, "The parameters must be a. Got none"),
        (np.array([[np.nan]]), {"a": 1.0}, "'x' must be finite. Got nan at point 0"),
        (np.zeros((1, 1)), {"a": np.inf}, "'a' must be finite"),
    ],
)
def test_what_does_not_fit_is_refused(solved, points, parameters, says):
    with pytest.raises(QueryError, match=says):
        solved.surrogate.predict(points, parameters)


def test_an_artifact_gives_the_same_bits_without_any_equation(solved, tmp_path, monkeypatch):
    solved.surrogate.save(tmp_path / "model")
    monkeypatch.setattr("fieldwright.physics.equations.problems.problem_named", None)
    again = SolutionSurrogate.load(tmp_path / "model")
    assert again.description == solved.surrogate.description
    first, second = (one.predict(POINTS, {"a": 2.0}, ["u_xx"]) for one in (solved.surrogate, again))
    np.testing.assert_array_equal(first.mean["u"], second.mean["u"])
    np.testing.assert_array_equal(first.derivatives["u_xx"], second.derivatives["u_xx"])
    text = (tmp_path / "model" / "model.json").read_text()
    (tmp_path / "model" / "model.json").write_text(text.replace("aten.tanh", "aten.sinh"))
    with pytest.raises(ModelError, match="does not match its checksum"):
        SolutionSurrogate.load(tmp_path / "model")


def test_one_network_of_a_linear_equation_has_the_bound_of_its_error_as_band(quick):
    case = EquationCase(problem_named("second_order_bvp"))
    solved = solve(case, replace(quick, members=1), seed=1, name="beam")
    description = solved.surrogate.description
    answer = solved.surrogate.predict(np.random.default_rng(0).random((500, 1)))
    assert answer.std is None
    assert description.error_bound is not None
    np.testing.assert_allclose(answer.upper["u"] - answer.lower["u"], 2 * description.error_bound)
    true = case.problem.reference(torch.from_numpy(POINTS), case.problem.values).numpy()[:, 0]
    error = np.sqrt(np.mean((solved.surrogate.predict(POINTS).mean["u"] - true) ** 2))
    assert 0 < error <= description.error_bound


def test_too_few_converged_networks_are_a_failure_that_is_told(case, quick):
    solved = solve(case, replace(quick, rounds=0, first_steps=2, tolerance=1e-6), seed=0, name="beam")
    assert not solved.verdict.converged
    assert solved.verdict.findings[0].advice
    assert solved.surrogate.description.members == 2


@pytest.mark.slow
def test_a_broken_training_goes_on_and_ends_as_an_unbroken_one(case, quick, solved, tmp_path):
    class Broken(Exception):
        pass

    seen = []

    def breaking(member, progress):
        seen.append((member, progress.steps))
        if (member, progress.stage) == (1, "round 1"):
            raise Broken

    with pytest.raises(Broken):
        solve(case, quick, seed=0, name="beam", folder=tmp_path, progress=breaking)
    rest = []
    again = solve(
        case,
        quick,
        seed=0,
        name="beam",
        folder=tmp_path,
        progress=lambda member, progress: rest.append((member, progress.steps)),
    )
    assert not set(seen) & set(rest)
    assert again.surrogate.description == solved.surrogate.description


def test_a_change_of_anything_that_decides_a_training_changes_its_checkpoints(case, quick):
    digests = {case.digest(quick, 0), case.digest(quick, 1), case.digest(replace(quick, steps=31), 0)}
    digests.add(replace(case, varied=()).digest(quick, 0))
    narrower = tuple(replace(one, high=one.high - 0.5) for one in case.problem.unknowns)
    digests.add(replace(case, problem=replace(case.problem, unknowns=narrower)).digest(quick, 0))
    assert len(digests) == 5


def test_pictures_show_field_error_and_residual(case, solved):
    (figure,) = solution_figures(case, solved.pinns[0].network, 1.0).values()
    left, right = figure.axes
    assert left.get_xlabel() == "x [m]"
    assert left.get_ylabel() == "u [K]"
    assert [line.get_label() for line in right.lines] == ["error of u", "relative residual"]
    plate = EquationCase(problem_named("burgers"))
    network = solve_nothing(plate)
    figure = solution_figures(plate, network, 1.0)["u.png"]
    assert [axes.get_xlabel() for axes in figure.axes[:3]] == ["x"] * 3
    history = Convergence([1, 2], [0.1, 0.01], {"equation 1": [1.0, 0.1]})
    assert len(convergence_figure([history, history], 1e-3).axes[0].lines) == 3


def solve_nothing(case: EquationCase):
    from fieldwright.physics.pinn.network import SolutionNetwork
    from fieldwright.physics.pinn.networks.architecture import Architecture

    return SolutionNetwork(case.problem, Architecture((4,)), 0)
