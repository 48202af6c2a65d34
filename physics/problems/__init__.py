"""Equations: one module each, found here by itself once it ends in `register(Problem(...))`."""

from __future__ import annotations

import importlib
import pkgutil

from data.errors import FieldwrightError
from physics.problem import Problem

PROBLEMS: dict[str, Problem] = {}


def register(problem: Problem) -> None:
    """Makes an equation known under its name; called at the end of its module."""
    PROBLEMS[problem.name] = problem


def load_problems() -> dict[str, Problem]:
    """All equations in this folder, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return PROBLEMS


def problem_named(name: str) -> Problem:
    """The equation of that name; raises FieldwrightError naming those that exist."""
    problems = load_problems()
    if name not in problems:
        raise FieldwrightError(
            f"The equation must be one of {', '.join(sorted(problems))}",
            f"'{name}'",
            "Correct the name, or add a module to physics/problems",
        )
    return problems[name]
