"""Which training a checkpoint is of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.training_plan import TrainingPlan


def training_identity(
    network: SolutionNetwork, plan: TrainingPlan, seed: int, measured: Measurements | None
) -> str:
    """A hash of what decides the course of a training."""
    settings: Sequence[Any] = (
        network.problem.name,
        TypeAdapter(TrainingPlan).dump_python(plan, mode="json"),
        seed,
        network.varied,
        network.estimated,
    )
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for soft in network.problem.soft:
        digest.update(soft.points.tobytes() + repr(soft.weight).encode())
    if measured is not None:
        digest.update(measured.inputs.tobytes() + measured.values.tobytes())
        digest.update(repr((measured.weight, measured.noise)).encode())
    return digest.hexdigest()
