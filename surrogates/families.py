"""The families of models: the one place where a new family is made known to training, tracking and serving."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.model import Model
from fieldwright.surrogates.persistence.artifact import artifact_kind


@dataclass(frozen=True)
class Family:
    """One family; its class is imported when it is needed, for torch takes seconds.

    Attributes
    ----------
    name
        By which the pipeline and the endpoint know it.
    artifact
        What its artifacts say that they hold.
    location
        The class that meets `Model`, as "module:class".
    study
        What the studies that train it are about, as `StudyFile.subject` says.
    metrics
        What its candidates can be compared by, the default first; lower is better.
    """

    name: str
    artifact: str
    location: str
    study: str
    metrics: tuple[str, ...]

    def model(self) -> type[Model]:
        """The class of its models."""
        return pkgutil.resolve_name(self.location)


FieldMetric = Literal["fluctuation_l2", "relative_l2"]
FIELD_ERRORS: tuple[str, ...] = get_args(FieldMetric)
FIELDS = Family(
    "fields", "surrogate", "fieldwright.surrogates.fields.surrogate:Surrogate", "runs", FIELD_ERRORS
)
SHAPES = Family(
    "shapes",
    "shape surrogate",
    "fieldwright.surrogates.shapes.shape_surrogate:ShapeSurrogate",
    "runs",
    FIELD_ERRORS,
)
CLASSIFICATION = Family(
    "classification",
    "crack classifier",
    "fieldwright.surrogates.cracks.classification.crack_classifier:CrackClassifier",
    "photos",
    ("log_loss", "brier", "cost", "error_rate"),
)
SEGMENTATION = Family(
    "segmentation",
    "crack segmenter",
    "fieldwright.surrogates.cracks.segmentation.crack_segmenter:CrackSegmenter",
    "photos",
    ("f1_error", "iou_error"),
)
EQUATIONS = Family(
    "equations",
    "solution of an equation",
    "fieldwright.surrogates.equations.solution_surrogate:SolutionSurrogate",
    "an equation",
    ("held_out_residual",),
)
FAMILIES = (FIELDS, SHAPES, CLASSIFICATION, SEGMENTATION, EQUATIONS)


def family_of(folder: Path) -> Family:
    """The family of the model that the folder holds; raises ModelError where it is no artifact of any."""
    kind = artifact_kind(folder)
    for family in FAMILIES:
        if family.artifact == kind:
            return family
    raise ModelError(
        f"A model must be a {', a '.join(family.artifact for family in FAMILIES)}",
        f"a {kind} in '{folder}'",
        "Load it by the program that wrote it",
    )


def load_model(folder: Path, device: str = "cpu") -> Model:
    """The model that the folder holds, of whichever family; raises ModelError."""
    return family_of(folder).model().load(folder, device)
