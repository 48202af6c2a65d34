"""Where Fourier features start to fit noise: a sweep of their scale against the noise of the measurements.

    python -m examples.fourier_features_and_noise [folder]

A temperature is found from noisy measurements and the heat equation, by networks with random Fourier features of
growing scale in space. Below the scale of the solution's waves the networks cannot follow it; above, they follow the
noise as well: the solution from noisy measurements leaves that from exact ones. folder/fourier_features_and_noise.png
shows the error against the truth, and the share of the noise that reaches the solution.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from fieldwright.physics.equations.measurements import measured_on_reference
from fieldwright.physics.equations.problem import no_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan
from fieldwright.surrogates import figures

SCALES = (2.0, 8.0, 16.0, 32.0)
NOISES = (0.0, 0.05, 0.2)
MEASURED = 150


def sweep(
    scales: tuple[float, ...], noises: tuple[float, ...], steps: int = 40, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Errors against the truth (scales, noises), relative to the solution's size, and shares of the noise in it.

    A share (scales, noises) is the root mean square change of the solution from that of noise 0, which comes first in
    `noises`, over the noise.
    """
    # The measurements alone stand for the conditions.
    heat = replace(problem_named("heat_high_frequency"), lift=no_lift, features=None, conditions=())
    exact = measured_on_reference(heat, 2000, 0.0, seed=1)
    size = float(np.std(exact.values))
    errors, shares = np.zeros((2, len(scales), len(noises)))
    for i, scale in enumerate(scales):
        plan = TrainingPlan(
            Architecture((16,), fourier=Fourier((scale,), (1.0,), count=20)),
            Sampling(150),
            first_steps=0,
            rounds=1,
            steps=steps,
        )
        first = np.zeros_like(exact.values)
        for j, noise in enumerate(noises):
            measured = measured_on_reference(heat, MEASURED, noise, seed=2)
            found = train_pinn(heat, plan, seed, measured=measured).predict(exact.inputs)
            errors[i, j] = _rms(found - exact.values) / size
            if noise == 0.0:
                first = found
            else:
                shares[i, j] = _rms(found - first) / (noise * size)
    return errors, shares


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def main(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Sweeps and draws; returns errors and shares of the noise (scales, noises)."""
    errors, shares = sweep(SCALES, NOISES)
    figure, (left, right) = figures.panels(1, 2)
    for j, noise in enumerate(NOISES):
        left.loglog(SCALES, errors[:, j], label=f"noise {noise:.0%}", **figures.line_style(j))
        if noise > 0.0:
            right.loglog(SCALES, shares[:, j], **figures.line_style(j))
    figures.label(left, "scale of the Fourier features", "error against the truth")
    figures.label(right, "scale of the Fourier features", "share of the noise in the solution")
    left.legend(fontsize=7, frameon=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fourier_features_and_noise.png").write_bytes(figures.png(figure))
    return errors, shares


if __name__ == "__main__":
    found = main(Path(sys.argv[1] if len(sys.argv) > 1 else "var"))
    for title, table in zip(("error against the truth", "share of the noise in it"), found, strict=True):
        print(f"{title:<28}" + "".join(f"{f'noise {noise:.0%}':>12}" for noise in NOISES))
        for scale, row in zip(SCALES, table, strict=True):
            print(f"{f'  scale {scale:g}':<28}" + "".join(f"{value:>12.3g}" for value in row))
