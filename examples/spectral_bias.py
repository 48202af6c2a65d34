"""Which Fourier modes of a temperature a network learns when: spectral bias, and each cure at work.

    python -m examples.spectral_bias [folder] [steps]

The heat equation from cos(pi x) + cos(3 pi x) + cos(6 pi x) + cos(10 pi x) over four, with all conditions trained
beside the residual. At every look the temperature at t = 0 is taken apart into its modes; folder/spectral_bias.png
shows what part of each is there. A plain network has the slow modes long before the fast ones.

Source: Rahaman et al., On the Spectral Bias of Neural Networks, ICML 2019.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fieldwright.physics.equations.conditions import soft
from fieldwright.physics.equations.problem import Problem, no_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.equations.problems.heat_high_frequency import MODES
from fieldwright.physics.pinn.cosine_modes import cosine_amplitudes
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.training import Training
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan
from fieldwright.surrogates import figures

POINTS = 65
HIDDEN = (24, 24)
WEIGHT = 30.0  # of the conditions against the equation, which alone is met by a constant
NEAR = 0.2  # a mode within this share of its amplitude counts as learnt

CURES = {
    "plain tanh": Architecture(HIDDEN),
    "slopes of neurons": Architecture(HIDDEN, slopes="neuron"),
    "gated": Architecture(HIDDEN, layers="gated"),
    "sine": Architecture(HIDDEN, activation="sine", frequency=30.0),
    "Fourier features": Architecture(HIDDEN, fourier=Fourier((10.0,), count=24)),
    "Fourier of space and time": Architecture(HIDDEN, fourier=Fourier((10.0,), (1.0,), count=24)),
}


def bare_heat() -> Problem:
    """The heat problem without its own features and lift: every condition is trained, nothing is known."""
    heat = problem_named("heat_high_frequency")
    conditions = tuple(soft(condition, heat.domain, 48, weight=WEIGHT) for condition in heat.conditions)
    return replace(heat, lift=no_lift, features=None, soft=conditions)


def modes_at_start(network: SolutionNetwork) -> np.ndarray:
    """The part (modes,) of every mode of the initial temperature that the network has: 1 where it is learnt."""
    x = np.linspace(0.0, 1.0, POINTS)
    with torch.no_grad():
        values = network(torch.from_numpy(np.stack([x, np.zeros(POINTS)], axis=1)))[:, 0].numpy()
    return cosine_amplitudes(values, MODES) * len(MODES)


def course(
    architecture: Architecture, steps: int, seed: int = 0, looks: int = 20
) -> tuple[np.ndarray, np.ndarray]:
    """Steps of Adam (looks + 1,) and the parts of the modes (looks + 1, modes) learnt by then."""
    plan = TrainingPlan(
        architecture,
        Sampling(200),
        first_steps=steps,
        first_rate=5e-3,
        look_every=max(steps // looks, 1),
        rounds=0,
    )
    network = SolutionNetwork(bare_heat(), architecture, seed)
    training = Training(network, plan, seed, None)
    parts = [modes_at_start(network)]
    while not training.is_finished:
        training.advance()
        parts.append(modes_at_start(network))
    return np.linspace(0, steps, len(parts)), np.stack(parts)


def learnt_by(steps: np.ndarray, parts: np.ndarray) -> list[float]:
    """The step from which on each mode stays within 20 % of its amplitude; infinite if it does not."""
    near = abs(parts - 1) <= NEAR
    return [
        float(steps[np.logical_and.accumulate(n[::-1]).sum() * -1]) if n[-1] else float("inf") for n in near.T
    ]


def main(folder: Path, steps: int = 600) -> dict[str, list[float]]:
    """Trains by every cure and draws; returns the steps after which each mode is learnt, by cure."""
    found = {}
    figure, axes = figures.panels(2, 3)
    for ax, (name, architecture) in zip(axes, CURES.items(), strict=True):
        at, parts = course(architecture, steps)
        found[name] = learnt_by(at, parts)
        for i, mode in enumerate(MODES):
            ax.plot(at, parts[:, i], label=f"k = {mode}", **figures.line_style(i))
        ax.set_ylim(-0.3, 1.5)
        figures.label(ax, "steps of Adam", "part of the mode at t = 0", title=name)
    axes[0].legend(fontsize=7, frameon=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spectral_bias.png").write_bytes(figures.png(figure))
    return found


if __name__ == "__main__":
    result = main(
        Path(sys.argv[1] if len(sys.argv) > 1 else "var"), int(sys.argv[2]) if len(sys.argv) > 2 else 600
    )
    print(f"{'steps until mode k is learnt':<28}" + "".join(f"{f'k = {mode}':>10}" for mode in MODES))
    for name, steps_taken in result.items():
        print(f"{name:<28}" + "".join(f"{step:>10.0f}" for step in steps_taken))
