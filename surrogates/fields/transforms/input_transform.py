"""The scale on which each parameter enters the model: as given, its logarithm, or its reciprocal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.model_inputs import ModelInputs
from fieldwright.surrogates.fields.physics_hints import PhysicsHints
from fieldwright.surrogates.fields.transforms.scale_evidence import ScaleEvidence
from fieldwright.surrogates.fields.transforms.scaler import Scaler
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regression.leave_one_out import REGRESSIONS
from fieldwright.surrogates.regression.radial_choice import least_error

AS_GIVEN, LOGARITHM, RECIPROCAL = 0, 1, 2
SCALES = {"raw": AS_GIVEN, "log": LOGARITHM, "reciprocal": RECIPROCAL}
LEAST_RATIO = 1.2
"""Ratio of a parameter's largest and least value; over a narrower range the three scales hardly differ."""
LEAST_GAIN = 0.2
"""Share by which each further scale of one kind, and the logarithm of a parameter varied down to zero, must reduce
the squared error, since chance alone reduces it a little."""
NEGLIGIBLE = 1e-10
"""Squared error, relative to that of the mean, at which no scale can gain anything."""
SAME_ENDS = 0.25
"""Share of the range by which the ends of parameters of one kind may differ."""
SAME_MEDIAN = 2.0
"""Largest ratio of their medians: uniform and logarithmic designs of one range are of two kinds."""
LEAST_WITHOUT_UNIT = 3
"""Number of parameters with similar ranges and without a unit that count as of one kind."""
SWEEPS = 4
MOST_RUNS = 200
MOST_COORDINATES = 30
FAR_BELOW = 0.5
"""Share of a parameter's least value at which logarithm and reciprocal are clipped, as they grow without bound."""
NEAR_ZERO = 0.25
"""A parameter counts as varied down to zero if its least values lie farther apart than this share of the least. A new
run nearer to zero is far from all runs on a reciprocal scale, which is not tried then."""
MUCH_BETTER = 0.7
"""Ratio of the errors of all coordinates together, below which as given is taken against the likelihood."""
LEAST_NATS = 5.0
"""Of the log likelihood, that a parameter or a group of one kind must gain by a scale other than as given."""


