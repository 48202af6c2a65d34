"""Equations of each kind as files beside a study, to be changed into one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from fieldwright.data.errors import StudyError
from fieldwright.data.whole_file import write_whole_file
from fieldwright.flows.equations import templates
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.equations.problems import problem_named

INVERSE = "inverse"
TEMPLATES = ("ode", "elliptic", "parabolic", "hyperbolic", "system", INVERSE)
"""Kinds of equations that there is a file of; a coefficient is to be found in the last, from measured values."""
MEASURED, NOISE = 60, 0.01
"""Values that the template of a coefficient to be found brings, and their noise in shares of the largest."""


def write_template(kind: str, beside: Path) -> str:
    """Writes the equation of a kind into the folder `beside`, and returns its name for a study, "module:problem".

    With "inverse" comes a table of values measured with noise, drawn by a fixed seed. Raises StudyError where a file
    of that name is there.
    """
    module = f"{kind}_equation"
    source = Path(templates.__path__[0]) / f"{'parabolic' if kind == INVERSE else kind}.py"
    _write_new(beside / f"{module}.py", source.read_text(encoding="utf-8"))
    name = f"{module}:problem"
    if kind == INVERSE:
        _write_new(beside / measured_table(kind), _measured(problem_named(name, beside)))
    return name


def measured_table(kind: str) -> str:
    """Name of the table of measured values beside the study."""
    return f"{kind}_measured.csv"


def _measured(problem: Problem) -> str:
    """Values of the reference at random places and times, with noise, as CSV."""
    assert problem.reference is not None
    rng = np.random.default_rng(0)
    points = problem.points(MEASURED, rng)
    values = {one.name: one.value for one in problem.unknowns}
    exact = problem.reference(torch.as_tensor(points), values).numpy()
    noisy = exact + NOISE * np.abs(exact).max() * rng.standard_normal(exact.shape)
    rows = [",".join((*problem.coordinates, *problem.outputs))]
    rows += [",".join(f"{number:.6g}" for number in row) for row in np.hstack([points, noisy]).tolist()]
    return "\n".join(rows) + "\n"


def _write_new(path: Path, text: str) -> None:
    if path.exists():
        raise StudyError(
            "The files of a template must not exist yet", str(path), "Write the study into another folder"
        )
    write_whole_file(path, text)
