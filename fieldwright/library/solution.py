"""A solved equation: `Solution`, which `solve` returns and `load` restores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.library.table_comparison import TableComparison, columns_of, outputs_among, table_comparison
from fieldwright.surrogates.equations.answer_figure import answer_figure
from fieldwright.surrogates.equations.description import FindingInfo
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    """A solved equation: `predict` at points, `compare` with known values, `save`, `plot`.

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

    def compare(self, table: Any) -> TableComparison:
        """How far the solution lies from values that another program or a measurement gives.

        Parameters
        ----------
        table
            A CSV file, a data frame, or a mapping of names to (n,) numbers: a column for each coordinate, for each
            coefficient that is an input, and for each output that is known, by their names; NaN where it is not.

        Returns
        -------
        TableComparison
            Relative L2 distance, largest difference and its place for each output; printed as a sentence each.

        Raises
        ------
        QueryError
            Columns are missing, are not of numbers, or hold no value.
        """
        columns, about = columns_of(table), self.surrogate.description
        names = outputs_among(columns, about.inputs, [one.name for one in about.outputs])
        coordinates = np.column_stack([columns[one.name] for one in about.coordinates])
        parameters = {one.name: columns[one.name] for one in about.parameters}
        answer = self.surrogate.predict(coordinates, parameters or None, ())
        inputs = {name: columns[name] for name in about.inputs}
        return table_comparison(inputs, answer.mean, {name: columns[name] for name in names})

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
        return answer_figure(self.surrogate, parameters, output)