@dataclass(frozen=True, eq=False)
class InputTransform:
    """u_j = x_j, log x_j or 1/x_j, on which the runs are simplest to learn from.

    A displacement is linear in 1/E, a boundary layer in log nu; on these scales a model needs fewer runs. The choice
    is made anew in every fold of a cross-validation, from its training runs alone.

    scale: (p',) AS_GIVEN, LOGARITHM or RECIPROCAL of each input. least: (p',) the training minimum.
    inputs: from the parameters (q, p) to the inputs (q, p'), where a study derives some; None if they are the same.
    """

    scale: np.ndarray
    least: np.ndarray
    inputs: ModelInputs | None = None

    @classmethod
    def choose(
        cls,
        x: np.ndarray,
        latent: np.ndarray,
        seed: int,
        scales: str | Sequence[str] = "auto",
        hints: PhysicsHints | None = None,
    ) -> Self:
        """Choose by leave-one-out errors and the likelihood of the latent coordinates, all parameters together.

        x: (n, p). latent: (n, r), each coordinate scaled by its share of the fields.
        scales: "auto", "raw", "log" or "reciprocal" for each parameter, or one for all; only "auto" is free.
        hints: inputs that a study derives from the parameters.
        Raises ModelError for a logarithm or reciprocal of a parameter that is not positive.
        """
        scales = [scales] * x.shape[1] if isinstance(scales, str) else list(scales)
        if len(scales) != x.shape[1]:
            raise ModelError(
                f"'inputs' must name a scale for each of the {x.shape[1]} parameters",
                f"{len(scales)}",
                "Add the others",
            )
        inputs = ModelInputs.fit(hints, x) if hints is not None and hints.derived else None
        if inputs is not None:
            x, scales = inputs(x), inputs.scales(scales)
        initial = cls(np.array([SCALES.get(scale, AS_GIVEN) for scale in scales]), x.min(axis=0))
        for j in np.flatnonzero((initial.scale != AS_GIVEN) & (initial.least <= 0.0)).tolist():
            raise ModelError(
                f"A parameter on the scale '{scales[j]}' must be positive in all runs",
                f"{initial.least[j]:g} for parameter {j + 1}",
                "Leave its scale out of the study file",
            )
        free = [j for j, column in enumerate(x.T) if column.min() > 0.0 and scales[j] == "auto"]
        free = [j for j in free if x[:, j].max() > LEAST_RATIO * x[:, j].min()]
        if len(x) < x.shape[1] + 3 or not free:
            return replace(initial, inputs=inputs)
        rows = np.random.default_rng(seed).permutation(len(x))[:MOST_RUNS]
        search = _Search(initial, x[rows], _leading(latent[rows]))
        if inputs is not None:
            units = inputs.units()
        else:
            units = list(hints.units if hints is not None and hints.units else [""] * x.shape[1])
        return cls(np.array(search.best(of_one_kind(x, free, units))), initial.least, inputs)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Transformed inputs (q, p') of x (q, p); logarithm and reciprocal are clipped at half of the least run."""
        x = x if self.inputs is None else self.inputs(x)
        positive = np.maximum(x, FAR_BELOW * np.abs(self.least) + np.finfo(float).tiny)
        u = np.where(self.scale == LOGARITHM, np.log(positive), x)
        return np.where(self.scale == RECIPROCAL, 1.0 / positive, u)

    def graph(self, x: Node) -> Node:
        """Transformed inputs (p',) of the parameters x (p,)."""
        v = x if self.inputs is None else self.inputs.graph(x)
        parts = []
        for scale in np.unique(self.scale).tolist():
            index = np.flatnonzero(self.scale == scale)
            u = v.take(index)
            if scale != AS_GIVEN:
                u = graph.maximum(u, FAR_BELOW * np.abs(self.least[index]) + np.finfo(float).tiny)
                u = graph.log(u) if scale == LOGARITHM else 1.0 / u
            parts.append((index, u))
        return graph.assembled(parts)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d u_k / d x_j (q, p', p) at x (q, p); zero where logarithm and reciprocal are clipped."""
        inner = np.eye(x.shape[1]) if self.inputs is None else self.inputs.jacobian(x)
        x = x if self.inputs is None else self.inputs(x)
        least = FAR_BELOW * np.abs(self.least) + np.finfo(float).tiny
        inverse = np.where(x > least, 1.0 / np.maximum(x, least), 0.0)
        slope = np.where(self.scale == LOGARITHM, inverse, 1.0)
        slope = np.where(self.scale == RECIPROCAL, -(inverse**2), slope)
        return slope[:, :, None] * inner

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        inputs = {} if self.inputs is None else prefixed("inputs.", self.inputs.state())
        return {"scale": self.scale, "least": self.least} | inputs

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray], hints: PhysicsHints | None = None) -> Self:
        """Restore the transform from `state()`, with the hints of its choice."""
        inputs = None
        if hints is not None and hints.derived:
            inputs = ModelInputs.restore(hints, part(state, "inputs."))
        return cls(state["scale"], state["least"], inputs)


def of_one_kind(x: np.ndarray, free: Sequence[int], units: Sequence[str | None]) -> list[list[int]]:
    """The free parameters in groups of one unit and similar ranges, such as the stiffnesses of several springs.

    x: (n, p). free: positions. units: of all parameters; one of unit None is alone. Two pure numbers may have one
    range by chance, or because both were scaled to it: without a unit a group needs LEAST_WITHOUT_UNIT of them.
    """
    groups: list[list[int]] = []
    for j in free:
        for group in groups:
            if units[j] is not None and all(
                units[j] == units[k] and _similar(x[:, j], x[:, k]) for k in group
            ):
                group.append(j)
                break
        else:
            groups.append([j])
    enough = [group for group in groups if units[group[0]] or len(group) >= LEAST_WITHOUT_UNIT]
    return enough + [[j] for group in groups if group not in enough for j in group]


