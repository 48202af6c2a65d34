"""The requirements of a study on its runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from fieldwright.data.ingest.scalars.scalar_values import ScalarRule
from fieldwright.data.ingest.timebase import TimeRule

# Changed when the same run would be mapped to other values than before: it is then read again.
_MAPPING = "interpolated within cells"


@dataclass(frozen=True)
class MeshRule:
    """How runs on other meshes than the study's are dealt with.

    same: they must be on the mesh of the study; another numbering of it is recognised and undone.
    map: other meshes are interpolated linearly to the mesh of the study, with the error measured and noted.
    follow: they must have the connectivity of the study's mesh; their coordinates become a field of their own.
    morph: other meshes of one topology are morphed onto the study's; their coordinates become a field likewise.
    tolerance: nodes closer than this share of the mesh's diagonal are one and the same.
    reference: a result file whose mesh is the study's; None for the mesh of the first accepted run.
    grid: numbers of points along x, y(, z) of a regular grid over the reference, which is then the study's mesh
        and to which all runs are mapped.
    largest_error: mapping error, relative to the field, beyond which a run is rejected.
    """

    rule: Literal["same", "map", "follow", "morph"] = "same"
    tolerance: float = 1e-6
    reference: Path | None = None
    grid: tuple[int, ...] | None = None
    largest_error: float = 0.1


@dataclass(frozen=True)
class Rules:
    """Requirements on every run.

    fields: name to unit; None: the unit that the file gives.
    reader: name of the format; None to have it recognised.
    bound: magnitude beyond which a run counts as diverged.
    step: seconds between the files of a series without times.
    places: fields to be converted to "point" or "cell"; the others stay where the file has them.
    scalars: name to where it stands, of numbers that every run must have beside its fields.
    log: pattern of a log file in the run's folder, and log_failed: regular expression of a failure in it.
    """

    fields: Mapping[str, str | None]
    reader: str | None = None
    bound: float = 1e30
    time: TimeRule = field(default_factory=TimeRule)
    mesh: MeshRule = field(default_factory=MeshRule)
    step: float | None = None
    places: Mapping[str, Literal["point", "cell"]] = field(default_factory=dict)
    scalars: Mapping[str, ScalarRule] = field(default_factory=dict)
    log: str | None = None
    log_failed: str = (
        r"(?i)fatal error|floating point exception|segmentation fault|diverg(ed|ing|ence)|\*ERROR"
    )

    def hash(
        self,
        parameters: Mapping[str, float] | None,
        files: Sequence[Path] = (),
        scalars: Mapping[str, float] | None = None,
    ) -> str:
        """SHA-256 of these rules and of a run's parameters, files and scalars out of a table.

        A run with another one is read again.
        """
        mapped = self.mesh.rule == "map" or self.mesh.grid is not None
        rules = asdict(self) | {"time": self.time.key()}
        if not self.scalars:
            # As before there were any, so that no store is read anew for them.
            del rules["scalars"]
        key = [rules, parameters, files, *([_MAPPING] if mapped else []), *([scalars] if scalars else [])]
        return hashlib.sha256(json.dumps(key, sort_keys=True, default=str).encode()).hexdigest()
