"""Mirrors, rotations and translations of fields on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.transforms.symmetry import (
    FieldMotion,
    Motion,
    asymmetry,
    component_matrix,
    symmetrised,
)
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config

LINE = np.linspace(-1.0, 1.0, 9)
GRID = np.stack([*np.meshgrid(LINE, LINE, indexing="ij"), np.zeros((9, 9))], axis=-1).reshape(-1, 3)
CENTRE = np.zeros(3)
MIRROR = Motion.mirror("x", CENTRE)
QUARTER = Motion.rotation("z", 90.0, CENTRE)


def test_a_mirror_turns_the_normal_component_only() -> None:
    flow = np.stack([GRID[:, 0] ** 3 + 1.0, GRID[:, 0] * GRID[:, 1]], axis=1)
    moved = FieldMotion.of(MIRROR, GRID, ("x", "y"))(flow)
    np.testing.assert_allclose(moved[:, 0], -((-GRID[:, 0]) ** 3 + 1.0))
    np.testing.assert_allclose(moved[:, 1], -GRID[:, 0] * GRID[:, 1])


def test_a_rotation_carries_a_vector_along() -> None:
    # A blob at (1, 0) that points outwards becomes one at (0, 1) that points outwards.
    towards = np.exp(-10.0 * ((GRID[:, 0] - 1.0) ** 2 + GRID[:, 1] ** 2))[:, None] * [1.0, 0.0]
    turned = np.exp(-10.0 * (GRID[:, 0] ** 2 + (GRID[:, 1] - 1.0) ** 2))[:, None] * [0.0, 1.0]
    np.testing.assert_allclose(FieldMotion.of(QUARTER, GRID, ("x", "y"))(towards), turned, atol=1e-12)


def test_tensors_turn_on_both_sides() -> None:
    rng = np.random.default_rng(0)
    names = ("xx", "yy", "zz", "xy", "yz", "zx")
    tensor = rng.standard_normal((3, 3))
    tensor += tensor.T
    voigt = np.array([tensor[0, 0], tensor[1, 1], tensor[2, 2], tensor[0, 1], tensor[1, 2], tensor[2, 0]])
    q = Motion.rotation("y", 33.0, CENTRE).matrix
    turned = q @ tensor @ q.T
    expected = [turned[0, 0], turned[1, 1], turned[2, 2], turned[0, 1], turned[1, 2], turned[2, 0]]
    np.testing.assert_allclose(component_matrix(names, q) @ voigt, expected, atol=1e-12)


@given(st.integers(0, 2**31), st.sampled_from([(MIRROR, 2), (QUARTER, 4)]))
def test_the_mean_over_the_group_is_a_projection_onto_symmetric_fields(seed: int, group) -> None:
    motion, order = group
    field = np.random.default_rng(seed).standard_normal((2, len(GRID), 2))
    move = FieldMotion.of(motion, GRID, ("x", "y"))
    once = symmetrised(field, move, order)
    assert asymmetry(once, move).max() < 1e-12
    np.testing.assert_allclose(symmetrised(once, move, order), once, atol=1e-12)
    # Orthogonal: what is taken away stands at a right angle to what is kept.
    assert abs(np.sum((field - once) * once)) < 1e-9 * np.sum(field**2)


def test_predictions_of_symmetric_runs_are_symmetric_by_construction() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(1.0, 2.0, (30, 2))
    bump = np.cos(GRID[:, 0] * x[:, :1]) * np.exp(GRID[:, 1] * x[:, 1:])
    noisy = (bump + 0.05 * rng.standard_normal(bump.shape))[:, :, None]
    move = FieldMotion.of(MIRROR, GRID, ("",))
    queries = rng.uniform(1.0, 2.0, (10, 2))
    found = {}
    for built_in in (False, True):
        targets = {"u": symmetrised(noisy, move, 2) if built_in else noisy}
        svd = reduction_config({"kind": "svd", "rank": 5})
        emulator = Emulator.fit(kind_config({"kind": "rbf"}), {"u": svd}, x, targets, 0)
        z, _ = emulator.latent(queries)["u"]
        found[built_in] = asymmetry(emulator.fields["u"].at(queries).mean(z), move).max()
    assert found[True] < 1e-12
    assert found[False] > 1e-3


def test_a_translation_wraps_round_a_periodic_box() -> None:
    line = np.arange(8) / 8.0
    points = np.stack([line, 0 * line, 0 * line], axis=1)
    move = FieldMotion.of(Motion.translation(np.array([0.25, 0.0, 0.0])), points, ("",), (1.0, 0.0, 0.0))
    wave = np.sin(2 * np.pi * line)[:, None]
    np.testing.assert_allclose(move(wave)[:, 0], np.sin(2 * np.pi * (line - 0.25)), atol=1e-12)


def test_what_a_mesh_or_a_field_does_not_have_is_refused() -> None:
    lopsided = np.vstack([GRID, [1.5, 0.3, 0.0]])
    with pytest.raises(ModelError, match="must map the mesh onto itself"):
        FieldMotion.of(MIRROR, lopsided, ("",))
    with pytest.raises(ModelError, match="must keep a vector within"):
        component_matrix(("x", "y"), Motion.rotation("x", 90.0, CENTRE).matrix)
    with pytest.raises(ModelError, match="must be those of a vector"):
        component_matrix(("one", "two"), MIRROR.matrix)