def _similar(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two positive parameters have nearly the same ends and a median of the same size."""
    margin = SAME_ENDS * max(float(np.ptp(one)), float(np.ptp(other)))
    ends = abs(one.min() - other.min()) <= margin and abs(one.max() - other.max()) <= margin
    low, high = sorted((float(np.median(one)), float(np.median(other))))
    return bool(ends) and high <= SAME_MEDIAN * low


class _Search:
    """Coordinate descent over the scales of the free parameters, by the errors of left-out runs and the likelihood.

    A flux through two resistances in series, q (1/h + 1/k), is simple only once both are reciprocal: neither step
    gains much by itself. So the descent starts from all as given, all logarithms and all reciprocals, once with each
    of the two regressions. From the best end a last descent goes by the likelihood of the runs, which weighs the
    outermost runs no more than the others.

    Parameters of one kind move together: of eight similar stiffnesses each gains little by itself, and chance would
    give them different scales. They get separate scales only where that gains LEAST_GAIN for every further scale,
    since there are many combinations.
    """

    def __init__(self, initial: InputTransform, x: np.ndarray, latent: np.ndarray) -> None:
        self.initial = initial
        self.x = x
        self.latent = latent
        self.near_zero = [_near_zero(column) for column in x.T]
        self._errors: dict[tuple[tuple[int, ...], int], float] = {}
        self._likelihood = ScaleEvidence(latent)
        self._evidence: dict[tuple[int, ...], float] = {}
        self._together: dict[tuple[int, ...], float] = {}

    def best(self, groups: list[list[int]]) -> tuple[int, ...]:
        """The scales (p,) of all parameters; groups: the free ones of one kind each."""
        begin = tuple(self.initial.scale.tolist())
        spread = float(np.sum((self.latent - self.latent.mean(axis=0)) ** 2))
        if self.error(begin) <= NEGLIGIBLE * spread:
            return begin
        best = self.least(begin, groups)
        if any(len(group) > 1 for group in groups):
            single = [[j] for group in groups for j in group]
            ways = [self.descend(best, single, regression) for regression in range(len(REGRESSIONS))]
            separate = min(ways, key=self.error)
            more = sum(len(group) - 1 for group in groups)
            if self.error(separate) < (1.0 - LEAST_GAIN) ** more * self.error(best):
                best, groups = separate, single
        return self.better_together(self.likeliest(best, groups), groups)

    def better_together(self, scales: tuple[int, ...], groups: list[list[int]]) -> tuple[int, ...]:
        """Back to as given, group by group, where left-out runs are predicted much better, all coordinates together.

        The leading coordinates alone are likelier on a scale that evens out their slopes, even where it makes the
        last ones, which are all that is left of the error of a smooth field, harder to learn.
        """
        for group in groups:
            given = _moved(scales, group, AS_GIVEN)
            if given != scales and self.together(given) < MUCH_BETTER * self.together(scales):
                scales = given
        return scales

    def together(self, scales: tuple[int, ...]) -> float:
        """The typical error of left-out runs by the radial basis functions that suit these scales."""
        if scales not in self._together:
            u = InputTransform(np.array(scales), self.initial.least)(self.x)
            sizes = self.latent.std(axis=0)
            outputs = Scaler.fit(self.latent).scaled(self.latent)
            self._together[scales] = least_error(Scaler.fit(u).scaled(u), outputs, sizes, 0)
        return self._together[scales]

    def likeliest(self, scales: tuple[int, ...], groups: list[list[int]]) -> tuple[int, ...]:
        """Change one group at a time as long as the likelihood rises, by more for leaving the scale as given.

        A parameter varied down to zero can go back to as given only, and does where left-out runs gain less than
        LEAST_GAIN by its logarithm: likelihoods always take it, as most runs are then close together.
        """
        of_zero = [group for group in groups if any(self.near_zero[j] for j in group)]
        for group in of_zero:
            given = _moved(scales, group, AS_GIVEN)
            if (1.0 - LEAST_GAIN) * self.error(given) < self.error(scales):
                scales = given
        first = scales
        for _ in range(SWEEPS):
            before = scales
            for group in groups:
                options = self.options(scales, group)
                if group in of_zero:
                    options = [_moved(scales, group, scale) for scale in (AS_GIVEN, first[group[0]])]
                scales = min(options, key=lambda each: self.evidence(each, groups))
            if scales == before:
                break
        return scales

    def options(self, scales: tuple[int, ...], group: Sequence[int]) -> list[tuple[int, ...]]:
        """The scales with this group on each scale that it can have."""
        near_zero = any(self.near_zero[j] for j in group)
        of_group = (AS_GIVEN, LOGARITHM) if near_zero else (AS_GIVEN, LOGARITHM, RECIPROCAL)
        return [_moved(scales, group, scale) for scale in of_group]

    def least(self, begin: tuple[int, ...], groups: list[list[int]]) -> tuple[int, ...]:
        """The scales of least error where descents from the best of three end: as given, logarithms, reciprocals."""
        free = [j for group in groups for j in group]
        starts = [_moved(begin, free, scale) for scale in (AS_GIVEN, LOGARITHM)]
        starts.append(_moved(starts[1], [j for j in free if not self.near_zero[j]], RECIPROCAL))
        ends = []
        for which in range(len(REGRESSIONS)):
            start = min(starts, key=lambda each: self.error_by(which, each))
            ends.append(self.descend(start, groups, which))
        return min(ends, key=self.error)

    def error(self, scales: tuple[int, ...]) -> float:
        """The error by the better of the two regressions."""
        return min(self.error_by(which, scales) for which in range(len(REGRESSIONS)))

    def evidence(self, scales: tuple[int, ...], groups: list[list[int]]) -> float:
        """The negative log likelihood of the runs on these scales, and LEAST_NATS for each group not as given."""
        if scales not in self._evidence:
            u = InputTransform(np.array(scales), self.initial.least)(self.x)
            self._evidence[scales] = self._likelihood(u)
        return self._evidence[scales] + LEAST_NATS * sum(scales[group[0]] != AS_GIVEN for group in groups)

    def descend(self, scales: tuple[int, ...], groups: list[list[int]], regression: int) -> tuple[int, ...]:
        """Change one group at a time until none reduces the error of one of the regressions."""
        for _ in range(SWEEPS):
            before = scales
            for group in groups:
                options = self.options(scales, group)
                scales = min(options, key=lambda option: self.error_by(regression, option))
            if scales == before:
                break
        return scales

    def error_by(self, regression: int, scales: tuple[int, ...]) -> float:
        """The sum of squares of the left-out errors by one of the regressions."""
        key = (scales, regression)
        if key not in self._errors:
            u = InputTransform(np.array(scales), self.initial.least)(self.x)
            self._errors[key] = float(np.sum(REGRESSIONS[regression](u, self.latent) ** 2))
        return self._errors[key]


def _near_zero(column: np.ndarray) -> bool:
    """Whether a parameter was varied down to zero, estimated from its least values."""
    values = np.unique(column)
    few = values[: 1 + min(3, len(values) - 1)]
    return len(few) > 1 and float(np.diff(few).mean()) > NEAR_ZERO * few[0]


def _moved(scales: tuple[int, ...], group: Sequence[int], scale: int) -> tuple[int, ...]:
    return tuple(scale if j in group else present for j, present in enumerate(scales))


def _leading(latent: np.ndarray) -> np.ndarray:
    """The coordinates that carry most of the field, at most MOST_COORDINATES."""
    order = np.argsort(latent.var(axis=0), kind="stable")[::-1]
    return latent[:, order[:MOST_COORDINATES]]
