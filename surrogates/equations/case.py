"""An equation as a study asks for it: what is varied, estimated and measured."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.equations.problem import Problem
from fieldwright.surrogates.equations.settings import PinnConfig


@dataclass(frozen=True, eq=False)
class EquationCase:
    """One equation with the ranges and values of its coefficients as the study sets them.

    varied: coefficients that are inputs; estimated: those to be found from what is measured.
    solution_data: the solution at points, for evaluation alone.
    units: of coordinates and outputs by name, "" where left out; those of coefficients are the equation's own.
    """

    problem: Problem
    varied: tuple[str, ...] = ()
    estimated: tuple[str, ...] = ()
    measured: Measurements | None = None
    solution_data: Measurements | None = None
    units: Mapping[str, str] = field(default_factory=dict)

    def unit(self, name: str) -> str:
        """Of a coordinate, an output or a coefficient; "" for none."""
        if name in self.problem.values:
            unit = self.problem.unknown(name).unit
            return "" if unit == "1" else unit
        return self.units.get(name, "")

    def digest(self, config: PinnConfig, seed: int) -> str:
        """A hash of all that decides a training, the code of the equation too: checkpoints are kept under it."""
        module = sys.modules.get(getattr(self.problem.residual, "__module__", ""))
        source = getattr(module, "__file__", None)
        content = {
            "equation": self.problem.name,
            "coefficients": [(u.name, u.value, u.low, u.high) for u in self.problem.unknowns],
            "varied": self.varied,
            "estimated": self.estimated,
            "settings": config.model_dump(),
            "seed": seed,
        }
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
        if source is not None:
            digest.update(Path(source).read_bytes())
        if self.measured is not None:
            digest.update(self.measured.inputs.tobytes() + self.measured.values.tobytes())
            digest.update(repr((self.measured.weight, self.measured.noise)).encode())
        return digest.hexdigest()[:16]

    def reference_error(
        self,
        predict: Callable[[np.ndarray], np.ndarray] | None,
        points: int = 2000,
        settings: int = 5,
        seed: int = 0,
    ) -> dict[str, float]:
        """Relative L2 distance of each output from the known values, else from the equation's reference; {} without.

        predict: values (n, m) at inputs (n, d + p); None for the reference's own mean. Taken at random
        points, and at so many random values of what is varied; the worst of these counts.
        """
        problem = self.problem
        if self.solution_data is not None:
            true = np.ma.masked_invalid(self.solution_data.values)
            predicted = true.mean(axis=0) if predict is None else predict(self.solution_data.inputs)
            size = np.sqrt((true**2).sum(axis=0).filled(0.0))
            distance = np.sqrt(((predicted - true) ** 2).sum(axis=0).filled(0.0))
            distance /= np.maximum(size, np.finfo(float).tiny)
            is_known = true.count(axis=0) > 0
            return {n: float(distance[i]) for i, n in enumerate(problem.outputs) if is_known[i]}
        if problem.reference is None:
            return {}
        rng = np.random.default_rng(seed)
        infos = [problem.unknown(name) for name in self.varied]
        low, high = (np.array([getattr(one, end) for one in infos]) for end in ("low", "high"))
        errors = []
        for row in low + (high - low) * rng.random((settings if infos else 1, len(infos))):
            x = problem.points(points, rng)
            values = problem.values | dict(zip(self.varied, row.tolist(), strict=True))
            with torch.no_grad():
                expected = problem.reference(torch.from_numpy(x), values).numpy()
            inputs = np.hstack([x, np.tile(row, (points, 1))])
            error = (expected.mean(axis=0) if predict is None else predict(inputs)) - expected
            size = np.maximum(np.linalg.norm(expected, axis=0), np.finfo(float).tiny)
            errors.append(np.linalg.norm(error, axis=0) / size)
        return dict(zip(problem.outputs, np.max(errors, axis=0).tolist(), strict=True))
