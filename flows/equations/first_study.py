"""A first study file for an equation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fieldwright.flows.equations.template_files import INVERSE, TEMPLATES, measured_table, write_template
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.equations.problems import problem_named


def equation_first_study(equation: str, beside: Path, candidates: Sequence[str]) -> str:
    """The text of a study file for an equation; see `first_problem_study`. candidates: not asked, `pinn` alone.

    A kind of equations, such as "parabolic", is written as a module into the folder `beside` first.
    """
    if equation not in TEMPLATES:
        return first_problem_study(equation, beside)
    text = first_problem_study(write_template(equation, beside), beside, equation)
    return f"# The equation stands in {equation}_equation.py, to be changed into yours.\n{text}"


def first_problem_study(equation: str, beside: Path, template: str | None = None) -> str:
    """The text of a study that solves an equation, to lie in the folder `beside`; raises FieldwrightError.

    What can be varied, and what has units, stands in it to be taken out of the comments. template: of which the
    equation was made.
    """
    problem = problem_named(equation, beside)
    inverse = template == INVERSE
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", template or problem.name).strip("._-") or "equation"
    return "\n".join(
        [
            f'name = "{name}"',
            f'problem = "{equation}"',
            "seed = 0",
            "",
            *(_found_coefficients(problem) if inverse else _coefficients(problem)),
            "# [units]",
            *(f'# {one} = "{_unit(problem, one)}"' for one in (*problem.coordinates, *problem.outputs)),
            "",
            *(["[measurements]", f'table = "{measured_table(INVERSE)}"', ""] if inverse else []),
            *_candidates(problem),
            "",
        ]
    )


def _unit(problem: Problem, name: str) -> str:
    """An example: what stands there is in comments."""
    return "s" if problem.time is not None and name == problem.coordinates[-1] else "m"


def _candidates(problem: Problem) -> list[str]:
    """A candidate to begin with; in comments where the equation has a plan that is better than any first guess."""
    lines = [
        "[[candidates]]",
        'kind = "pinn"',
        "members = 2",
        "rounds = 10",
        "tolerance = 1e-4",
        "architecture = { hidden = [20, 20] }",
    ]
    if problem.plan is None:
        return lines
    note = "# The equation's own plan trains, for ten minutes of one core at most. To compare others in its place:"
    return [note, *(f"# {line}" for line in lines)]


def _found_coefficients(problem: Problem) -> list[str]:
    lines = ["# Coefficients that are found from the measured values, with their uncertainty:"]
    return [*lines, *(f"estimated.{one.name} = {{}}" for one in problem.unknowns), ""]


def _coefficients(problem: Problem) -> list[str]:
    if not problem.unknowns:
        return []
    lines = ["# Coefficients that become inputs of the solution:"]
    for one in problem.unknowns:
        lines.append(f"# varied.{one.name} = {{ minimum = {one.low:g}, maximum = {one.high:g} }}")
    return [*lines, ""]
