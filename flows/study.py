"""The study file: the one thing a user must write."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.environment import home
from data.errors import StudyError
from flows.study_errors import sentence_for
from surrogates.kinds import load_kinds
from surrogates.reductions import load_reductions


def _one_of(configs: Mapping[str, type[BaseModel]]) -> Any:
    """The settings of any registered kind, told apart by their `kind`."""
    options = list(configs.values())
    return Annotated[reduce(or_, options), Field(discriminator="kind")] if options[1:] else options[0]


# What is registered is known only at run time; to the type checker these are any type.
if TYPE_CHECKING:
    Candidate = Reduction = Any
else:
    Candidate = _one_of(load_kinds().configs)
    Reduction = _one_of(load_reductions().configs)


class Section(BaseModel):
    """A table of the study file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Runs(Section):
    """Where the finished runs are and how to read them."""

    folder: Path = Field(description="Folder with one entry per run, relative to the study file.")
    pattern: str = Field("*", description="Which entries of the folder are runs, as a glob: `run_*`.")
    file: str | None = Field(
        None,
        description="The result file within each run folder, as a glob; leave out when the entry itself is it.",
    )
    reader: str | None = Field(None, description="Name of the reader; recognised from the files if left out.")
    bound: float = Field(
        1e30, gt=0, description="A run with an absolute value beyond this is set aside as diverged."
    )
    minimum: int = Field(8, ge=2, description="Fewer accepted runs than this end the pipeline with an error.")


class Parameter(Section):
    """One input of the surrogate."""

    unit: str | None = Field(
        None, description="Unit; the one in the table's header, `load [N]`, if left out."
    )


class Parameters(Section):
    """Where the parameter values of each run come from."""

    table: Path = Field(description="CSV, Excel or JSON table, one row per run, relative to the study file.")
    run_column: str = Field("run", description="Column that holds the run's name.")
    columns: dict[str, Parameter] = Field(min_length=1, description="The inputs: columns of the table.")


class FieldSpec(Section):
    """One output field of the surrogate."""

    unit: str | None = Field(None, description="Unit, where the result file does not tell it.")
    reduction: Reduction | None = Field(
        None, description="A reduction for this field alone, with the keys of `[reduction]`."
    )


class Validation(Section):
    """How candidates are judged and bands calibrated."""

    folds: int = Field(8, ge=2, description="Folds of the cross-validation, grouped by run.")
    coverage: float = Field(0.9, gt=0, lt=1, description="Share of true values that the bands must cover.")
    metric: Literal["fluctuation_l2", "relative_l2"] = Field(
        "fluctuation_l2",
        description="What candidates are compared by, averaged over runs and fields: `relative_l2` is the error's "
        "norm over the field's; `fluctuation_l2` is it over the norm of the field's deviation from the mean of "
        "the training runs, which a constant offset (293 K) does not flatter.",
    )


class Promotion(Section):
    """When the best candidate becomes the served champion."""

    max_error: dict[str, float] = Field(
        default_factory=dict,
        description="Largest mean relative L2 error allowed for each named field; no limit for others.",
    )
    min_improvement: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share by which the metric must beat the present champion's: 0.05 is 5 %.",
    )


class Tracking(Section):
    """Where runs and models are tracked."""

    uri: str | None = Field(
        None,
        description="MLflow tracking URI; $MLFLOW_TRACKING_URI if left out, else SQLite under $FIELDWRIGHT_HOME.",
    )


class Study(Section):
    """A study: runs in, champion out."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="Name of the study, of its MLflow experiment and of its registered model.",
    )
    description: str = Field("", description="What the study is about, for those who compare its runs.")
    seed: int = Field(0, ge=0, description="Seed of everything random: folds, initial weights, restarts.")
    runs: Runs
    parameters: Parameters
    fields: dict[str, FieldSpec] = Field(
        min_length=1, description="The fields to learn, by their name in the files."
    )
    reduction: Reduction = Field(
        default_factory=lambda: load_reductions().configs["svd"](), description="How fields are reduced."
    )
    candidates: tuple[Candidate, ...] = Field(
        default_factory=lambda: tuple(load_kinds().configs[kind]() for kind in ("bayes", "gp", "mlp")),
        min_length=1,
        description="The models to train and compare, in the order of `[[candidates]]`.",
    )
    validation: Validation = Validation.model_validate({})
    promotion: Promotion = Promotion.model_validate({})
    tracking: Tracking = Tracking.model_validate({})
    _path: Path = Path("study.toml")

    @model_validator(mode="before")
    @classmethod
    def _kind_defaults(cls, values: Any) -> Any:
        """A reduction without a kind is an SVD: the tagged union needs to be told."""
        if isinstance(values, dict):
            for table in (values, *_tables(values.get("fields"))):
                if isinstance(table.get("reduction"), dict):
                    table["reduction"].setdefault("kind", "svd")
        return values

    @model_validator(mode="after")
    def _limits_name_fields(self) -> Study:
        for name in self.promotion.max_error:
            if name not in self.fields:
                raise ValueError(
                    f"'max_error' must name fields of the study ({', '.join(self.fields)}): '{name}'"
                )
        return self

    @classmethod
    def load(cls, path: Path) -> Study:
        """Reads a study file; raises StudyError with one sentence that names the key at fault."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise StudyError(
                "The study file must exist and be readable",
                f"{path} ({error.strerror or error})",
                "Give the path of a TOML file, or write a first one by the example in docs/study.md",
            ) from None
        except UnicodeDecodeError:
            raise StudyError("The study file must be UTF-8 text", str(path), "Save it as UTF-8") from None
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise StudyError(
                "The study file must be valid TOML", f"{path}: {error}", "Correct that line"
            ) from None
        try:
            study = cls.model_validate(values)
        except ValidationError as error:
            raise StudyError(*sentence_for(error, cls, path)) from None
        study._path = path.resolve()
        return study

    @property
    def path(self) -> Path:
        """The study file, absolute."""
        return self._path

    def beside(self, path: Path) -> Path:
        """A path of the study file, taken relative to the folder the file lies in."""
        return (self._path.parent / path).resolve()

    @property
    def store_path(self) -> Path:
        """Where the accepted runs of this study lie."""
        return home() / "stores" / self.name

    def reduction_of(self, field: str) -> Any:
        """The reduction's settings for one field."""
        return self.fields[field].reduction or self.reduction


def _tables(value: Any) -> list[dict]:
    return [table for table in value.values() if isinstance(table, dict)] if isinstance(value, dict) else []
