"""The next runs, one after another, each the one that helps most once those before it are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch

from fieldwright.surrogates.design.local_error import LocalError
from fieldwright.surrogates.design.space import ParameterSpace
from fieldwright.surrogates.design.spread import QueryPoints, spreads
from fieldwright.surrogates.fields.emulator import Emulator

By = Literal["error", "variance"]
CANDIDATES = 512
"""Points of the space among which the best is sought, and as many over which the variance is integrated."""
REFINEMENTS = 4
DRAWS = 48
SHRINK = 0.4
"""Of the box round the best candidate, from one refinement to the next."""


def next_runs(
    emulator: Emulator,
    space: ParameterSpace,
    n: int,
    *,
    by: By = "error",
    seed: int,
    columns: Sequence[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """The next n runs (n, p) for an emulator of kind gp, fitted on the runs that are there.

    by "variance": the run of largest reduction of the integrated variance,

        sum_r w_r mean_u c_r(u, x)^2 / (c_r(x, x) + noise_r),

    w_r the share of latent coordinate r in its field's variance, u over the space (active learning Cohn; Cohn,
    Neural Networks 9, 1996; Gorodetsky & Marzouk, SIAM/ASA J. Uncertain. Quantif. 4, 2016).
    by "error": the same with the factor s^2(u) within the mean, the squared cross-validation errors near u over
    the predicted ones (see `local_error`): the run of largest reduction of the integrated squared error.
    The variances do not depend on the result of a run, so the second is chosen as if the first were done.
    columns: the space's parameters that the emulator was fitted on, in order; all if None.
    progress: called with (runs chosen, n). Raises StudyError where the space holds no such points.
    """
    emulator_columns = list(range(len(space.names))) if columns is None else list(columns)
    search = _Search(emulator, space, by, seed, emulator_columns)
    runs = []
    for number in range(n):
        if progress is not None:
            progress(number, n)
        runs.append(search.best())
        search.add(runs[-1])
    if progress is not None:
        progress(n, n)
    return np.array(runs)


class _Search:
    def __init__(
        self, emulator: Emulator, space: ParameterSpace, by: By, seed: int, emulator_columns: list[int]
    ) -> None:
        self.space, self.columns = space, emulator_columns
        self.spreads = spreads(emulator)
        sample = space.sample(2 * CANDIDATES, seed)
        # Halves of a Sobol sequence fill the space each; every second point would fill half of it.
        self.candidates, self.measured = sample[:CANDIDATES], sample[CANDIDATES:]
        self.rng = np.random.default_rng(seed)
        even = torch.full((CANDIDATES,), 1.0 / CANDIDATES, dtype=torch.float64)
        self.importance = [
            even * LocalError.of(spread)(spread.at(self.measured[:, emulator_columns]).u)
            if by == "error"
            else even
            for spread in self.spreads
        ]

    def best(self) -> np.ndarray:
        measured = [spread.at(self.measured[:, self.columns]) for spread in self.spreads]
        gain = self._gain(self.candidates, measured)
        x, highest = self.candidates[int(gain.argmax())], float(gain.max())
        width = self.space.upper - self.space.lower
        for refinement in range(REFINEMENTS):
            half = 0.5 * SHRINK**refinement * width
            draws = x + self.rng.uniform(-half, half, (DRAWS, len(x)))
            # Clipped rather than drawn anew: the best run often lies on the bounds.
            near = draws.clip(self.space.lower, self.space.upper)
            near = near[self.space.holds(near)]
            gain = self._gain(near, measured)
            if len(near) and float(gain.max()) > highest:
                x, highest = near[int(gain.argmax())], float(gain.max())
        return x

    def add(self, x: np.ndarray) -> None:
        for spread in self.spreads:
            spread.add(x[self.columns])

    def _gain(self, x: np.ndarray, measured: list[QueryPoints]) -> torch.Tensor:
        total = torch.zeros(len(x), dtype=torch.float64)
        for spread, importance, over_space in zip(self.spreads, self.importance, measured, strict=True):
            place = spread.at(x[:, self.columns])
            squares = spread.between(place, over_space).square() @ importance
            total += spread.weight @ (squares / (spread.variance(place) + spread.noise))
        return total
