"""Measurements made of references and of snapshots: where, how noisy, and of which outputs."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.data.formats.openfoam import OpenFoamReader
from fieldwright.physics.equations.measurements import measured_in_snapshots, measured_on_reference
from fieldwright.physics.equations.problems import problem_named

ARCHIVE = Path("../shared/data/runs/of_cylinder_re100.tar.xz")


def test_noise_is_a_share_of_each_outputs_spread_and_hidden_outputs_are_left_out():
    problem = problem_named("lorenz")
    exact, noisy = (measured_on_reference(problem, 2000, noise, 3, ("u", "w")) for noise in (0.0, 0.02))
    assert np.array_equal(exact.inputs, noisy.inputs)
    assert np.isnan(noisy.values[:, 1]).all()
    seen = [0, 2]
    shares = (noisy.values - exact.values)[:, seen].std(axis=0) / exact.values[:, seen].std(axis=0)
    np.testing.assert_allclose(shares, 0.02, rtol=0.06)
    values = problem.reference(torch.from_numpy(exact.inputs), problem.values).numpy()
    assert np.array_equal(exact.values[:, seen], values[:, seen])


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(FieldwrightError, match="'cylinder_wake' must have a reference to be measured"):
        measured_on_reference(problem_named("cylinder_wake"), 5, 0.0, 0)
    with pytest.raises(FieldwrightError, match=r"outputs of 'lorenz' must be of u, v, w.*Got z"):
        measured_on_reference(problem_named("lorenz"), 5, 0.0, 0, ("z",))


def test_snapshots_are_drawn_from_inside_the_domain():
    problem = problem_named("cylinder_wake")
    rng = np.random.default_rng(0)
    points, times = rng.uniform(-3, 9, (400, 2)), np.linspace(-1, 8, 10)
    x, y = points.T
    values = np.stack([x + 100 * times[:, None], y + 0 * times[:, None], np.full((10, 400), np.nan)], axis=2)
    drawn = measured_in_snapshots(problem, points, times, values, 300, 0.0, seed=1)
    low, high = problem.bounds
    assert np.all((drawn.inputs >= low) & (drawn.inputs <= high))
    assert len(np.unique(drawn.inputs, axis=0)) == 300
    np.testing.assert_allclose(drawn.values[:, 0], drawn.inputs[:, 0] + 100 * drawn.inputs[:, 2])
    np.testing.assert_allclose(drawn.values[:, 1], drawn.inputs[:, 1])
    assert np.isnan(drawn.values[:, 2]).all()
    with pytest.raises(FieldwrightError, match="must hold 4000 values in the domain of 'cylinder_wake'"):
        measured_in_snapshots(problem, points, times, values, 4000, 0.0, seed=1)


def test_the_wakes_equations_hold_for_vortices_that_drift_and_decay():
    """Taylor and Green's vortices, carried along at speed l U: an exact solution of the Navier-Stokes equations."""
    speed, nu = 0.7, 0.03

    def vortices(x, c):
        s, y, t = x[:, :1] - c["l"] * speed * x[:, 2:3], x[:, 1:2], x[:, 2:3]
        fall = torch.exp(-2 * nu * t)
        u, v = speed + torch.cos(s) * torch.sin(y) * fall, -torch.sin(s) * torch.cos(y) * fall
        p = -c["l"] * (torch.cos(2 * s) + torch.cos(2 * y)) / 4 * fall**2
        return torch.cat([u, v, p], dim=1)

    problem = problem_named("cylinder_wake")
    points = problem.points(50, np.random.default_rng(0))
    for l_ in (1.0, 1.3):
        found = problem.residual_of(vortices, points, {"l": l_, "nu": nu})
        assert abs(found).max() < 1e-12
        assert abs(problem.residual_of(vortices, points, {"l": l_, "nu": 2 * nu})).max() > 0.01


def test_a_simulated_wake_gives_measurements(tmp_path):
    if not ARCHIVE.exists():
        pytest.skip(f"{ARCHIVE} is not there")
    with tarfile.open(ARCHIVE) as archive:
        wanted = [
            member
            for member in archive.getmembers()
            if set(member.name.split("/")) & {"constant", "system", "80", "82", "84"}
        ]
        archive.extractall(tmp_path, wanted, filter="data")
    run = OpenFoamReader().read(tmp_path / "cylinder_re100")
    velocity = run.fields["U"].values[..., :2]
    values = np.concatenate([velocity, np.full((*velocity.shape[:2], 1), np.nan)], axis=2)
    problem = problem_named("cylinder_wake")
    drawn = measured_in_snapshots(problem, run.mesh.cell_centres[:, :2], run.times - 80, values, 1500, 0.0, 0)
    u, v = drawn.values[:, :2].T
    assert 0.3 < u.mean() < 0.95  # slower than the stream behind the body
    assert abs(v.mean()) < 0.1  # to both sides alike
    assert v.std() > 0.15
