"""The study file: the one thing a user must write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from fieldwright.data.environment import home
from fieldwright.data.formats import split_address
from fieldwright.data.ingest.sources import RunSource, find_runs
from fieldwright.data.mesh.own_meshes.morphing import loss_of
from fieldwright.data.mesh.own_meshes.own_coordinates import COORDINATES
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.study.compute_section import Compute
from fieldwright.flows.study.drift_section import Drift
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.parameter_sections import Parameters
from fieldwright.flows.study.run_sections import (
    Candidate,
    FieldSpec,
    Geometry,
    MeshSection,
    Promotion,
    Reduction,
    RunsSection,
    ScalarSpec,
    Time,
    Validation,
)
from fieldwright.flows.study.symmetry_section import Symmetry
from fieldwright.flows.watching.listing import WatchedPlaces
from fieldwright.surrogates.fields.physics_hints import DerivedInput, PhysicsHints
from fieldwright.surrogates.reductions import load_reductions
from fieldwright.surrogates.regressors import load_kinds
from fieldwright.surrogates.search.settings import SearchSettings

ROLLED_OUT = ("lstm", "gru", "dmd")
ADDED_SCALAR = ScalarSpec.model_validate({"file": "the run itself: its period"})
"""Stands for a scalar that the rule of the times makes."""


class Study(StudyFile):
    """A study of runs: runs in, champion out."""

    subject: ClassVar[str] = "runs"

    runs: RunsSection
    parameters: Parameters = Parameters.model_validate({})
    fields: dict[str, FieldSpec] = Field(
        min_length=1, description="The fields to learn, by their name in the files."
    )
    scalars: dict[str, ScalarSpec] = Field(
        default_factory=dict, description="Numbers of each run to learn beside the fields, by name."
    )
    time: Time = Time.model_validate({})
    mesh: MeshSection = MeshSection.model_validate({})
    geometry: Geometry | None = None
    reduction: Reduction = Field(
        default_factory=lambda: load_reductions().configs["svd"](), description="How fields are reduced."
    )
    candidates: tuple[Candidate, ...] = Field(
        default_factory=lambda: tuple(load_kinds().configs[kind]() for kind in ("bayes", "gp", "mlp")),
        description='The models to train and compare, in the order of `[[candidates]]`; `"auto"` in their place '
        "searches for the best kind and settings, see `[search]`.",
    )
    search: SearchSettings | None = None
    symmetries: tuple[Symmetry, ...] = Field(
        (), description="Symmetries of the study's equations, each a table `[[symmetries]]`."
    )
    validation: Validation = Validation.model_validate({})
    promotion: Promotion = Promotion.model_validate({})
    compute: Compute = Compute.model_validate({})
    drift: Drift = Drift.model_validate({})

    @property
    def limits(self) -> Promotion:
        """What `[promotion]` asks of a version."""
        return self.promotion

    @model_validator(mode="before")
    @classmethod
    def _kind_defaults(cls, values: Any) -> Any:
        """A reduction without a kind is an SVD: the tagged union needs the kind."""
        if isinstance(values, dict):
            for table in (values, *_tables(values.get("fields"))):
                if isinstance(table.get("reduction"), dict):
                    table["reduction"].setdefault("kind", "svd")
        return values

    @model_validator(mode="before")
    @classmethod
    def _shapes_are_for_unets(cls, values: Any) -> Any:
        """A study with a [geometry] that names no candidates tries the one kind that can learn from it."""
        if isinstance(values, dict) and "geometry" in values and not {"candidates", "search"} & set(values):
            return values | {"candidates": ({"kind": "unet"},)}
        return values

    @model_validator(mode="before")
    @classmethod
    def _auto_is_a_search(cls, values: Any) -> Any:
        """`candidates = "auto"` means a search with the settings of [search], or their defaults."""
        if not isinstance(values, dict):
            return values
        if values.get("candidates") == "auto":
            return values | {"candidates": (), "search": values.get("search", {})}
        if values.get("candidates") == [] or isinstance(values.get("candidates"), str):
            raise ValueError("'candidates' must be \"auto\" or one [[candidates]] table for each model")
        return values if "search" not in values else {"candidates": ()} | values

    @model_validator(mode="after")
    def _limits_name_fields(self) -> Study:
        for name in self.promotion.max_error:
            quantity = re.fullmatch(r"(?:max|min|mean)\((.+)\)", name)
            field = quantity[1] if quantity else name
            if field not in self.outputs and not (quantity and field.rpartition(".")[0] in self.fields):
                raise ValueError(
                    f"'max_error' must name fields of the study ({', '.join(self.outputs)}), or quantities of them "
                    f"such as 'max({next(iter(self.fields))})': '{name}'"
                )
            if quantity and self.geometry is not None:
                raise ValueError(f"'max_error' of a study with `[geometry]` must name fields alone: '{name}'")
        if self.geometry is not None and self.promotion.min_domain_share is not None:
            raise ValueError("'min_domain_share' is for studies whose runs differ by parameters")
        return self

    @model_validator(mode="after")
    def _symmetries_name_what_there_is(self) -> Study:
        for symmetry in self.symmetries:
            for table, names, valid in (
                ("parameters", symmetry.parameters, self.parameters.columns),
                ("fields", symmetry.fields, self.fields),
            ):
                for name in names:
                    if name not in valid:
                        raise ValueError(
                            f"'{table}' of the symmetry '{symmetry.label}' must be among {', '.join(valid)}: '{name}'"
                        )
        return self

    @model_validator(mode="after")
    def _fields_are_scaled_by_parameters(self) -> Study:
        names = ", ".join(self.parameters.columns)
        for name, spec in self.outputs.items():
            subject = f"the {'scalar' if name in self.scalars else 'field'} '{name}'"
            references = [
                *(spec.scale_by or {}),
                *([spec.reference] if isinstance(spec.reference, str) else []),
            ]
            for parameter in references:
                if parameter not in self.parameters.columns:
                    raise ValueError(
                        f"'reference' and 'scale_by' of {subject} must name parameters ({names}): "
                        f"'{parameter}'"
                    )
        return self

    @model_validator(mode="after")
    def _scalars_are_beside_fields(self) -> Study:
        for name in self.scalars:
            if name in self.fields:
                raise ValueError(f"a scalar needs a name that no field has: '{name}'")
            if not re.fullmatch(r"\w[\w.-]*", name):
                raise ValueError(
                    f"the name of a scalar must be of letters, digits, '_', '-' and '.': '{name}'"
                )
        if self.scalars and (self.geometry is not None or self.time.history):
            raise ValueError(
                "'scalars' are for studies whose runs differ by parameters, without `[geometry]` or a 'history'"
            )
        return self

    @model_validator(mode="after")
    def _repeating_flows_are_whole_periods(self) -> Study:
        suffixes, scalars = self.time.added()
        made = {name + suffix for name in self.fields for suffix in suffixes} | set(scalars)
        for name in (*self.fields, *self.scalars):
            if name in made:
                raise ValueError(
                    f"the rule '{self.time.rule}' of [time] makes '{name}': give yours another name"
                )
        if self.time.rule != "periodic":
            return self
        for one in self.candidates:
            if one.kind in ROLLED_OUT or one.transient != "trajectory":
                raise ValueError(
                    f"flows that repeat are learned as whole periods: '{one.kind}' cannot be rolled out, and "
                    "'transient' must be 'trajectory'"
                )
        for key in (self.time.length, self.time.speed):
            if isinstance(key, str) and key not in self.parameters.columns:
                raise ValueError(f"'length' and 'speed' of [time] must be numbers or parameters: '{key}'")
        if self.geometry is not None:
            raise ValueError("the rule 'periodic' is for studies whose runs differ by parameters")
        return self

    @model_validator(mode="after")
    def _coordinates_are_beside_fields(self) -> Study:
        if not self.mesh.follows:
            return self
        if COORDINATES in {*self.fields, *self.scalars}:
            raise ValueError(
                f"'{COORDINATES}' is the field that rule = \"{self.mesh.rule}\" in `[mesh]` adds: give yours another "
                "name in the files, or leave it out"
            )
        if self.geometry is not None or self.time.history or self.symmetries:
            raise ValueError(
                f'rule = "{self.mesh.rule}" in `[mesh]` is for studies whose runs differ by parameters, without '
                "`[geometry]`, `[[symmetries]]` or a 'history'"
            )
        return self

    @model_validator(mode="after")
    def _a_search_has_no_history(self) -> Study:
        if self.search is not None and self.time.history:
            raise ValueError(
                "a study with a 'history' in `[time]` must name its candidates: a search does not forecast"
            )
        return self

    @model_validator(mode="after")
    def _parameters_or_a_history(self) -> Study:
        if not self.parameters.columns and not self.time.history and self.geometry is None:
            raise ValueError(
                "'parameters.columns' must name the inputs, unless `[time]` has a 'history' to forecast from or "
                "`[geometry]` the shape"
            )
        return self

    @model_validator(mode="after")
    def _shapes_are_learned_by_unets(self) -> Study:
        others = [one for one in self.candidates if one.kind != "unet"]
        if self.geometry is None and len(others) < len(self.candidates):
            raise ValueError("the kind 'unet' learns from shapes and needs `[geometry]`")
        if self.geometry is None:
            return self
        if others or self.search is not None:
            raise ValueError("a study with `[geometry]` can only have candidates of the kind 'unet'")
        if self.symmetries:
            raise ValueError(
                "a study with `[geometry]` states its symmetries there, by 'mirror' and 'periodic'"
            )
        if self.geometry.field in self.fields:
            raise ValueError(
                f"'geometry.field' is given with each shape and not learned: '{self.geometry.field}'"
            )
        return self

    def check(self) -> None:
        """Raises StoreError where the store of this name is of another folder of runs."""
        if self.store_path.exists():
            folder = self.beside(self.runs.folder)
            any_runs = folder.is_dir() and any(folder.glob(self.runs.pattern))
            names = [source.name for source in self.runs_on_disk()] if any_runs else []
            SnapshotStore(self.store_path).claim(folder, names)

    def runs_on_disk(self) -> list[RunSource]:
        """The runs that the study's folder holds now."""
        folder = self.beside(self.runs.folder)
        runs = find_runs(folder, self.runs.pattern, self.runs.file, self.runs.reader)
        return [run for run in runs if not self._is_incomplete(run, folder)]

    def _is_incomplete(self, run: RunSource, folder: Path) -> bool:
        entry, _ = split_address(run.path)
        return bool(self._incomplete) and entry.relative_to(folder).as_posix() in self._incomplete

    def watched(self) -> WatchedPlaces:
        """The folder of the runs, the table of parameters, and the study file."""
        of_scalars = (one.table for one in self.scalars.values())
        tables = [one for one in (self.parameters.table, self.mesh.reference, *of_scalars) if one is not None]
        files = (self.path, *(self.beside(one) for one in tables))
        return WatchedPlaces(self.beside(self.runs.folder), self.runs.pattern, files)

    @property
    def form(self) -> str:
        """Whether runs differ by parameters or by shape."""
        return "parameters" if self.geometry is None else "shapes"

    @property
    def store_path(self) -> Path:
        """Where the accepted runs of this study lie."""
        return home() / "stores" / self.name

    @property
    def field_limits(self) -> dict[str, float]:
        """The largest errors allowed of fields, those of quantities left out."""
        return {name: limit for name, limit in self.promotion.max_error.items() if name in self.outputs}

    @property
    def outputs(self) -> dict[str, FieldSpec | ScalarSpec]:
        """Fields and scalars by name, with those that the rules of times and meshes add: all that is learned."""
        suffixes, scalars = self.time.added()
        made: dict[str, FieldSpec | ScalarSpec] = {}
        for name, spec in self.fields.items():
            made[name] = spec
            for suffix in suffixes:
                about = {"conserved": False, "minimum": None, "maximum": None, "reference": 0.0}
                made[name + suffix] = spec.model_copy(update=about)
        if self.mesh.follows:
            made[COORDINATES] = FieldSpec.model_validate({"unit": self.mesh.unit})
        return made | dict(self.scalars) | dict.fromkeys(scalars, ADDED_SCALAR)

    @property
    def stored(self) -> list[str]:
        """What is read of the store: outputs, and what fields have lost where their meshes are morphed."""
        fields = [
            name
            for name, spec in self.outputs.items()
            if self.mesh.rule == "morph" and isinstance(spec, FieldSpec) and name != COORDINATES
        ]
        return [*self.outputs, *map(loss_of, fields)]

    @property
    def hints(self) -> PhysicsHints:
        """The hints on the physics that the study states for the models."""
        derived = self.parameters.derived
        return PhysicsHints(
            parameters=tuple(self.parameters.columns),
            derived={name: DerivedInput(**one.model_dump()) for name, one in derived.items()},
            fields={name: spec.hint for name, spec in self.outputs.items()},
        )

    def reduction_of(self, field: str) -> Any:
        """The reduction's settings for one field; a scalar is its own coordinate, up to a scale."""
        spec = self.outputs[field]
        if isinstance(spec, ScalarSpec):
            return load_reductions().configs["svd"]()
        return spec.reduction or self.reduction


def _tables(value: Any) -> list[dict]:
    return [table for table in value.values() if isinstance(table, dict)] if isinstance(value, dict) else []
