"""An evaluated candidate of a study of runs on disk, number for number."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from fieldwright.flows.report import RunsEvaluation, SearchReport
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.regressors import KindConfig, kind_config
from fieldwright.surrogates.validation.cross_validation import CrossValidation, OutOfFoldValues

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
    arrays |= prefixed("mean.", validation.mean) | prefixed("std.", validation.std)
    arrays |= prefixed("mean_errors.", validation.mean_errors) | prefixed("weights.", validation.weights)
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
        "errors": {name: list(errors) for name, errors in validation.errors.items()},
        "quantities": [asdict(one) for one in validation.quantities],
        "fit_seconds": validation.fit_seconds,
        "predict_seconds": validation.predict_seconds,
    }
    write_artifact(folder, KIND, model, arrays)


def read_validated(folder: Path) -> tuple[RunsEvaluation, Validated]:
    """What `write_validated` wrote; raises ModelError where it is damaged."""
    model, arrays = read_artifact(folder, KIND)
    quantities = {
        Functional(**one): OutOfFoldValues(**part(arrays, f"quantities.{i}."))
        for i, one in enumerate(model["quantities"])
    }
    validation = CrossValidation(
        part(arrays, "mean."),
        part(arrays, "std."),
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
