"""The number of modes that are kept by what left-out runs can tell of each."""

import numpy as np

from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.truncation import predictable_rank
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config


def test_modes_that_no_parameter_explains_are_dropped() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(1.0, 2.0, (60, 1))
    place = np.linspace(0.0, 1.0, 200)
    smooth = np.sin(np.pi * place) * x + np.sin(2 * np.pi * place) * x**2
    noise = 1e-3 * rng.standard_normal((60, 200))
    targets, svd = {"u": (smooth + noise)[:, :, None]}, {"u": reduction_config({"kind": "svd"})}
    assert Emulator.fit(kind_config({"kind": "linear"}), svd, x, targets, 0).fields["u"].rank == 2
    # An interpolant takes all that the runs hold: all but the mean.
    assert Emulator.fit(kind_config({"kind": "rbf"}), svd, x, targets, 0).fields["u"].rank == 59


def test_a_given_rank_is_kept() -> None:
    x = np.linspace(1.0, 2.0, 20)[:, None]
    fields = (x ** np.arange(1, 6))[:, :, None]
    config, reduction = kind_config({"kind": "linear"}), reduction_config({"kind": "svd", "rank": 4})
    assert Emulator.fit(config, {"u": reduction}, x, {"u": fields}, 0).fields["u"].rank == 4


def test_small_modes_that_are_predicted_well_are_kept_while_they_matter() -> None:
    rng = np.random.default_rng(1)
    latent = rng.choice([-1.0, 1.0], (50, 4)) * np.array([1.0, 1e-1, 1e-2, 1e-7])
    assert predictable_rank(latent, 1e-4 * latent) == 3
    assert predictable_rank(latent, 0.5 * latent) == 2


def test_two_outermost_runs_do_not_decide() -> None:
    rng = np.random.default_rng(2)
    latent = rng.standard_normal((50, 2)) * np.array([1.0, 0.1])
    left_out = 1e-3 * latent
    left_out[:2, 1] = 5.0 * latent[:2, 1]
    assert predictable_rank(latent, left_out) == 2
