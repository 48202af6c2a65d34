from __future__ import annotations

import numpy as np
import pytest

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.physics_hints import PhysicsHints
from fieldwright.surrogates.fields.transforms.input_transform import (
    AS_GIVEN,
    LOGARITHM,
    RECIPROCAL,
    InputTransform,
    of_one_kind,
)
from fieldwright.surrogates.regressors import kind_config


def runs(seed: int = 0, n: int = 40) -> np.ndarray:
    """(n, 3): Young's modulus [Pa], viscosity [m2/s] over three decades, temperature [degC] through zero."""
    rng = np.random.default_rng(seed)
    modulus, viscosity = rng.uniform(50e9, 250e9, n), 10.0 ** rng.uniform(-6.0, -3.0, n)
    return np.stack([modulus, viscosity, rng.uniform(-20.0, 80.0, n)], axis=1)


@pytest.mark.parametrize(
    ("answer", "parameter", "scale"),
    [
        (lambda x: 1e11 / x[:, 0], 0, RECIPROCAL),
        (lambda x: np.sin(np.log(x[:, 1])), 1, LOGARITHM),
        (lambda x: 1e-11 * x[:, 0], 0, AS_GIVEN),
    ],
)
def test_finds_the_scale_on_which_the_answer_is_simple(answer, parameter, scale):
    x = runs()
    assert InputTransform.choose(x, answer(x)[:, None], seed=0).scale[parameter] == scale


def test_finds_resistances_in_a_row_whose_scales_gain_only_together():
    """T - T_a = q (1/h + 1/k): with 1/h alone, or 1/k alone, the answer is as crooked as before."""
    rng = np.random.default_rng(1)
    x = rng.uniform([5e3, 500.0, 30.0, 1e11], [15e3, 2000.0, 70.0, 2e11], (40, 4))
    latent = x[:, :1] * (1.0 / x[:, 1:2] + [0.0, 1.0] / x[:, 2:3]) / 10.0
    scale = InputTransform.choose(x, latent, seed=0).scale
    assert scale.tolist() == [AS_GIVEN, RECIPROCAL, RECIPROCAL, AS_GIVEN]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_leaves_all_parameters_as_given(seed):
    latent = np.random.default_rng(seed).normal(size=(40, 4))
    assert InputTransform.choose(runs(seed + 1), latent, seed=seed).scale.tolist() == [AS_GIVEN] * 3


def test_leaves_parameters_as_given_when_nothing_is_gained():
    x = runs()
    latent = np.stack([x[:, 0] / 1e11, x[:, 1] / 1e-3], axis=1)
    assert InputTransform.choose(x, latent, seed=0).scale.tolist() == [AS_GIVEN] * 3


@pytest.mark.parametrize("scale", [LOGARITHM, RECIPROCAL])
def test_answers_stay_finite_for_queries_at_and_below_zero(scale):
    transform = InputTransform(np.array([scale]), np.array([2.0]))
    u = transform(np.array([[2.0], [0.0], [-5.0], [1e30]]))
    assert np.isfinite(u).all()
    assert u[1] == u[2] == transform(np.array([[2e-3]]))
    assert u[0] == (np.log(2.0) if scale == LOGARITHM else 0.5)


def test_raw_inputs_can_be_asked_for(plate):
    x = plate.parameters(30, 0)
    targets = {
        "temperature": np.tile((1.0 / x[:, :1])[..., None], (1, 36, 1)) * np.linspace(1.0, 2.0, 36)[:, None]
    }
    reductions = {"temperature": plate.reductions["temperature"]}
    for inputs, scale in (("auto", RECIPROCAL), ("raw", AS_GIVEN)):
        config = kind_config({"kind": "linear", "inputs": inputs})
        emulator = Emulator.fit(config, reductions, x, targets, 0)
        assert emulator.branches[0].transform.scale[0] == scale


def test_fields_that_see_a_parameter_on_different_scales_have_regressors_of_their_own(plate):
    x, shape = plate.parameters(30, 0), np.linspace(1.0, 2.0, 36)[:, None]
    targets = {
        "stress": x[:, :1, None] * shape,
        "strain": shape / x[:, :1, None],
        "load": 2.0 * x[:, :1, None] * shape,
    }
    reductions = dict.fromkeys(targets, plate.reductions["temperature"])
    emulator = Emulator.fit(kind_config({"kind": "linear"}), reductions, x, targets, 0)
    assert [branch.fields for branch in emulator.branches] == [("stress", "load"), ("strain",)]
    for name, (z, _) in emulator.latent(x).items():
        np.testing.assert_allclose(emulator.fields[name].mean(z)[:, 0], targets[name], rtol=1e-6)
    assert list(emulator.latent(x, ["strain"])) == ["strain"]


def test_a_scale_that_is_asked_for_is_taken_and_the_others_stay_free():
    x = runs()
    latent = np.sin(np.log(x[:, 1]))[:, None]
    chosen = InputTransform.choose(x, latent, 0, ("reciprocal", "auto", "raw"))
    assert chosen.scale.tolist() == [RECIPROCAL, LOGARITHM, AS_GIVEN]
    assert InputTransform.choose(x, latent, 0, ("reciprocal", "raw", "raw")).scale[1] == AS_GIVEN


def test_a_logarithm_of_what_is_not_positive_is_refused():
    with pytest.raises(ModelError, match="'log' must be positive in all runs"):
        InputTransform.choose(runs(), runs(), 0, ("auto", "auto", "log"))


