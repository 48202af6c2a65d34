"""The parts of a surrogate of fields, and their artifact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.families import FIELDS
from fieldwright.surrogates.fields.description import Description
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.fields.measure import note_on_unmeasured
from fieldwright.surrogates.fields.per_field import candidate_config
from fieldwright.surrogates.fields.training.training_runs import TrainingRuns
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.validation.calibration import Calibration


@dataclass(frozen=True, eq=False)
class LearnedParts:
    """What is stored of a surrogate.

    cells: meshio cell type to (k, nodes) indices, empty where no mesh was given.
    weights: field to (points,), the length, area or volume of each point or cell; fields without have equal weights.
    runs: those it was trained on; None in models of an earlier version.
    """

    description: Description
    emulator: Emulator
    calibration: Calibration
    domain: Domain
    cells: Mapping[str, np.ndarray]
    _points: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    runs: TrainingRuns | None = None

    def save(self, folder: Path) -> None:
        """Writes the artifact, a folder of JSON and safetensors with checksums; raises ModelError."""
        places: list[np.ndarray] = []
        place_of = {}
        for name, points in self._points.items():
            same = [index for index, other in enumerate(places) if np.array_equal(points, other)]
            place_of[name] = same[0] if same else len(places)
            if not same:
                places.append(points)
        model = {
            "description": self.description.model_dump(mode="json"),
            "points": place_of,
            "cells": list(self.cells),
            "quantities": [asdict(key) for key in self.calibration.quantities],
        }
        arrays = {f"points.{index}": points for index, points in enumerate(places)}
        arrays |= prefixed("cells.", self.cells)
        names = [info.name for info in self.description.fields]
        arrays |= {f"weights.{names.index(name)}": one for name, one in self.weights.items()}
        for prefix, fitted in (
            ("emulator.", self.emulator),
            ("calibration.", self.calibration),
            ("domain.", self.domain),
        ):
            arrays |= prefixed(prefix, fitted.state())
        if self.runs is not None:
            model["runs"] = list(self.runs.quantities)
            arrays |= prefixed("runs.", self.runs.state())
        write_artifact(folder, FIELDS.artifact, model, arrays)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """Restores what `save` wrote, bit for bit; raises ModelError on damage or an unknown version.

        device: "cpu", or "cuda" for the kinds that can use it.
        """
        model, arrays = read_artifact(folder, FIELDS.artifact)
        description = Description.model_validate(model["description"])
        note = note_on_unmeasured(description.fields)
        if note is not None and note not in description.notes:
            description = description.model_copy(update={"notes": (*description.notes, note)})
        names = [info.name for info in description.fields]
        config = candidate_config(description.settings["candidate"])
        reductions = {
            name: reduction_config(settings) for name, settings in description.settings["reductions"].items()
        }
        emulator = Emulator.restore(config, reductions, names, part(arrays, "emulator."))
        emulator.move_to(device)
        keys = [Functional(**key) for key in model["quantities"]]
        state = part(arrays, "calibration.")
        calibration = Calibration.restore(description.coverage, names, keys, state)
        return cls(
            description,
            emulator,
            calibration,
            Domain.restore(part(arrays, "domain.")),
            {name: arrays[f"cells.{name}"] for name in model["cells"]},
            {name: arrays[f"points.{index}"] for name, index in model["points"].items()},
            # Artifacts of an earlier version have none: their points have equal weights.
            {
                name: arrays[f"weights.{index}"]
                for index, name in enumerate(names)
                if f"weights.{index}" in arrays
            },
            TrainingRuns.restore(model["runs"], names, part(arrays, "runs.")) if "runs" in model else None,
        )
