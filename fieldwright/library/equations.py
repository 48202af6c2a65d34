"""Equations solved by physics-informed networks: `solve`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter, ValidationError
from threadpoolctl import threadpool_limits

from fieldwright.data.errors import FieldwrightError
from fieldwright.library.solution import Solution

if TYPE_CHECKING:
    from fieldwright.physics.equations.measurements import Measurements
    from fieldwright.physics.equations.problem import Problem, Unknown
    from fieldwright.surrogates.equations.settings import PinnConfig


def solve(
    problem: str | Problem,
    *,
    coefficients: Mapping[str, float] | None = None,
    varied: Mapping[str, tuple[float, float]] | None = None,
    estimated: Mapping[str, tuple[float, float]] | None = None,
    measured: Measurements | tuple[Any, Any] | None = None,
    units: Mapping[str, str] | None = None,
    seed: int = 0,
    progress: Callable[[int, Any], None] | None = None,
    **settings: Any,
) -> Solution:
    """Solves a differential equation by physics-informed networks.

    Parameters
    ----------
    problem
        The name of an equation, "burgers"; an own one as "module:attribute", or as a
        `fieldwright.physics.equations.problem.Problem`.
    coefficients
        Values of coefficients that differ from the equation's own.
    varied
        Coefficients that become inputs of the solution, with their ranges.
    estimated
        Coefficients to be found from what is measured, with the ranges to look in.
    measured
        Inputs (k, d) and values (k, m) of the solution there, NaN where an output was not measured.
    units
        Of coordinates and outputs by name.
    seed
        Of everything random.
    progress
        Called after every stage with the number of the network and its state.
    **settings
        Of the training, as in the study file: `members`, `rounds`, `steps`, `tolerance`, `seconds`, ...; those left
        out are the equation's own.

    Returns
    -------
    Solution
        With `predict`, `converged`, `residual`, `errors`, `plot` and `save`. A training that failed returns too, with
        what was found of it in `findings`.

    Raises
    ------
    FieldwrightError
        There is no such equation, coefficient or setting, or the equation's reference does not solve it.
    """
    # DeepXDE takes seconds, which those who only ask a solution need not wait for.
    from fieldwright.physics.equations.measurements import Measurements
    from fieldwright.physics.equations.problem import Problem
    from fieldwright.physics.equations.problems import load_problems, problem_named
    from fieldwright.surrogates.equations import training
    from fieldwright.surrogates.equations.case import EquationCase

    if isinstance(problem, str):
        if ":" not in problem:
            _require("The equation", [problem], load_problems())
        problem = problem_named(problem)
    if not isinstance(problem, Problem):
        raise FieldwrightError(
            "An equation must be a name or a Problem", type(problem).__name__, "Give 'burgers', for example"
        )
    varied, estimated, coefficients = varied or {}, estimated or {}, coefficients or {}
    _require(f"A coefficient of '{problem.name}'", [*coefficients, *varied, *estimated], problem.values)
    _require(
        f"A coordinate or output of '{problem.name}'",
        list(units or {}),
        (*problem.coordinates, *problem.outputs),
    )
    if bool(estimated) and measured is None:
        raise FieldwrightError(
            "Coefficients can be estimated from measured values only",
            "no 'measured'",
            "Give inputs and values",
        )
    if both := set(varied) & set(estimated):
        raise FieldwrightError(
            "A coefficient is either varied or estimated", f"'{min(both)}' in both", "Choose"
        )
    ranges = {**varied, **estimated}
    unknowns = tuple(_with(one, coefficients, ranges) for one in problem.unknowns)
    problem = replace(problem, unknowns=unknowns)
    problem.check_reference()
    data = measured
    if data is not None and not isinstance(data, Measurements):
        inputs, values = (np.asarray(part, dtype=float) for part in data)
        inputs, values = (part[:, None] if part.ndim == 1 else part for part in (inputs, values))
        data = Measurements(inputs, values)
    case = EquationCase(problem, tuple(varied), tuple(estimated), measured=data, units=units or {})
    config = _config(problem, settings)
    with threadpool_limits(1):
        solved = training.solve(case, config, seed=seed, name=problem.name, progress=progress)
    return Solution(solved.surrogate)


def _with(
    unknown: Unknown, coefficients: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> Unknown:
    """The coefficient with another value or range."""
    low, high = ranges.get(unknown.name, (unknown.low, unknown.high))
    return replace(
        unknown, value=coefficients.get(unknown.name, unknown.value), low=float(low), high=float(high)
    )


def _config(problem: Problem, settings: Mapping[str, Any]) -> PinnConfig:
    """The equation's own training with other settings; raises FieldwrightError in one sentence."""
    from fieldwright.surrogates.equations.settings import PinnConfig

    defaults = PinnConfig() if problem.plan is None else PinnConfig.of(problem.plan)
    _require("A setting of the training", list(settings), tuple(asdict(defaults)))
    try:
        return TypeAdapter(PinnConfig).validate_python(defaults.model_dump() | dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(step) for step in first["loc"] if isinstance(step, str))
        raise FieldwrightError(
            f"The setting '{name}' must be valid: {first['msg']}", repr(first["input"]), "Correct it"
        ) from error


def _require(subject: str, names: Sequence[str], valid: Any) -> None:
    for name in names:
        if name not in valid:
            near = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.0)
            raise FieldwrightError(
                f"{subject} must be one of {', '.join(sorted(valid)) or '(none)'}",
                f"'{name}'",
                f"Give '{near[0]}', the nearest name" if near else "Leave it out",
            )
