"""The stages of a training: what its schedule holds, what every part sees, and what goes on to the next."""

import numpy as np
import pytest

from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.curriculum import Curriculum
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.schedule import stages_of
from fieldwright.physics.pinn.training import Training
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

BURGERS = problem_named("burgers")


def training(**switches):
    architecture = Architecture((4,), own_features=False, fourier=Fourier((2.0,), count=4))
    plan = TrainingPlan(
        architecture, **({"sampling": Sampling(80), "first_steps": 4, "steps": 1, "rounds": 1} | switches)
    )
    return Training(SolutionNetwork(BURGERS, architecture, 0), plan, 0, None)


def test_a_schedule_holds_all_steps_in_every_part_and_the_rounds_last():
    stages = stages_of(
        TrainingPlan(first_steps=25, look_every=10, rounds=2, steps=7, curriculum=Curriculum(2))
    )
    assert [(stage.name, stage.steps, stage.part) for stage in stages] == [
        ("Adam", 10, 1),
        ("Adam", 2, 1),
        ("part 1", 7, 1),
        ("Adam", 10, 2),
        ("Adam", 3, 2),
        ("round 1", 7, 2),
        ("round 2", 7, 2),
    ]


def test_every_part_of_a_curriculum_sees_its_window_and_the_judge_sees_everything():
    running = training(curriculum=Curriculum(4, marching=True, waves=True, coefficients={"nu": 0.1}))
    ends, seen = [], []
    descend = running._descend

    def spy(rows, steps, name):
        network = running.network
        ends.append(float(rows.points[:, 1].max()))
        (waves,) = network.embedding._fourier
        seen.append((float(waves.revealed), network.coefficients(rows.points, list(network.weights))["nu"]))
        descend(rows, steps, name)

    running._descend = spy
    while not running.is_finished:
        running.advance()
        assert running.network.eased == {}
        (waves,) = running.network.embedding._fourier
        assert float(waves.revealed) == 1
    for end, window in zip(ends, (0.25, 0.5, 0.75, 1.0), strict=True):
        assert 0.9 * window < end <= window
    assert [revealed for revealed, _ in seen] == [0.25, 0.5, 0.75, 1.0]
    assert seen[0][1] == pytest.approx(0.1)
    assert seen[-1][1] == pytest.approx(BURGERS.values["nu"])
    assert np.all(np.diff([nu for _, nu in seen]) < 0)
    assert running.held_out[:, 1].max() > 0.99


@pytest.mark.parametrize(("kind", "count"), [("fixed", 80), ("even", 80), ("rad", 80), ("rar", 96)])
def test_rounds_change_the_points_as_the_plan_says(kind, count):
    running = training(sampling=Sampling(80, kind=kind, added=0.2), first_steps=0)
    before = running.points.copy()
    running.advance()
    assert len(running.points) == count
    same = [bool((before == point).all(axis=1).any()) for point in running.points]
    assert sum(same) == {"fixed": 80, "even": 0, "rad": 0, "rar": 80}[kind]


def test_a_training_goes_on_from_its_best_after_numbers_break_down():
    running = training(first_steps=2, look_every=1, first_rate=1e308)
    start = running.network.flat()
    running.advance()
    assert not np.isfinite(running.history[0][1])
    assert running.network.flat().equal(start)


def test_the_optimiser_is_chosen_by_size_unless_the_plan_names_it():
    chosen = training()
    assert chosen.optimiser == "levenberg_marquardt"
    assert "80 residuals" in chosen.why
    assert training(optimiser="lbfgs").optimiser == "lbfgs"


@pytest.mark.parametrize("optimiser", ["levenberg_marquardt", "adam", "gauss_newton"])
def test_seconds_hold_within_a_stage(optimiser):
    """No step of a stage of many is done once the time is up, and the next stage does not begin."""
    running = training(optimiser=optimiser, rounds=3, steps=10**6, first_steps=10**6, seconds=1e-6)
    start = running.network.flat()
    progress = running.advance()
    assert running.is_finished
    assert progress.seconds_left == 0
    assert running.network.flat().equal(start)
    assert running.history[0][0] > 0


def test_the_first_optimiser_leaves_most_of_the_seconds_to_the_rounds():
    running = training(rounds=1, steps=1, first_steps=10**6, look_every=10**6, seconds=3.0)
    assert running.advance().stage == "Adam"
    assert running._steps < 10**6
    assert running.advance().stage == "round 1"


def test_no_further_stage_begins_once_the_seconds_are_spent():
    running = training(rounds=5, first_steps=0, seconds=1e-6)
    running.advance()
    assert running.is_finished
    assert not training(rounds=5, first_steps=0, seconds=1e6).is_finished


def test_the_kept_stage_is_the_best_by_residual_and_measurements_together():
    """A wave that meets the equation less well but the measurements far better is the one to keep."""
    problem = problem_named("second_order_bvp")
    points = np.linspace(0.1, 0.9, 5)[:, None]
    measured = Measurements(points, 1 + points)
    plan = TrainingPlan(Architecture((4,)), Sampling(40), first_steps=2, look_every=1, rounds=0)
    running = Training(SolutionNetwork(problem, plan.architecture, 0, (), ("a",)), plan, 0, measured)
    kept, scores = [], []
    while not running.is_finished:
        progress = running.advance()
        misfit = sum(loss for name, loss in progress.losses.items() if name.startswith("measurement"))
        scores.append((np.hypot(progress.residual, misfit**0.5), progress.residual))
        kept.append(running.best)
    assert kept == [min(scores[: i + 1])[1] for i in range(len(scores))]
