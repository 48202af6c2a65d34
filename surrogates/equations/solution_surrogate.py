"""The trained solution of an equation as a model: points and parameters in, values and derivatives out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.equations.derivative_name import DerivativeName
from fieldwright.surrogates.equations.description import SolutionDescription, Verdict
from fieldwright.surrogates.equations.error_table import SAFETY, ErrorTable
from fieldwright.surrogates.equations.region import Region
from fieldwright.surrogates.equations.tensor_graph import BATCH, TensorGraph
from fieldwright.surrogates.families import EQUATIONS
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.persistence.states import part, prefixed

MARGIN = 1e-9
"""Of parameters at the ends of their ranges, in shares of the range."""
STDS = 2.0
"""Half the width of a band, in standard deviations of the networks."""
BLOCK = 8 * BATCH
"""Points whose derivatives are taken together."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solution is at n points.

    mean: output to (n,). std, error, lower, upper: likewise, None where nothing is known of the error; error is the
    estimate of |u - u_true| that the residual leads to.
    derivatives: name to (n,), and its spread in derivative_std, None for one network.
    inside: (n,) bool, whether the equation was trained there; why: for each point why not, or None.
    """

    mean: Mapping[str, np.ndarray]
    std: Mapping[str, np.ndarray] | None
    error: Mapping[str, np.ndarray] | None
    lower: Mapping[str, np.ndarray] | None
    upper: Mapping[str, np.ndarray] | None
    derivatives: Mapping[str, np.ndarray]
    derivative_std: Mapping[str, np.ndarray] | None
    inside: np.ndarray
    why: tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class SolutionSurrogate:
    """The mean of one or more networks, each kept as the operations that it does, without the equation's code."""

    description: SolutionDescription
    region: Region
    members: tuple[TensorGraph, ...]
    errors: ErrorTable | None = None

    def predict(
        self,
        points: np.ndarray,
        parameters: Mapping[str, np.ndarray | float] | None = None,
        derivatives: Sequence[str] = (),
    ) -> Answer:
        """The solution at points (n, d), with the parameters by name, one number or (n,) each.

        The band is two standard deviations of the networks wide at either side, and nowhere narrower than 1.5 times
        the error that is estimated from the residual there (see `ErrorTable`), nor than the bound of the
        root-mean-square error where theory gives one; it promises no probability.
        derivatives: names such as "u_xx", see `DerivativeName`.
        Raises QueryError where points or parameters do not fit, or a derivative is unknown.
        """
        inputs = self._inputs(points, parameters or {})
        outputs = [one.name for one in self.description.outputs]
        requested = [DerivativeName.parse(one, outputs, self.description.inputs) for one in derivatives]
        evaluations = [_evaluated(member, inputs, requested) for member in self.members]
        values = np.stack([one for one, _ in evaluations])
        slopes = np.stack([one for _, one in evaluations])
        mean = values.mean(axis=0)
        several = len(self.members) > 1
        std = values.std(axis=0, ddof=1) if several else None
        bound = self.description.error_bound
        error = None if self.errors is None else self.errors.at(inputs)
        widths = [bound] if bound is not None else []
        widths += [] if std is None else [STDS * std]
        widths += [] if error is None else [SAFETY * error]
        half = np.max(np.broadcast_arrays(mean, *widths)[1:], axis=0) if widths else None

        def by_output(columns: np.ndarray) -> dict[str, np.ndarray]:
            return dict(zip(outputs, columns.T, strict=True))

        def by_name(columns: np.ndarray) -> dict[str, np.ndarray]:
            return {one.name: column for one, column in zip(requested, columns.T, strict=True)}

        inside, why = self.whereabouts(inputs)
        return Answer(
            by_output(mean),
            None if std is None else by_output(std),
            None if error is None else by_output(error),
            None if half is None else by_output(mean - half),
            None if half is None else by_output(mean + half),
            by_name(slopes.mean(axis=0)),
            by_name(slopes.std(axis=0, ddof=1)) if several else None,
            inside,
            why,
        )

    def tabulate(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """`<output>`, its `:std`, `:lower`, `:upper` where known, and `inside`, for a table of the inputs."""
        table = {name: np.asarray(inputs[name], dtype=np.float64) for name in self.description.inputs}
        points = np.column_stack([table[one.name] for one in self.description.coordinates])
        answer = self.predict(points, {one.name: table[one.name] for one in self.description.parameters})
        columns = dict(answer.mean)
        for statistic in ("std", "lower", "upper"):
            columns_of_statistic = getattr(answer, statistic) or {}
            columns |= {f"{name}:{statistic}": values for name, values in columns_of_statistic.items()}
        return columns | {"inside": answer.inside}

    def example(self) -> dict[str, np.ndarray]:
        """The middle of the domain and of the parameters' ranges, twice."""
        infos = (*self.description.coordinates, *self.description.parameters)
        return {one.name: np.full(2, (one.minimum + one.maximum) / 2) for one in infos}

    def whereabouts(self, inputs: np.ndarray) -> tuple[np.ndarray, tuple[str | None, ...]]:
        """Whether inputs (n, d + p) lie in the domain and the ranges, and for each why not, or None."""
        d = len(self.description.coordinates)
        within = self.region.inside(inputs[:, :d])
        inside = within.copy()
        for i, info in enumerate(self.description.parameters):
            x, margin = inputs[:, d + i], MARGIN * (info.maximum - info.minimum)
            inside &= (x >= info.minimum - margin) & (x <= info.maximum + margin)
        why: list[str | None] = [None] * len(inputs)
        for k in np.flatnonzero(~inside).tolist():
            why[k] = self._why(inputs[k], bool(within[k]))
        return inside, tuple(why)

    def _why(self, row: np.ndarray, within: bool) -> str:
        place = ", ".join(
            f"{info.name} = {value:g}" for info, value in zip(self.description.coordinates, row, strict=False)
        )
        if not within:
            return f"the point {place} lies outside the domain of the equation"
        infos = self.description.parameters
        for info, value in zip(infos, row[len(self.description.coordinates) :], strict=True):
            if not info.minimum <= value <= info.maximum:
                return (
                    f"'{info.name}' = {value:g} lies beyond the range that was trained, {info.minimum:g} to "
                    f"{info.maximum:g}"
                )
        return "it lies at the very edge of what was trained"

    def _inputs(self, points: np.ndarray, parameters: Mapping[str, np.ndarray | float]) -> np.ndarray:
        points = np.asarray(points, dtype=float)
        names = [info.name for info in self.description.coordinates]
        if points.ndim != 2 or points.shape[1] != len(names) or not len(points):
            raise QueryError(
                f"Each point must have {len(names)} coordinates ({', '.join(names)})",
                f"a table of {' x '.join(map(str, points.shape))}",
                "Give one row for each point",
            )
        names_required = [info.name for info in self.description.parameters]
        if set(parameters) != set(names_required):
            raise QueryError(
                f"The parameters must be {', '.join(names_required) or 'none'}",
                ", ".join(parameters) or "none",
                "Give these and no others",
            )
        columns = [
            np.broadcast_to(np.asarray(parameters[name], dtype=float), len(points)) for name in names_required
        ]
        inputs = np.column_stack([points, *columns])
        if not np.isfinite(inputs).all():
            row, column = np.argwhere(~np.isfinite(inputs))[0]
            raise QueryError(
                f"'{self.description.inputs[column]}' must be finite",
                f"{inputs[row, column]} at point {row}",
                "Give a finite number",
            )
        return inputs

    def with_verdicts(self, tried: Sequence[Verdict]) -> Self:
        """The surrogate with the verdicts of all candidates of its study."""
        return replace(self, description=self.description.model_copy(update={"tried": tuple(tried)}))

    def save(self, folder: Path) -> None:
        """Writes the artifact, a folder of JSON and safetensors with checksums; raises ModelError."""
        graphs, arrays = [], {}
        for i, member in enumerate(self.members):
            graph, constants = member.state()
            graphs.append(graph)
            arrays |= prefixed(f"member {i}.", constants)
        if self.errors is not None:
            arrays |= prefixed("errors.", self.errors.state())
        model = {
            "description": self.description.model_dump(mode="json"),
            "region": self.region.state(),
            "members": graphs,
        }
        write_artifact(folder, EQUATIONS.artifact, model, arrays)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """Restores what `save` wrote, bit for bit; raises ModelError on damage or an unknown operation.

        device: of the networks; the table of errors stays on the processor.
        """
        model, arrays = read_artifact(folder, EQUATIONS.artifact)
        members = tuple(
            TensorGraph.restore(graph, part(arrays, f"member {i}."), device)
            for i, graph in enumerate(model["members"])
        )
        description = SolutionDescription.model_validate(model["description"])
        # Solutions of before there were estimates have none.
        table = part(arrays, "errors.")
        errors = ErrorTable.restore(table) if table else None
        return cls(description, Region.restore(model["region"]), members, errors)


def _evaluated(
    member: TensorGraph, inputs: np.ndarray, requested: Sequence[DerivativeName]
) -> tuple[np.ndarray, np.ndarray]:
    """Values (n, m) and derivatives (n, k) of one network, so many points at a time as memory allows."""
    blocks = [_block(member, inputs[i : i + BLOCK], requested) for i in range(0, len(inputs), BLOCK)]
    values, slopes = zip(*blocks, strict=True)
    return np.concatenate(values), np.concatenate(slopes)


def _block(
    member: TensorGraph, inputs: np.ndarray, requested: Sequence[DerivativeName]
) -> tuple[np.ndarray, np.ndarray]:
    x = torch.from_numpy(inputs).to(member.device)
    if not requested:
        with torch.no_grad():
            return member(x).cpu().numpy(), np.zeros((len(inputs), 0))
    x = x.requires_grad_()
    u = member(x)
    # Derivatives that begin alike share their first steps.
    derivatives: dict[tuple[int, tuple[int, ...]], Tensor] = {
        (one.output, ()): u[:, one.output] for one in requested
    }
    for one in requested:
        for order in range(1, len(one.along) + 1):
            key = (one.output, tuple(sorted(one.along)[:order]))
            if key not in derivatives:
                derivatives[key] = _slope(derivatives[key[0], key[1][:-1]], x, key[1][-1])
    columns = [derivatives[one.output, tuple(sorted(one.along))].detach().cpu().numpy() for one in requested]
    return u.detach().cpu().numpy(), np.stack(columns, axis=1)


def _slope(values: Tensor, x: Tensor, column: int) -> Tensor:
    """Return d values / dx_column (n,), differentiable in its turn; zero for what does not depend on x."""
    if not values.requires_grad:
        return torch.zeros_like(values)
    (slopes,) = torch.autograd.grad(values.sum(), x, create_graph=True, allow_unused=True)
    return torch.zeros_like(values) if slopes is None else slopes[:, column]
