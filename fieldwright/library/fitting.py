"""From arrays to a calibrated model: `fit`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from fieldwright.data.errors import ModelError, StudyError
from fieldwright.library.arrays import from_arrays
from fieldwright.library.datasets import dataset_of, from_dataset
from fieldwright.library.fitted_model import FittedModel
from fieldwright.library.training_data import TrainingData
from fieldwright.surrogates.fields.measure import measured
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import ReductionConfig, load_reductions, reduction_config
from fieldwright.surrogates.regressors import KindConfig, kind_config, load_kinds
from fieldwright.surrogates.validation.cross_validation import cross_validate


def fit(
    X: Any,
    Y: Any = None,
    model: str | Mapping[str, Any] = "gp",
    *,
    reduction: str | Mapping[str, Any] = "svd",
    parameters: Sequence[str] | None = None,
    points: Any = None,
    cells: Mapping[str, np.ndarray] | None = None,
    times: Sequence[float] | None = None,
    components: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    folds: int = 8,
    coverage: float = 0.9,
    seed: int = 0,
    name: str = "model",
    progress: Callable[[int, int], None] | None = None,
) -> FittedModel:
    """Learns fields over parameters from finished runs, with cross-validated errors and calibrated bands.

    Each field is reduced by POD, a regressor learns its coordinates from the parameters, and the out-of-fold errors
    of the cross-validation calibrate the bands (split-conformal in its cross-validated form).

    Parameters
    ----------
    X
        (n, p) parameters, a row for each run; a pandas table or a mapping of columns; or an xarray Dataset of
        parameters and fields, with Y left out.
    Y
        One field: (n,), (n, points), (n, times, points, components), or with three axes (n, times, points) where
        `times`, (n, points, components) where `components` are given. Several: a mapping of names to such arrays. Or
        an xarray Dataset: fields with an axis "run" and any others ("time" and "..._component" by name, the rest
        are places), parameters as coordinates along the runs, coordinates point_x, point_y, point_z if known.
    model
        Name of the regressor ("gp", "bayes", "pce", "rbf", "mlp", ...), or its settings: {"kind": "gp", ...} as in
        the study file.
    reduction
        Likewise: "svd", or {"kind": "svd", "rank": 5}.
    parameters
        Names of the columns of X, or those to take of what has names.
    points, cells
        (points, 1 to 3) coordinates of the points, and meshio's cell type to (k, nodes) indices into them.
    times
        Rising times of transient fields, 0, 1, 2, ... if left out.
    components
        Names of the components of vectors.
    units
        By name of parameter or field.
    folds
        Folds of the cross-validation, at most as many as different sets of parameters.
    coverage
        Probability with which the bands shall cover a new run.
    seed
        Of everything random.
    name
        How the model is called once it is saved.
    progress
        Called with folds done and their number.

    Returns
    -------
    FittedModel
        With `predict`, `errors`, `plot` and `save`.

    Raises
    ------
    FieldwrightError
        Shapes do not fit, values are not finite, there are too few runs, or a name is unknown.

    Examples
    --------
    >>> model = fw.fit(X, Y, model="gp")
    >>> band = model.predict(X_new)
    >>> band.mean, band.lower, band.upper
    """
    config: KindConfig = _config(model, kind_config, load_kinds().configs, "model")
    reducing: ReductionConfig = _config(reduction, reduction_config, load_reductions().configs, "reduction")
    if not 0.0 < coverage < 1.0:
        raise ModelError("'coverage' must lie between 0 and 1", f"{coverage}", "Give 0.9, for example")
    if folds < 2:
        raise ModelError("'folds' must be at least 2", f"{folds}", "Give 8, for example")
    data = _training_data(X, Y, parameters, points, cells, times, components, units)
    data.check()
    reductions: dict[str, ReductionConfig] = dict.fromkeys(data.targets, reducing)
    # Where cells are known, every point counts by the length, area or volume that it stands for.
    fields, weights = measured(data.fields, data.points, data.cells, None)
    # Matrices of some hundred runs are small: threads would wait for each other, and change the last digits.
    with threadpool_limits(1):
        validation = cross_validate(
            config,
            reductions,
            data.x,
            data.targets,
            folds=min(folds, len(data.x)),
            seed=seed,
            weights=weights or None,
            progress=progress,
        )
        surrogate = Surrogate.train(
            config,
            reductions,
            data.x,
            data.targets,
            parameters=data.parameters,
            fields=fields,
            points=data.points,
            cells=data.cells,
            weights=weights or None,
            cross_validation=validation,
            coverage=coverage,
            seed=seed,
            name=name,
        )
    described = data.layout.added_to(surrogate.description)
    return FittedModel(replace(surrogate, description=described), validation)


def _training_data(
    x: Any,
    y: Any,
    parameters: Sequence[str] | None,
    points: Any,
    cells: Mapping[str, np.ndarray] | None,
    times: Sequence[float] | None,
    components: Sequence[str] | None,
    units: Mapping[str, str] | None,
) -> TrainingData:
    x, y = (x, y) if y is not None else (None, x)
    if not isinstance(y, xr.Dataset | xr.DataArray):
        if x is None:
            raise ModelError(
                "Y must be given, unless X is an xarray Dataset of parameters and fields",
                f"X alone, of type {type(y).__name__}",
                "Call fit(X, Y)",
            )
        return from_arrays(
            x,
            y,
            parameters=parameters,
            points=points,
            cells=cells,
            times=times,
            components=components,
            units=units,
        )
    axis_arguments = {"points": points, "cells": cells, "times": times, "components": components}
    if beside := [key for key, value in axis_arguments.items() if value is not None]:
        raise ModelError(
            "A Dataset must itself hold what its axes are", f"'{beside[0]}' beside it", "Make it a coordinate"
        )
    return from_dataset(dataset_of(y), x, parameters=parameters, units=units)


def _config(
    choice: Any, make: Callable[[Mapping[str, Any]], Any], configs: Mapping[str, Any], argument: str
) -> Any:
    """The settings of a regressor or a reduction; raises ModelError with the nearest name where there is none."""
    if not isinstance(choice, str | Mapping):
        raise ModelError(
            f"'{argument}' must be a name or a mapping of settings",
            type(choice).__name__,
            "Give 'gp', for example",
        )
    settings = {"kind": choice} if isinstance(choice, str) else dict(choice)
    kind = settings.get("kind")
    if kind not in configs:
        near = difflib.get_close_matches(str(kind).lower(), configs, n=1)
        raise ModelError(
            f"'{argument}' must be one of {', '.join(sorted(configs))}",
            "settings without a 'kind'" if kind is None else f"'{kind}'",
            f"Give '{near[0]}', the nearest name" if near else "Give one of these",
        )
    try:
        return make(settings)
    except StudyError as error:
        raise ModelError(error.must, error.got, f"Correct the argument '{argument}'") from error
