"""Features of a network's coordinates: scaled, periodic, by the equation's own features, as Fourier features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.networks.fourier import FourierFeatures
from fieldwright.physics.pinn.networks.periodic import periodic_features
from fieldwright.physics.pinn.taylor.taylor_series import TaylorSeries


class Embedding(torch.nn.Module):
    """Features (n, branches, f) of coordinates (n, d), as an architecture asks; its branches meet in `join`.

    Raises FieldwrightError for periods of no coordinate or of one that own features hide, and for Fourier features of
    time where there is no time of its own.
    """

    _low: Tensor
    _high: Tensor

    def __init__(self, problem: Problem, architecture: Architecture, generator: torch.Generator) -> None:
        super().__init__()
        self._problem, self._periods, self._harmonics = problem, architecture.periods, architecture.harmonics
        self._problem_features = problem.features if architecture.own_features else None
        if strange := set(self._periods) - set(problem.coordinates):
            raise FieldwrightError(
                f"Periods must be of the coordinates {', '.join(problem.coordinates)}",
                ", ".join(sorted(strange)),
                "Correct the names",
            )
        fourier = architecture.fourier
        if self._problem_features is not None and (self._periods or (fourier and fourier.time_scales)):
            raise FieldwrightError(
                "Periods and Fourier features of the time must be of bare coordinates",
                f"the own features of '{problem.name}'",
                "Set own_features to false",
            )
        if fourier and fourier.time_scales and (problem.time is None or problem.geometry is None):
            raise FieldwrightError(
                "Fourier features of space and time must have an equation of both",
                f"the coordinates {', '.join(problem.coordinates)} of '{problem.name}'",
                "Leave out time_scales",
            )
        self._space_time = bool(fourier and fourier.time_scales)
        low, high = (torch.from_numpy(corner) for corner in problem.bounds)
        self.register_buffer("_low", low)
        self.register_buffer("_high", high)

        sizes = [group.shape[1] for group in self.groups(((low + high) / 2)[None])]
        self._waves: torch.nn.ModuleList = torch.nn.ModuleList()
        self.size, self._in_space, self.branches = sizes[0], 1, 1
        if fourier:
            scales = (fourier.scales, fourier.time_scales)[: len(sizes)]
            self._waves.extend(
                FourierFeatures(size, scales_of_group, fourier.count, fourier.trained, generator)
                for size, scales_of_group in zip(sizes, scales, strict=True)
            )
            self.size, self._in_space = 2 * fourier.count, len(fourier.scales)
            self.branches = len(fourier.scales) * max(len(fourier.time_scales), 1)

    def initial(self) -> list[Tensor]:
        """Its first weights: those of trained scales."""
        return [weight for waves in self._fourier for weight in waves.initial()]

    def forward(self, x: Tensor, weights: Iterator[Tensor]) -> Tensor:
        """Features (n, branches, f) at coordinates (n, d), with the next weights of the iterator."""
        return self.of_groups(self.groups(x), weights)

    def of_groups(self, groups: list[Tensor], weights: Iterator[Tensor]) -> Tensor:
        """The features that Fourier waves, if there are any, make of the groups."""
        if not self._waves:
            return groups[0][:, None, :]
        return torch.cat([waves(z, weights) for waves, z in zip(self._fourier, groups, strict=True)], dim=1)

    def join(self, hidden: Tensor) -> Tensor:
        """One branch (n, 1, branches h) of the last values (n, branches, h): side by side, or products of pairs."""
        if self._space_time:
            space, time = hidden[:, : self._in_space, None], hidden[:, None, self._in_space :]
            hidden = space * time
        return hidden.reshape(len(hidden), 1, -1)

    def reveal(self, part: float) -> None:
        """Shows the layers only this part of the Fourier features, the slow ones first."""
        for waves in self._fourier:
            waves.revealed.fill_(part)

    @property
    def has_weights(self) -> bool:
        """Whether the features change while the network is trained."""
        return bool(self.initial())

    @property
    def revealed(self) -> float:
        """The part of the Fourier features that the layers see."""
        return float(self._fourier[0].revealed) if self._fourier else 1.0

    @property
    def _fourier(self) -> list[FourierFeatures]:
        return [waves for waves in self._waves if isinstance(waves, FourierFeatures)]

    def groups(self, x: Tensor) -> list[Tensor]:
        """What is seen before any Fourier features: all in one group, or space and time in one each."""
        if self._problem_features is not None:
            if isinstance(x, TaylorSeries):
                series = cast(TaylorSeries, x)
                return [cast(Tensor, series.of_features(self._problem_features))]
            return [self._problem_features(x)]
        columns = []
        for i, name in enumerate(self._problem.coordinates):
            column = x[:, i, None]
            if name in self._periods:
                columns.append(periodic_features(column, self._periods[name], self._harmonics))
            else:
                columns.append((2 * column - self._low[i] - self._high[i]) / (self._high[i] - self._low[i]))
        if self._space_time:
            return [torch.cat(columns[:-1], dim=1), columns[-1]]
        return [torch.cat(columns, dim=1)]
