"""The cures that `benchmarks.pinn` tries: each a change of a training plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.pinn.curriculum import Curriculum
from fieldwright.physics.pinn.networks.architecture import Architecture, Fourier
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

PLAIN_NETWORK = TrainingPlan(
    Architecture((20, 20, 20)),
    Sampling(2540, kind="fixed"),
    first_steps=15000,
    first_rate=1e-3,
    optimiser="lbfgs",
    rounds=1000,
    steps=500,
    tolerance=1e-12,
)
"""Adam, then L-BFGS, on fixed points, with hard conditions: what each cure is added to when it is tried alone."""


def _network(**changes: Any) -> Callable[[TrainingPlan], TrainingPlan]:
    return lambda plan: replace(plan, architecture=replace(plan.architecture, **changes))


def _sampling(**changes: Any) -> Callable[[TrainingPlan], TrainingPlan]:
    return lambda plan: replace(plan, sampling=replace(plan.sampling, **changes))


def _weighting(**changes: Any) -> Callable[[TrainingPlan], TrainingPlan]:
    return lambda plan: replace(plan, weighting=replace(plan.weighting, **changes))


def _optimiser(name: str) -> Callable[[TrainingPlan], TrainingPlan]:
    return lambda plan: replace(plan, optimiser=name, first_steps=min(plan.first_steps, 1000))


def _waves_one_by_one(plan: TrainingPlan) -> TrainingPlan:
    slow_first = Curriculum(parts=4, waves=True)
    return replace(_network(fourier=Fourier((5.0,), count=20))(plan), curriculum=slow_first)


CURES: dict[str, Callable[[TrainingPlan], TrainingPlan]] = {
    "nothing": lambda plan: plan,
    "fourier": _network(fourier=Fourier((1.0, 10.0), count=20)),
    "fourier_trained": _network(fourier=Fourier((1.0, 10.0), count=20, trained=True)),
    "siren": _network(activation="sine", frequency=10.0),
    "adaptive_slopes": _network(slopes="neuron"),
    "residual": _network(layers="residual"),
    "gated": _network(layers="gated"),
    "pirate": _network(layers="pirate", hidden=(16, 16)),
    "curriculum_of_waves": _waves_one_by_one,
    "time_marching": lambda plan: replace(plan, curriculum=Curriculum(parts=4, marching=True)),
    "rad": _sampling(kind="rad"),
    "rar": _sampling(kind="rar"),
    "causal": _weighting(causal=(0.1, 1.0, 10.0, 100.0)),
    "gradient_norm": _weighting(balance="gradient_norm"),
    "tangent_kernel": _weighting(balance="tangent_kernel"),
    "attention": _weighting(attention=0.01),
    "soap": lambda plan: replace(plan, first="soap"),
    "levenberg_marquardt": _optimiser("levenberg_marquardt"),
    "natural_gradient": _optimiser("natural_gradient"),
    "ssbroyden": _optimiser("ssbroyden"),
    "gauss_newton": _optimiser("gauss_newton"),
}


def without_own_features(problem: Problem) -> Problem:
    """The problem as a plain network sees it: the coordinates, or the one wave that its conditions need."""
    if problem.name == "heat_high_frequency":
        return replace(
            problem,
            features=lambda x: torch.cat([torch.cos(torch.pi * x[:, :1]), 2 * x[:, 1:2] - 1], dim=1),
        )
    return replace(problem, features=None)
