"""Equations: one module each, found here by itself once it ends in `register(Problem(...))`."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.equations.problem_import import imported_problem

PROBLEMS: dict[str, Problem] = {}


def register(problem: Problem) -> None:
    """Registers an equation under its name; called at the end of its module."""
    PROBLEMS[problem.name] = problem


def load_problems() -> dict[str, Problem]:
    """All equations in this folder, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return PROBLEMS


def problem_named(name: str, folder: Path | None = None) -> Problem:
    """The equation of that name, or a user's own by `module:attribute`, with the module looked for in `folder` first.

    Raises FieldwrightError naming those that exist, or saying what is wrong with the user's own.
    """
    if ":" in name:
        return imported_problem(name, folder)
    problems = load_problems()
    if name not in problems:
        raise FieldwrightError(
            f"The equation must be one of {', '.join(sorted(problems))}, or your own as 'module:Problem'",
            f"'{name}'",
            "Correct the name, or add a module to physics/problems",
        )
    return problems[name]
