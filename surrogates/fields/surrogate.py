"""The trained surrogate: parameters in, fields and quantities with calibrated bands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import QueryError
from fieldwright.data.store.field_values import FieldValues, field_values
from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.fields.beyond_runs import GROWTH, BeyondRuns
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.coordinates.training_views import MEMORY, training_views_of
from fieldwright.surrogates.fields.coordinates.whole_emulator import whole_emulator
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.learned_parts import LearnedParts
from fieldwright.surrogates.fields.measure import measured
from fieldwright.surrogates.fields.parameter_scales import ParameterScales
from fieldwright.surrogates.fields.prediction import Band, Prediction, tabulated
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.fields.readout.location import Locator
from fieldwright.surrogates.fields.readout.prepared_quantities import PreparedQuantities
from fieldwright.surrogates.fields.readout.reading import Reading, reading_of
from fieldwright.surrogates.fields.training.trained_description import trained_description
from fieldwright.surrogates.fields.training.training_data import check_described, checked_weights
from fieldwright.surrogates.fields.training.training_runs import TrainingRuns
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.between_times import at_times, checked_times
from fieldwright.surrogates.trajectory.history import History, checked_history
from fieldwright.surrogates.validation.band_limits import RangeLimits, added
from fieldwright.surrogates.validation.calibration import Calibration
from fieldwright.surrogates.validation.cross_validation import CrossValidation

MOST_COLUMNS = 16
"""Times of a transient quantity in a table."""
MOST_PREPARED = 256
"""Sets of quantities of a field for which what no query changes is kept."""


@dataclass(frozen=True, eq=False)
class Surrogate(LearnedParts):
    """Scaler + Reduction per field + Regressor on the latent coordinates + Calibration + Domain."""

    _locators: dict[str, Locator] = field(default_factory=dict)
    _prepared: dict[tuple[Quantity, ...], PreparedQuantities] = field(default_factory=dict)

    @classmethod
    def train(
        cls,
        config: KindConfig,
        reductions: Mapping[str, ReductionConfig],
        x: np.ndarray,
        targets: Mapping[str, np.ndarray | FieldValues],
        *,
        parameters: Sequence[ParameterInfo],
        fields: Sequence[FieldInfo],
        points: Mapping[str, np.ndarray],
        cells: Mapping[str, np.ndarray] | None = None,
        weights: Mapping[str, np.ndarray] | None = None,
        cross_validation: CrossValidation,
        coverage: float = 0.9,
        history: int = 0,
        seed: int,
        name: str,
        views: Mapping[str, TrainingViews] | None = None,
        memory: int = MEMORY,
        executor: Executor = IN_PROCESS,
        losses: Mapping[str, np.ndarray | FieldValues] | None = None,
    ) -> Self:
        """Train on all runs and calibrate by the out-of-fold predictions of the same candidate.

        x: (n, p). targets: field to (n, [t,] points, components).
        parameters: p names and units in the order of x's columns (their ranges are taken from x).
        fields: one for each target. points: field to (n_points, 3) coordinates of nodes or cell centres.
        cells: meshio cell type to (k, nodes) indices into the points of the fields on points.
        weights: field to (points,) the length, area or volume of each point or cell, for means and integrals;
        those of the cells if None. Errors and the reduction use the weights of the cross-validation.
        history: number of measured first times in queries, for the kinds that continue them; the same as in the
        cross-validation. views, memory, executor: as in `cross_validate`. losses: of fields, as in `Calibration.fit`.
        Raises ModelError.
        """
        x = np.asarray(x, dtype=np.float64)
        check_described(x, targets, parameters, fields, points, rolls=config.transient == "rollout")
        trained_by = cross_validation.weights
        if views is None:
            values = {name: field_values(one) for name, one in targets.items()}
            configs = [config.of_field(name) for name in targets]
            hints = next((one.hints for one in configs if one.outputs != "raw"), None)
            views = training_views_of(
                x,
                values,
                trained_by,
                reductions,
                {one.transient for one in configs},
                hints,
                memory=memory,
                executor=executor,
            )
        emulator = whole_emulator(config, reductions, x, targets, views, trained_by, seed, history, executor)
        infos, shares = measured(fields, points, cells, checked_weights(weights, targets))
        calibration = Calibration.fit(targets, cross_validation, coverage, shares, executor, losses)
        by_name = {info.name: info for info in infos}
        infos_of_targets = tuple(by_name[name] for name in targets)
        description = trained_description(
            name,
            config,
            reductions,
            x,
            parameters,
            infos_of_targets,
            shares,
            cross_validation,
            coverage,
            emulator.history,
            seed,
        )
        places = {name: np.asarray(points[name], dtype=np.float64) for name in targets}
        runs = TrainingRuns.of(x, targets, infos_of_targets, shares, emulator.history)
        return cls(description, emulator, calibration, Domain.fit(x), dict(cells or {}), places, shares, runs)

    def predict(
        self,
        x: np.ndarray,
        fields: Sequence[str] | None = None,
        quantities: Sequence[Quantity] = (),
        times: Sequence[float] | None = None,
        history: History | None = None,
        simultaneous: bool = False,
    ) -> Prediction:
        """Answer q queries x (q, p), in the units and order of the parameters.

        fields: the fields to predict in full; all if None, none if (). quantities: those to predict.
        times: those to answer transient fields at, within the trained range; the trained times if None. history: the
        measured first times, for a model that forecasts. simultaneous: bands that cover all values of a field, or all
        times of a quantity, together with the stated probability; else each value by itself.
        Raises QueryError when x has another shape or is not finite, a name is unknown, a time lies outside, or the
        history is not what the model needs.
        """
        x = self.checked(x)
        measured = checked_history(self.description, history, len(x))
        names = [info.name for info in self.description.fields] if fields is None else list(fields)
        prepared = {
            name: self._prepared_of(tuple(one for one in quantities if one.field == name))
            for name in dict.fromkeys(one.field for one in quantities)
        }
        infos = {name: self.info(name) for name in (*names, *prepared)}
        # Of all fields: whether a query is inside must not depend on the requested fields.
        latent = self.emulator.latent(x, history=measured)
        shares = [sigma * self.emulator.fields[name].shares for name, (_, sigma) in latent.items()]
        spread = np.max([np.sqrt(np.square(share).sum(axis=1)) for share in shares], axis=0)
        where = self.domain.whereabouts(x, spread, [info.name for info in self.description.parameters])
        bands: dict[str, Band] = {}
        numbers: dict[str, Band] = {}
        wide_fields: dict[str, np.ndarray] = {}
        wide_numbers: dict[str, np.ndarray] = {}
        for name in infos:
            z, sigma = latent[name]
            model, beyond = self.emulator.fields[name].at(x), self._beyond_runs[name](x)
            of_field = prepared.get(name)
            needed = name in names or (of_field is not None and of_field.readout.needs_field)
            mean = model.mean(z) if needed else None
            if of_field is not None:
                answers, wide = of_field.bands(model, z, sigma, mean, where.inside, beyond, simultaneous)
                numbers |= answers
                wide_numbers |= wide
            if name in names and mean is not None:
                factor, limits = self.calibration.fields[name].of(simultaneous), self._limits[name]
                least = model.rounding(mean)
                if limits is not None and beyond.any():
                    least = least + GROWTH * beyond.reshape(-1, 1, 1, 1) * limits.range
                band = self._band(name, mean, model.std(z, sigma), factor, least).within(*self._bounds(name))
                bands[name], wide_fields[name] = (
                    (band, np.zeros(band.mean.shape, dtype=bool))
                    if limits is None
                    else limits.cut(band, where.inside)
                )
        if times is not None:
            if all(info.times is None for info in self.description.fields):
                checked_times(times, None, self.description.fields[0].name)
            bands = {name: self._at_times(band, name, times) for name, band in bands.items()}
            for quantity in quantities:
                numbers[quantity.label] = self._at_times(numbers[quantity.label], quantity.field, times)
        return Prediction(
            fields={name: bands[name] for name in names},
            quantities={quantity.label: numbers[quantity.label] for quantity in quantities},
            inside=where.inside,
            outside=where.outside,
            why=added(where.why, wide_fields, wide_numbers),
            coverage=self.description.coverage,
            simultaneous=simultaneous,
        )

    def tabulate(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The default quantities with their bands, `inside` and `outside`, for a table of the parameters.

        Of a transient field each has a column for each time, such as `max(T) at 0.5`: up to 16 spread over all.
        """
        names = [info.name for info in self.description.parameters]
        columns = [np.asarray(inputs[name], dtype=np.float64) for name in names]
        quantities = [one for info in self.description.fields for one in default_quantities(info)]
        answer = self.predict(np.column_stack(columns), fields=(), quantities=quantities)
        bands: dict[str, Band] = {}
        for quantity in quantities:
            band, times = answer.quantities[quantity.label], self.info(quantity.field).times
            if times is None:
                bands[quantity.label] = band
                continue
            for k in np.unique(np.linspace(0, len(times) - 1, MOST_COLUMNS).round().astype(int)).tolist():
                parts = (band.mean[:, k], band.std[:, k], band.lower[:, k], band.upper[:, k])
                bands[f"{quantity.label} at {times[k]:.9g}"] = Band(*parts)
        return tabulated(bands, answer)

    def example(self) -> dict[str, np.ndarray] | None:
        """The middle of the parameters' ranges, twice; None for a forecast, which also needs a history."""
        if self.description.history or not self.description.parameters:
            return None
        return {
            info.name: np.full(2, (info.minimum + info.maximum) / 2) for info in self.description.parameters
        }

    def typical_history(self) -> History | None:
        """An example history at the middle of the parameters' ranges; None if the model needs none."""
        if not self.description.history:
            return None
        middle = np.array([[(info.minimum + info.maximum) / 2 for info in self.description.parameters]])
        fields = {}
        for name, model in self.emulator.fields.items():
            z = np.zeros((1, model.rank))
            fields[name] = model.at(middle).mean(z)[:, : self.description.history]
        times = self.description.fields[0].times or ()
        return History(np.array(times[: self.description.history]), fields)

    def points(self, field: str) -> np.ndarray:
        """(n_points, 3) coordinates of the nodes or cell centres that carry the field; raises QueryError."""
        return self._points[self.info(field).name]

    def checked(self, x: np.ndarray) -> np.ndarray:
        """Queries x (q, p) as float64; raises QueryError where they have another shape, or a value that cannot be."""
        return self._parameter_scales.checked(x)

    @property
    def positive_parameters(self) -> frozenset[str]:
        """Names of those that must be greater than 0."""
        return frozenset(self.description.parameters[j].name for j in self._parameter_scales.positive)

    @property
    def scales(self) -> dict[str, str]:
        """Parameter to its scale in all fields: "raw", "log" or "reciprocal"; "raw" where the fields differ."""
        return self._parameter_scales.by_name()

    @cached_property
    def _parameter_scales(self) -> ParameterScales:
        names = [info.name for info in self.description.parameters]
        return ParameterScales(names, np.array([one.scale for one in self._beyond_runs.values()]))

    @cached_property
    def _beyond_runs(self) -> dict[str, BeyondRuns]:
        return {name: BeyondRuns.of(name, self.emulator, self.domain) for name in self.emulator.fields}

    @cached_property
    def _limits(self) -> dict[str, RangeLimits | None]:
        """The ranges of the runs of each field."""
        limits = {}
        for name, factors in self.calibration.fields.items():
            low, high = self._as_answered(name, factors.low, factors.high)
            limits[name] = RangeLimits.of(low, high)
        return limits

    def info(self, name: str) -> FieldInfo:
        """The field of that name; raises QueryError that names the fields there are."""
        for info in self.description.fields:
            if info.name == name:
                return info
        raise QueryError(
            f"A field must be one of {', '.join(info.name for info in self.description.fields)}",
            f"'{name}'",
            "Ask for one of these",
        )

    def _at_times(self, band: Band, name: str, times: Sequence[float]) -> Band:
        trained_times = self.info(name).times
        if trained_times is None:
            return band
        return at_times(band, trained_times, checked_times(times, trained_times, name))

    def reading(self, quantity: Quantity) -> Reading:
        """The reading that evaluates the quantity of its field; raises QueryError."""
        return reading_of(quantity, self.info(quantity.field), self.weights.get(quantity.field), self.locator)

    def _prepared_of(self, quantities: tuple[Quantity, ...]) -> PreparedQuantities:
        """All quantities of one field; raises QueryError."""
        # Made at the first request for them; the cache changes no answer.
        prepared = self._prepared.get(quantities)
        if prepared is None:
            name = quantities[0].field
            prepared = PreparedQuantities.of(
                quantities,
                [self.reading(quantity) for quantity in quantities],
                self.emulator.fields[name],
                self.calibration,
                steady=self.info(name).times is None,
            )
            if len(self._prepared) >= MOST_PREPARED:
                self._prepared.clear()
            self._prepared[quantities] = prepared
        return prepared

    def _as_answered(self, name: str, *parts: np.ndarray) -> tuple[np.ndarray, ...]:
        """Arrays (t, ...) without their first axis where the field is steady."""
        return parts if self.info(name).times is not None else tuple(part[0] for part in parts)

    def _bounds(self, name: str) -> tuple[float, float]:
        scaling = self.emulator.fields[name].scaling
        return (-np.inf, np.inf) if scaling is None else (scaling.low, scaling.high)

    def _band(
        self,
        name: str,
        mean: np.ndarray,
        std: np.ndarray,
        factor: np.ndarray,
        rounding: np.ndarray | float,
    ) -> Band:
        half = factor * std
        half += rounding
        parts = (mean, std, mean - half, np.add(mean, half, out=half))
        if self.info(name).times is None:
            parts = tuple(part[:, 0] for part in parts)
        return Band(*parts)

    def simplices_of(self, name: str) -> int | None:
        """The number of simplices among which a place of a field is located, None before the first place was."""
        return len(self._locators[name].simplices) if name in self._locators else None

    def locator(self, name: str) -> Locator:
        """The locator of places on the mesh of a field."""
        # Built at the first query of a place; the cache changes no answer.
        if name not in self._locators:
            cells = self.cells if self.info(name).on == "point" else None
            self._locators[name] = Locator(self._points[name], cells)
        return self._locators[name]
