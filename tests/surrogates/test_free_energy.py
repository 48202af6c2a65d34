"""The free energy of a material: what holds by construction, and what is learned."""

from __future__ import annotations

import pytest
import torch

from examples.free_energy import (
    BULK,
    SHEAR,
    Energy,
    deformations,
    learned_energy,
    neo_hooke,
    objectivity_error,
    relative,
    stiffness_of,
    stress_of,
    work_round_a_loop,
)

REST = torch.eye(3, dtype=torch.float64)[None]


def test_the_true_material_has_its_moduli_at_rest() -> None:
    # Small strains: lambda 1 x 1 + 2 mu I with lambda = kappa, as log(III)^2 / 8 is (tr E)^2 / 2 there.
    stiffness = stiffness_of(neo_hooke)(REST)[0]
    assert stiffness[0, 0] == pytest.approx(BULK + 2.0 * SHEAR)
    assert stiffness[0, 1] == pytest.approx(BULK)
    assert stiffness[3, 3] == pytest.approx(SHEAR)
    assert stress_of(neo_hooke)(REST).abs().max() < 1e-15


def test_an_untrained_energy_already_is_a_material() -> None:
    torch.manual_seed(0)
    energy = Energy()
    c = deformations(50, seed=3)
    assert abs(float(energy(REST[0]).detach())) < 1e-14
    assert stress_of(energy)(REST).abs().max() < 1e-14
    assert objectivity_error(stress_of(energy), c, seed=4) < 1e-12
    assert work_round_a_loop(stress_of(energy)) < 1e-12
    stiffness = stiffness_of(energy)(c)
    assert relative(stiffness.mT, stiffness) < 1e-12


def test_stress_and_stiffness_are_learned_from_stresses_alone() -> None:
    energy = learned_energy(deformations(80, seed=0), seed=0, iterations=150)
    new = deformations(100, seed=1, size=0.2)
    assert relative(stress_of(energy)(new), stress_of(neo_hooke)(new)) < 0.02
    assert relative(stiffness_of(energy)(new), stiffness_of(neo_hooke)(new)) < 0.05
