"""A training that was broken off ends, bit for bit, as one that was not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from fieldwright.data.errors import FieldwrightError, ModelError
from fieldwright.physics.equations.conditions import soft
from fieldwright.physics.equations.problem import no_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.checkpoint import read_checkpoint, write_checkpoint
from fieldwright.physics.pinn.curriculum import Curriculum
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan
from fieldwright.physics.pinn.weighting.settings import Weighting

HEAT = problem_named("heat_high_frequency")
PLAIN = TrainingPlan(Architecture((5, 5)), Sampling(40), first_steps=30, rounds=3, steps=4, tolerance=1e-12)
EVERYTHING = TrainingPlan(
    Architecture((5, 5), own_features=False, fourier=Fourier((2.0,), count=4, trained=True), slopes="neuron"),
    Sampling(40, kind="rar"),
    Weighting(balance="tangent_kernel", every=7, causal=(0.1, 1.0), attention=0.01),
    Curriculum(parts=2, marching=True, waves=True, coefficients={"D": 0.02}),
    first="soap",
    first_steps=30,
    rounds=2,
    steps=3,
    optimiser="ssbroyden",
    tolerance=1e-12,
)
SOFT = replace(
    HEAT, lift=no_lift, features=None, soft=tuple(soft(c, HEAT.domain, 8) for c in HEAT.conditions)
)


class Broken(Exception):
    """The power fails."""


@pytest.mark.parametrize(
    ("problem", "plan"),
    [(HEAT, PLAIN), (HEAT, replace(PLAIN, optimiser="soap")), (SOFT, EVERYTHING)],
    ids=["plain", "two descents", "everything"],
)
@pytest.mark.parametrize("after", [2, *(pytest.param(after, marks=pytest.mark.slow) for after in (1, 4))])
def test_a_broken_training_ends_as_an_unbroken_one(problem, plan, after, tmp_path):
    seen = []

    def fail(progress):
        seen.append(progress.stage)
        if len(seen) == after:
            raise Broken

    path = tmp_path / "training.safetensors"
    whole = train_pinn(problem, plan, seed=3)
    with pytest.raises(Broken):
        train_pinn(problem, plan, seed=3, progress=fail, checkpoint=path)
    rest = []
    resumed = train_pinn(
        problem, plan, seed=3, progress=lambda progress: rest.append(progress.stage), checkpoint=path
    )
    assert len(seen) + len(rest) == len(whole.history)
    assert torch.equal(resumed.network.flat(), whole.network.flat())
    assert resumed.residual == whole.residual
    assert [residual for _, residual in resumed.history] == [residual for _, residual in whole.history]
    assert resumed.findings == whole.findings


def test_a_finished_training_is_not_repeated(tmp_path):
    path, seen = tmp_path / "training.safetensors", []
    first = train_pinn(HEAT, PLAIN, seed=0, checkpoint=path)
    again = train_pinn(HEAT, PLAIN, seed=0, checkpoint=path, progress=seen.append)
    assert not seen
    assert torch.equal(again.network.flat(), first.network.flat())


@pytest.mark.parametrize("other", [{"seed": 1}, {"plan": replace(PLAIN, steps=5)}])
def test_a_checkpoint_of_another_training_is_refused(other, tmp_path):
    path = tmp_path / "training.safetensors"
    train_pinn(HEAT, replace(PLAIN, rounds=0), seed=0, checkpoint=path)
    with pytest.raises(FieldwrightError, match="same equation, plan, seed and measurements"):
        train_pinn(HEAT, **({"plan": replace(PLAIN, rounds=0), "seed": 0} | other), checkpoint=path)


@settings(max_examples=30, deadline=None)
@given(x=st.floats(allow_nan=False, allow_infinity=False), array=st.lists(st.floats(width=32), max_size=5))
def test_a_checkpoint_keeps_every_bit(tmp_path_factory, x, array):
    path = tmp_path_factory.mktemp("bits") / "one"
    write_checkpoint(path, {"x": x, "best": float("inf")}, {"a": np.array(array)})
    values, arrays = read_checkpoint(path)
    assert values == {"x": x, "best": float("inf")}
    assert arrays["a"].tobytes() == np.array(array).tobytes()


def test_a_failed_write_leaves_the_old_checkpoint_and_nothing_else(tmp_path):
    path = tmp_path / "one"
    write_checkpoint(path, {"n": 1}, {})
    with pytest.raises(TypeError):
        write_checkpoint(path, {"n": object()}, {})
    assert read_checkpoint(path)[0] == {"n": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["foreign", "cut", "text"])
def test_damaged_and_foreign_files_are_refused_in_words(damage, tmp_path):
    path = Path(tmp_path / "one")
    if damage == "foreign":
        save_file({"a": np.zeros(3)}, path)
    else:
        write_checkpoint(path, {"n": 1}, {"a": np.zeros(30)})
        path.write_bytes(path.read_bytes()[:100] if damage == "cut" else b"not a checkpoint")
    with pytest.raises(ModelError, match="must be a whole file as a training wrote it"):
        read_checkpoint(path)
