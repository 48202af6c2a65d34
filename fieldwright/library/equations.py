"""Equations solved by physics-informed networks: `solve`."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import TypeAdapter, ValidationError
from threadpoolctl import threadpool_limits

from fieldwright.data.errors import FieldwrightError, QueryError
from fieldwright.surrogates.equations.description import FindingInfo
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.figures import COLOURS, draw_on_mesh, label, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fieldwright.physics.equations.measurements import Measurements
    from fieldwright.physics.equations.problem import Problem, Unknown
    from fieldwright.surrogates.equations.settings import PinnConfig

ALONG = 41
"""Points along each side of a figure."""


@dataclass(frozen=True, eq=False)
class SolutionValues:
    """A solution at n points, see `Solution.predict`.

    Attributes
    ----------
    mean, std, lower, upper
        (n,) of an equation with one output, by name of the output where there are several. `std` is None for one
        network, `lower` and `upper` where nothing is known of the error.
    derivatives
        Name to (n,), those that were asked for.
    inside
        (n,) bool, whether the equation was solved there.
    why
        For each point why not, or None.
    """

    mean: Any
    std: Any
    lower: Any
    upper: Any
    derivatives: Mapping[str, np.ndarray]
    inside: np.ndarray
    why: tuple[str | None, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """A solved equation: `predict` at points, `save`, `plot`.

    Attributes
    ----------
    surrogate
        The networks that answer, and the estimate of their error.
    """

    surrogate: SolutionSurrogate

    @property
    def converged(self) -> bool:
        """Whether the training reached its tolerance, with nothing that speaks against it."""
        return self.surrogate.description.verdict.converged

    @property
    def findings(self) -> tuple[FindingInfo, ...]:
        """What was found of the training, each with its sign and advice; the first is the verdict."""
        return self.surrogate.description.verdict.findings

    @property
    def residual(self) -> float:
        """The relative residual at held-out points."""
        return self.surrogate.description.verdict.residual

    @property
    def errors(self) -> dict[str, float]:
        """Relative L2 distance of each output from the equation's reference, where it has one."""
        return dict(self.surrogate.description.errors)

    @property
    def estimates(self) -> dict[str, float]:
        """Coefficients that were found from measurements."""
        return dict(self.surrogate.description.estimates)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known of the solution."""
        return self.surrogate.description.notes

    def __repr__(self) -> str:
        about, verdict = self.surrogate.description, self.surrogate.description.verdict
        lines = [
            f"<{about.equation}: {', '.join(about.inputs)} -> {', '.join(one.name for one in about.outputs)}>",
            f"{verdict.name}: {verdict.findings[0].sign}",
        ]
        lines += [
            f"{name}: relative L2 error {value:.2g} against the reference"
            for name, value in self.errors.items()
        ]
        return "\n".join([*lines, *self.notes])

    def predict(
        self,
        X: Any,
        parameters: Mapping[str, np.ndarray | float] | None = None,
        derivatives: Sequence[str] = (),
    ) -> SolutionValues:
        """The solution at points.

        Parameters
        ----------
        X
            (n, d) coordinates, space first and time last; (n,) of an equation in one coordinate.
        parameters
            Values of the coefficients that are inputs, one number or (n,) each.
        derivatives
            Names such as "u_xx".

        Returns
        -------
        SolutionValues
            `mean`, `std`, `lower`, `upper`, `derivatives` and `inside`.

        Raises
        ------
        QueryError
            Points or parameters do not fit, or a derivative is unknown.
        """
        try:
            points = np.asarray(X, dtype=float)
        except (TypeError, ValueError):
            raise QueryError("Points must be an array of numbers", "something else", "Correct them") from None
        about = self.surrogate.description
        points = points[:, None] if points.ndim == 1 and len(about.coordinates) == 1 else points
        answer = self.surrogate.predict(points, parameters, derivatives)
        only = about.outputs[0].name if len(about.outputs) == 1 else None

        def values_of(part: Mapping[str, np.ndarray] | None) -> Any:
            return part if part is None or only is None else part[only]

        return SolutionValues(
            mean=values_of(answer.mean),
            std=values_of(answer.std),
            lower=values_of(answer.lower),
            upper=values_of(answer.upper),
            derivatives=answer.derivatives,
            inside=answer.inside,
            why=answer.why,
        )

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes the solution to a new folder of JSON and safetensors, which `load` reads.

        Parameters
        ----------
        folder
            A new or empty one.

        Raises
        ------
        ModelError
            The folder holds something.
        """
        self.surrogate.save(Path(folder))

    def plot(self, parameters: Mapping[str, float] | None = None, *, output: str | None = None) -> Figure:
        """Draws an output over the first two coordinates, the others in the middle of their ranges.

        Parameters
        ----------
        parameters
            Values of the coefficients that are inputs; the middle of their ranges if None.
        output
            Its name; the first if None.

        Returns
        -------
        matplotlib.figure.Figure
            Of one coordinate, a line with its band.

        Raises
        ------
        QueryError
            There is no such output, or the parameters do not fit.
        """
        about = self.surrogate.description
        outputs = {one.name: one for one in about.outputs}
        name = output or about.outputs[0].name
        if name not in outputs:
            raise QueryError(f"The output must be one of {', '.join(outputs)}", f"'{name}'", "Correct it")
        middle = {one.name: (one.minimum + one.maximum) / 2 for one in about.parameters}
        axes, other_coordinates = about.coordinates[:2], about.coordinates[2:]
        n = ALONG if len(axes) == 2 else 10 * ALONG
        lines = [np.linspace(one.minimum, one.maximum, n) for one in axes]
        grid = [one.ravel() for one in np.meshgrid(*lines, indexing="ij")]
        fixed = [np.full(len(grid[0]), (one.minimum + one.maximum) / 2) for one in other_coordinates]
        answer = self.surrogate.predict(
            np.column_stack([*grid, *fixed]), middle if parameters is None else parameters
        )
        figure, (ax,) = panels()
        values, unit = np.where(answer.inside, answer.mean[name], np.nan), outputs[name].unit
        if len(axes) == 1:
            if answer.lower is not None and answer.upper is not None:
                ax.fill_between(
                    grid[0], answer.lower[name], answer.upper[name], color=COLOURS[0], alpha=0.25, lw=0
                )
            ax.plot(grid[0], values, color=COLOURS[0], lw=1.2)
            label(ax, axes[0].name, name, x_unit=axes[0].unit, y_unit=unit)
            return figure
        corner = np.arange(n * n).reshape(n, n)
        quads = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]], -1).reshape(
            -1, 4
        )
        draw_on_mesh(ax, np.column_stack(grid), values, {"quad": quads}, name=name, unit=unit)
        ax.set_aspect("auto")
        label(ax, axes[0].name, axes[1].name, x_unit=axes[0].unit, y_unit=axes[1].unit)
        return figure


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
