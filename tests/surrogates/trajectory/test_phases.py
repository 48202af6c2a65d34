"""Periodic fields whose phases differ between runs, and all that only looks like them."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.formats import reader_for
from fieldwright.surrogates.trajectory.phases import period, unaligned_phases

TIMES = np.linspace(0.0, 1.0, 60)
PLACES = np.linspace(0.0, 1.0, 50)
CYLINDER = Path(__file__).parents[4] / "shared" / "data" / "runs" / "of_cylinder_re100.tar.xz"


def parameters(n: int = 16, p: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(1.0, 2.0, (n, p))


def fields(of_run) -> np.ndarray:
    """(16, t, points, 1) of a function of parameters (2,), times (t, 1) and places (points)."""
    return np.stack([of_run(row, TIMES[:, None], PLACES) for row in parameters()])[..., None]


def random_phase(seed: int):
    rng = np.random.default_rng(seed)
    return lambda: rng.uniform(0.0, 2.0 * np.pi)


@pytest.mark.parametrize("cycles", [1.7, 3.0, 8.0])
@pytest.mark.parametrize("form", ["travelling", "standing", "harmonics", "frequencies", "on a mean flow"])
def test_waves_of_random_phases_are_seen(cycles: float, form: str) -> None:
    phase, size = random_phase(1), 2.0 * np.pi

    def of_run(row: np.ndarray, t: np.ndarray, s: np.ndarray) -> np.ndarray:
        angle = size * cycles * t + phase()
        if form == "standing":
            return row[0] * np.cos(angle) * np.sin(np.pi * s)
        if form == "harmonics":
            return row[0] * (np.sin(size * 2 * s - angle) + 0.4 * np.sin(2 * (size * 2 * s - angle)))
        if form == "frequencies":
            return row[0] * np.sin(size * 2 * s - angle * (1.0 + 0.1 * (row[1] - 1.5)))
        mean = 20.0 * row[1] * s * (1.0 - s) if form == "on a mean flow" else 0.0
        return mean + row[0] * np.sin(size * 2 * s - angle)

    found = unaligned_phases(parameters(), fields(of_run))
    assert found is not None
    assert found.cycles == pytest.approx(cycles, rel=0.15)
    assert "its phase is not aligned" in found.sentence("U")


SILENT = {
    "aligned wave": lambda row, t, s: row[0] * np.sin(4 * np.pi * s - 6 * np.pi * t),
    "phase by parameter": lambda row, t, s: np.sin(4 * np.pi * s - 6 * np.pi * t + row[0]),
    "heating": lambda row, t, s: row[0] * (1.0 - np.exp(-t * 5.0 * row[1])) * (1.0 + s),
    "front": lambda row, t, s: np.tanh(20.0 * (s - 0.7 * row[0] * t)),
    "pulse passing": lambda row, t, s: np.exp(-200.0 * (s - 0.8 * row[1] * t) ** 2),
    "delayed step": lambda row, t, s: (1.0 + s) / (1.0 + np.exp(-60.0 * (t - 0.4 * row[0]))),
    "there and back": lambda row, t, s: (1.0 + s) * np.exp(-80.0 * (t - 0.3 * row[0]) ** 2),
    "decay of modes": lambda row, t, s: sum(
        np.sin(k * np.pi * s) * np.exp(-row[0] * k * k * t) for k in (1, 2, 3)
    ),
    "damped ringing": lambda row, t, s: (1.0 + s) * np.exp(-2.0 * row[1] * t) * np.cos(20.0 * t),
    "constant": lambda row, t, s: row[0] * (1.0 + s) + 0.0 * t,
}


@pytest.mark.parametrize("name", list(SILENT))
def test_what_is_in_step_or_not_periodic_is_not_called_so(name: str) -> None:
    assert unaligned_phases(parameters(), fields(SILENT[name])) is None


def test_noise_steady_fields_and_few_runs_say_nothing() -> None:
    rng = np.random.default_rng(2)
    assert unaligned_phases(parameters(), rng.normal(size=(16, 60, 50, 1))) is None
    assert unaligned_phases(parameters(), rng.normal(size=(16, 50, 1))) is None
    assert unaligned_phases(parameters(3), rng.normal(size=(3, 60, 50, 1))) is None


def test_the_period_is_that_of_the_wave() -> None:
    t = np.arange(100)[:, None]
    assert period(np.hstack([np.sin(2 * np.pi * t / 25), np.cos(2 * np.pi * t / 25)])) in (25, 50)
    assert period(np.tanh(0.1 * (t - 50.0))) is None


def test_windows_of_a_vortex_street_are_out_of_step(tmp_path: Path) -> None:
    if not CYLINDER.exists():
        pytest.skip(f"the runs of a cylinder are not there: {CYLINDER}")
    with tarfile.open(CYLINDER) as tar:
        tar.extractall(tmp_path, filter="data")
    case = next(path.parent for path in tmp_path.rglob("system") if path.is_dir())
    run = reader_for(case).read(case, ["p"])
    values = run.fields["p"].values
    x = np.linspace(0.0, 1.0, 12)[:, None]
    for seed in range(4):
        starts = np.random.default_rng(seed).integers(0, len(values) - 55, 12)
        found = unaligned_phases(x, np.stack([values[k : k + 55] for k in starts]))
        assert found is not None
        # A Strouhal number of 0.169 and 54 steps of 0.2 s.
        assert found.cycles == pytest.approx(54 * 0.2 * 0.169, rel=0.1)
    assert unaligned_phases(x, np.stack([values[10:65] * (1.0 + 0.01 * k) for k in range(12)])) is None
