"""An evaluated candidate of a study of runs on disk, number for number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from fieldwright.data.store.field_values import FieldValues
from fieldwright.flows.report import RunsEvaluation, SearchReport
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig, kind_config
from fieldwright.surrogates.validation.cross_validation import CrossValidation
from fieldwright.surrogates.validation.out_of_fold import HeldOutRuns, OutOfFoldField
from fieldwright.surrogates.validation.scores import OutOfFoldValues

KIND = "validated candidate"


@dataclass(frozen=True, eq=False)
class Validated:
    """A candidate with its out-of-fold predictions, and the search that chose it."""

    config: KindConfig
    validation: CrossValidation
    search: SearchReport | None = None


def write_validated(evaluation: RunsEvaluation, content: Validated, folder: Path) -> None:
    """Writes both into a new folder."""
    validation = content.validation
    arrays: dict[str, np.ndarray] = {"fold": validation.fold, "place": validation.place}
    arrays |= prefixed("mean_errors.", validation.mean_errors) | prefixed("weights.", validation.weights)
    for name, field in validation.fields.items():
        for i, part_of_fold in enumerate(field.parts):
            arrays |= prefixed(f"fields.{name}.{i}.", part_of_fold.state())
    for name, errors in validation.errors.items():
        arrays |= prefixed(f"errors.{name}.", errors)
    for i, values in enumerate(validation.quantities.values()):
        arrays |= prefixed(f"quantities.{i}.", {"mean": values.mean, "std": values.std, "true": values.true})
    model = {
        # As text: JSON proper has no NaN, which an error of a field without variation is.
        "evaluation": json.dumps(asdict(evaluation)),
        "search": json.dumps(None if content.search is None else asdict(content.search)),
        "r2": json.dumps(validation.r2),
        "config": content.config.model_dump(mode="json"),
        "folds": {name: len(field.parts) for name, field in validation.fields.items()},
        "errors": {name: list(errors) for name, errors in validation.errors.items()},
        "quantities": [asdict(one) for one in validation.quantities],
        "fit_seconds": validation.fit_seconds,
        "predict_seconds": validation.predict_seconds,
    }
    write_artifact(folder, KIND, model, arrays)


def read_validated(
    folder: Path,
    values: Mapping[str, FieldValues],
    views: Mapping[str, TrainingViews],
    reductions: Mapping[str, ReductionConfig],
) -> tuple[RunsEvaluation, Validated]:
    """What `write_validated` wrote of these runs; raises ModelError where it is damaged.

    values, views, reductions: of the fields that were evaluated.
    """
    model, arrays = read_artifact(folder, KIND)
    quantities = {
        Functional(**one): OutOfFoldValues(**part(arrays, f"quantities.{i}."))
        for i, one in enumerate(model["quantities"])
    }
    fields = {
        name: OutOfFoldField.of(
            values[name],
            views[name],
            [
                HeldOutRuns.restore(reductions[name], part(arrays, f"fields.{name}.{i}."))
                for i in range(number)
            ],
        )
        for name, number in model["folds"].items()
    }
    validation = CrossValidation(
        fields,
        {name: {one: arrays[f"errors.{name}.{one}"] for one in of} for name, of in model["errors"].items()},
        part(arrays, "mean_errors."),
        json.loads(model["r2"]),
        quantities,
        arrays["fold"],
        arrays["place"],
        model["fit_seconds"],
        model["predict_seconds"],
        part(arrays, "weights."),
    )
    evaluation = TypeAdapter(RunsEvaluation).validate_python(json.loads(model["evaluation"]))
    search = TypeAdapter(SearchReport | None).validate_python(json.loads(model["search"]))
    return evaluation, Validated(kind_config(model["config"]), validation, search)