def test_a_parameter_varied_down_to_zero_is_taken_by_its_logarithm_only_if_the_runs_are_likelier_so():
    rng = np.random.default_rng(0)
    # Branin's function, sampled evenly: leave-one-out errors of cheap regressions take the logarithm of the second.
    x = rng.uniform([-5.0, 0.0], [10.0, 15.0], (40, 2))
    branin = (x[:, 1] - 5.1 * x[:, 0] ** 2 / (4 * np.pi**2) + 5 * x[:, 0] / np.pi - 6) ** 2
    branin += 10 * (1 - 1 / (8 * np.pi)) * np.cos(x[:, 0]) + 10
    for seed in range(3):
        assert InputTransform.choose(x, branin[:, None], seed).scale.tolist() == [AS_GIVEN, AS_GIVEN]
    # A wave in the logarithm, sampled as evenly.
    x = rng.uniform(0.0, 10.0, (60, 1))
    assert InputTransform.choose(x, np.sin(2.0 * np.log(x)), 0).scale[0] == LOGARITHM


def springs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Six stiffnesses in two rows of three, pulled by two loads: displacements (n, 2) of both rows."""
    rng = np.random.default_rng(seed)
    x = np.hstack([rng.uniform(1.0, 100.0, (n, 6)), rng.uniform(-1.0, 1.0, (n, 2))])
    compliance = 1.0 / x[:, :6]
    return x, np.stack(
        [x[:, 6] * compliance[:, :3].sum(axis=1), x[:, 7] * compliance[:, 3:6].sum(axis=1)], axis=1
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_like_stiffnesses_enter_on_one_scale(seed):
    x, latent = springs(80, seed)
    scale = InputTransform.choose(x, latent / latent.std(), seed=0).scale
    assert len(set(scale[:6].tolist())) == 1
    assert scale[0] != AS_GIVEN
    assert scale[6:].tolist() == [AS_GIVEN, AS_GIVEN]


def test_parameters_of_one_kind_have_one_unit_and_alike_ranges():
    rng = np.random.default_rng(0)
    even, wide = rng.uniform(1.0, 100.0, (40, 3)), 10.0 ** rng.uniform(0.0, 2.0, (40, 1))
    x = np.hstack([even, wide, 1e3 * even[:, :1]])
    every = range(5)
    assert of_one_kind(x, every, ["N/m"] * 5) == [[0, 1, 2], [3], [4]]
    assert of_one_kind(x, every, ["N/m", "N/m", "m", "N/m", "N/m"]) == [[0, 1], [2], [3], [4]]
    assert of_one_kind(x, every, [""] * 5) == [[0, 1, 2], [3], [4]]
    # Two pure numbers of one range are no kind.
    assert of_one_kind(x[:, :2], [0, 1], ["", ""]) == [[0], [1]]
    assert of_one_kind(x, [0, 1, 2], [None] * 5) == [[0], [1], [2]]


def test_two_lengths_of_one_range_part_where_each_is_simple_on_its_own_scale():
    rng = np.random.default_rng(3)
    x = rng.uniform(1.0, 10.0, (40, 2))
    latent = np.stack([x[:, 0], 1.0 / x[:, 1]], axis=1)
    hints = PhysicsHints(parameters=("length", "gap"), units=("m", "m"))
    assert InputTransform.choose(x, latent, seed=0, hints=hints).scale.tolist() == [AS_GIVEN, RECIPROCAL]


def test_the_order_of_parameters_does_not_change_their_scales():
    x, latent = springs(80, 2)
    x, order = x[:, :6], np.array([3, 0, 5, 1, 4, 2])
    latent = np.stack([1.0 / x[:, :3].sum(axis=1), np.log(x[:, 3:]).sum(axis=1) / 100.0], axis=1)
    scale = InputTransform.choose(x, latent, seed=0).scale
    np.testing.assert_array_equal(InputTransform.choose(x[:, order], latent, seed=0).scale, scale[order])


@pytest.mark.parametrize("seed", [0, 1])
def test_a_reciprocal_of_what_was_varied_down_to_zero_is_not_taken(seed):
    """Few runs lie at its far end, and the next run beyond them is far from all others."""
    x = np.random.default_rng(seed).uniform(0.0, 10.0, (60, 2))
    latent = (1.0 / x).sum(axis=1, keepdims=True)
    assert RECIPROCAL not in InputTransform.choose(x, latent / latent.std(), seed=0).scale


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_wave_in_the_logarithm_of_a_second_parameter_is_found_by_its_likelihood(seed):
    """Advection and diffusion: the width of the front goes with the root of a viscosity over one decade."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.uniform(1.0, 2.0, 60), 10.0 ** rng.uniform(-2.0, -1.0, 60)])
    place = np.linspace(0.0, 3.0, 50)
    front = np.tanh((place - x[:, :1]) / np.sqrt(x[:, 1:]))
    latent = front - front.mean(axis=0)
    basis = np.linalg.svd(latent, full_matrices=False)[2]
    scale = InputTransform.choose(x, latent @ basis[:8].T, seed=0).scale
    assert scale.tolist() == [AS_GIVEN, LOGARITHM]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_frequency_enters_as_given_though_the_leading_coordinates_are_likelier_in_its_logarithm(seed):
    """They decay with it; the last ones, which are left of the error, repeat evenly in the frequency itself."""
    x = np.random.default_rng(seed).uniform(1.0, 3.1, (45, 1))
    s = np.linspace(-1.0, 1.0, 100)
    waves = (1.0 - s) * np.cos(9.0 * x * (s + 1.0)) * np.exp(-(1.0 + s) * x)
    left, size, _ = np.linalg.svd(waves - waves.mean(axis=0), full_matrices=False)
    kept = size > 1e-9 * size[0]
    latent = left[:, kept] * size[kept] / np.linalg.norm(size)
    assert InputTransform.choose(x, latent, seed=0).scale.tolist() == [AS_GIVEN]
