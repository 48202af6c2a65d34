"""A model that `fit` has trained, or `load` has restored: asked, saved and drawn."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from fieldwright.data.errors import QueryError
from fieldwright.library.datasets import answer_dataset, query_dataset
from fieldwright.library.layout import Layout
from fieldwright.library.parameters import query_parameters
from fieldwright.library.prediction import STATISTICS, FieldPrediction
from fieldwright.surrogates.fields.answers.figure import PlotData, figure_of
from fieldwright.surrogates.fields.prediction import Band, Prediction
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.validation.cross_validation import CrossValidation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class FittedModel:
    """Fields over parameters, with bands of stated coverage.

    Attributes
    ----------
    surrogate
        The model itself, which also answers quantities such as the largest value of a field.
    cross_validation
        The out-of-fold predictions of the training runs; None of a model that was loaded.
    """

    surrogate: Surrogate
    cross_validation: CrossValidation | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the columns of X."""
        return tuple(info.name for info in self.surrogate.description.parameters)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields; a single array is called "y"."""
        return tuple(info.name for info in self.surrogate.description.fields)

    @property
    def errors(self) -> dict[str, Any]:
        """Out-of-fold errors of the cross-validation, by name; by field first where Y was several.

        Returns
        -------
        dict
            `relative_l2`: |prediction - truth| / |truth| of each run; `fluctuation_l2`: relative to the truth's
            deviation from the mean of the training runs; of both `.mean`, `.median` and `.max` over the runs. `r2`:
            1 - SSE/SST over all values.
        """
        errors = self.surrogate.description.errors
        return (
            dict(errors[self.fields[0]])
            if self._layout.form == "array"
            else {n: dict(e) for n, e in errors.items()}
        )

    @property
    def coverage(self) -> float:
        """The probability with which the bands cover a new run."""
        return self.surrogate.description.coverage

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known of the model, such as too few runs for the coverage that was asked for."""
        return self.surrogate.description.notes

    @property
    def _layout(self) -> Layout:
        return Layout.of(self.surrogate.description)

    def __repr__(self) -> str:
        about = self.surrogate.description
        lines = [
            f"<{about.kind} of {about.n_runs} runs: {', '.join(self.parameters)} -> {', '.join(self.fields)}>"
        ]
        for name, errors in about.errors.items():
            lines.append(
                f"{name}: relative L2 error {errors['relative_l2.median']:.2g} (median), "
                f"{errors['relative_l2.max']:.2g} (largest); R2 {errors['r2']:.4f}; out of fold"
            )
        return "\n".join([*lines, *self.notes])

    def predict(
        self, X: Any, *, times: Sequence[float] | None = None, simultaneous: bool = False
    ) -> FieldPrediction:
        """Predicts the fields at other parameters.

        Parameters
        ----------
        X
            (q, p) array, or a table, a mapping or an xarray Dataset with the parameters by name.
        times
            Those to answer at, within the trained range; the trained ones if None.
        simultaneous
            Whether a band covers all values of a field together with the stated probability, or each by itself.

        Returns
        -------
        FieldPrediction
            `mean`, `std`, `lower`, `upper` with the axes of Y, `inside`, `outside` and `why` of each query.

        Raises
        ------
        QueryError
            X has another shape, is not finite or lacks a parameter.
        """
        layout, about = self._layout, self.surrogate.description
        x = query_parameters(X, self.parameters, layout.run)
        answer = self._answer(x, times, simultaneous)
        parts = {
            one: {n: layout.fields[n].outward(getattr(band, one)) for n, band in answer.fields.items()}
            for one in STATISTICS
        }
        queries = query_dataset(X, x, layout, about)
        places = {name: self.surrogate.points(name) for name in self.fields}
        sets = {one: answer_dataset(parts[one], layout, about, places, queries, times) for one in STATISTICS}
        inside: Any = answer.inside
        outside: Any = answer.outside
        statistics: Mapping[str, Any] = parts
        if layout.form == "dataset" or isinstance(X, xr.Dataset):
            statistics = sets
            inside = xr.DataArray(inside, queries.coords, (layout.run,))
            outside = xr.DataArray(outside, queries.coords, (layout.run,))
        elif layout.form == "array":
            statistics = {one: parts[one][self.fields[0]] for one in STATISTICS}
        return FieldPrediction(
            **statistics,
            inside=inside,
            outside=outside,
            why=answer.why,
            coverage=answer.coverage,
            _fields=parts,
            _queries=queries,
            _datasets=sets,
        )

    def _answer(self, x: np.ndarray, times: Sequence[float] | None, simultaneous: bool) -> Prediction:
        """All fields: the transient ones at the times that were asked for, the steady ones as they are."""
        infos = self.surrogate.description.fields
        steady = [info.name for info in infos if info.times is None]
        if times is None or not steady or len(steady) == len(infos):
            return self.surrogate.predict(x, times=times, simultaneous=simultaneous)
        moving = [name for name in self.fields if name not in steady]
        first = self.surrogate.predict(x, moving, times=times, simultaneous=simultaneous)
        second = self.surrogate.predict(x, steady, simultaneous=simultaneous)
        bands = first.fields | second.fields
        why = tuple(one or other for one, other in zip(first.why, second.why, strict=True))
        return replace(first, fields={name: bands[name] for name in self.fields}, why=why)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes the model to a new folder of JSON and safetensors, which `load` reads.

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

    def plot(self, X: Any = None, *, field: str | None = None, truth: Any = None) -> Figure:
        """Draws the truth, the mean and the standard deviation of a field.

        Parameters
        ----------
        X
            One query; None for the training run that was predicted worst while it was held out.
        field
            Its name; the first if None.
        truth
            The field of that run, with the axes of Y, to be drawn beside; known of a training run.

        Returns
        -------
        matplotlib.figure.Figure
            Of the last time; vectors by their magnitude. Fields along a line with their band, single numbers out of
            fold against the truth.

        Raises
        ------
        QueryError
            There is no such field, X is not one query, or the model was loaded and X is missing.
        """
        info = self.surrogate.info(field or self.fields[0])
        data = self._held_out(info.name) if X is None else self._query_plot(X, info.name, truth)
        return figure_of(
            data, info, self.surrogate.points(info.name), self.surrogate.cells, self._layout.placed
        )

    def _held_out(self, name: str) -> PlotData:
        """The out-of-fold predictions of all runs, the worst first."""
        if self.cross_validation is None:
            raise QueryError(
                "What to draw of a loaded model must be given: its training runs are not kept",
                "no X",
                "Give the parameters of one query",
            )
        order = np.argsort(-self.cross_validation.errors[name]["relative_l2"], kind="stable")
        true, mean, std = self.cross_validation.fields[name].runs(order.tolist())
        factor = self.surrogate.calibration.fields[name].pointwise.reshape(mean.shape[1:])
        band = Band(mean, std, mean - factor * std, mean + factor * std)
        error = self.cross_validation.errors[name]["relative_l2"][order[0]]
        return PlotData(band, true, f"run {order[0]}, held out: relative L2 error {error:.2g}")

    def _query_plot(self, X: Any, name: str, truth: Any) -> PlotData:
        x = query_parameters(X, self.parameters, self._layout.run)
        answer = self.surrogate.predict(x, fields=[name])
        if len(x) != 1:
            raise QueryError("One query must be drawn at a time", f"{len(x)}", "Give X one row")
        true = None
        if truth is not None:
            mine = self._layout.fields[name]
            true = np.asarray(truth, dtype=float)
            if true.size != np.prod(mine.sizes, dtype=int):
                raise QueryError(
                    f"'truth' must have the shape {mine.sizes}", f"{true.shape}", "Give the field of one run"
                )
            true = mine.inward(true.reshape(1, *mine.sizes))
        values = zip(self.parameters, x[0], strict=True)
        return PlotData(answer.fields[name], true, ", ".join(f"{key} = {value:g}" for key, value in values))
