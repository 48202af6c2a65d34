"""The kernels of all modes of a field, chosen together by left-out runs where it is known what modes weigh."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.surrogates.gaussian_process.joint_choice import modes_down_to
from fieldwright.surrogates.regressors import kind_config, regressor_for

RUNS, NEW = 40, 200


def relative_error(
    fields: np.ndarray, x: np.ndarray, *, jointly: bool, true: np.ndarray | None = None
) -> float:
    """Of fields (n, m) at x (n, p) past the first RUNS, which are learned by their POD."""
    known, new = fields[:RUNS], (fields if true is None else true)[RUNS:]
    mean = known.mean(axis=0)
    left, size, modes = np.linalg.svd(known - mean, full_matrices=False)
    kept = size > 1e-9 * size[0]
    scale = size[kept] / np.sqrt(RUNS)
    z = left[:, kept] * np.sqrt(RUNS)
    u = (x - x[:RUNS].mean(axis=0)) / x[:RUNS].std(axis=0)
    sizes = scale / np.linalg.norm(scale) if jointly else None
    gp = regressor_for(kind_config({"kind": "gp"}), sizes).fit(u[:RUNS], z, seed=0)
    predicted = (gp.predict(u[RUNS:])[0] * scale) @ modes[kept] + mean
    return float(np.mean(np.linalg.norm(predicted - new, axis=1) / np.linalg.norm(new, axis=1)))


def fronts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places on the axis, positions (n, 1) of steep fronts, and the fields (n, m)."""
    s = np.linspace(0.0, 1.0, 200)
    x = np.random.default_rng(0).uniform(0.2, 0.8, (RUNS + NEW, 1))
    return s, x, np.tanh((s - x) / 0.02) + 2.0


@pytest.mark.slow
def test_modes_of_fronts_are_predicted_better_together() -> None:
    """The last modes look like noise one by one."""
    _, x, fields = fronts()
    assert relative_error(fields, x, jointly=True) < 0.8 * relative_error(fields, x, jointly=False)


def test_modes_of_an_entire_function_are_predicted_to_its_digits() -> None:
    """A kernel of all modes goes through the runs as closely as float64 allows."""
    s = np.linspace(-1.0, 1.0, 200)
    new = np.random.default_rng(2).uniform(1.05, 2.95, NEW)
    x = np.concatenate([np.linspace(1.0, 3.0, RUNS), new])[:, None]
    waves = (1.0 - s) * np.cos(9.0 * x * (s + 1.0)) * np.exp(-(1.0 + s) * x)
    assert relative_error(waves, x, jointly=True) < 1e-5


@pytest.mark.slow
def test_noise_stays_noise() -> None:
    """Fields with real noise are smoothed: no further from the noiseless ones than where each mode is by itself."""
    s, x, _ = fronts()
    true = np.sin(3.0 * s + 2.0 * x) + x**2 * s
    noisy = true + 0.1 * np.random.default_rng(1).standard_normal(true.shape)
    together, alone = (relative_error(noisy, x, jointly=way, true=true) for way in (True, False))
    assert together < 1.05 * alone
    assert together < 0.05


def test_every_field_has_modes_down_to_a_size() -> None:
    """Of two fields whose modes stand one after another, the tail of the first is none of them."""
    sizes = np.array([1.0, 0.1, 1e-3, 1e-4, 0.9, 0.02, 1e-3])
    assert modes_down_to(sizes, 0.01).tolist() == [True, True, False, False, True, True, False]
