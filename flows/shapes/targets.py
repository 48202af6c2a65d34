"""From the store's Snapshots to the shapes and fields of a study with `[geometry]`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fieldwright.data.errors import FieldwrightError, StudyError
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.report import Ingested
from fieldwright.flows.runs.targets import Targets, targets_from
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.shapes.distance import checked_distance
from fieldwright.surrogates.shapes.grid import Grid

NO_SHAPE = "no shape"
"""Code of the reason for which a run is rejected whose distance is none, or whose body touches the edge."""


@dataclass(frozen=True, eq=False)
class ShapeTargets:
    """What every surrogate learns from, and beside it the signed distances (n, points) in `unit`, on a grid."""

    targets: Targets
    distance: np.ndarray
    unit: str
    grid: Grid

    @property
    def points(self) -> np.ndarray:
        """(points, 3) of all fields."""
        return next(iter(self.targets.points.values()))


def shape_targets(study: Study, ingested: Ingested) -> tuple[ShapeTargets, Ingested]:
    """Takes the accepted runs out of the store; those whose shape cannot be learned from are rejected too.

    Raises StudyError where fields and distance lie in different places or change in time, or too few runs are left,
    and ModelError where the points are no regular grid.
    """
    geometry = study.geometry
    assert geometry is not None
    store = SnapshotStore(study.store_path)
    snapshots = store.snapshots(ingested.accepted, [*study.outputs, geometry.field])
    mesh = store.mesh(snapshots.attrs["mesh"])
    signed_distance = snapshots[geometry.field]
    targets = targets_from(study, snapshots, mesh)
    place = targets.fields[0].on
    if signed_distance.dims != ("run", place) or any(
        info.on != place or info.times for info in targets.fields
    ):
        raise StudyError(
            f"The signed distance '{geometry.field}' and all fields must be steady and lie on the same points",
            f"'{geometry.field}' by {', '.join(map(str, signed_distance.dims))} and fields by "
            + ", ".join(
                sorted({f"{info.on} and time" if info.times else info.on for info in targets.fields})
            ),
            'Take the last time by `[time]` rule = "last", or bring fields to the nodes by on = "point"',
        )
    distance = signed_distance.values.astype(np.float64)
    grid = Grid.of(targets.points[targets.fields[0].name], geometry.periodic)
    sound, refused = [], []
    for k, image in enumerate(grid.images(distance[..., None])[:, 0]):
        try:
            checked_distance(image, grid)
            sound.append(k)
        except FieldwrightError as error:
            refused.append((targets.runs[k], NO_SHAPE, str(error)))
    if len(sound) < study.runs.minimum:
        raise StudyError(
            f"A study needs at least {study.runs.minimum} runs with a sound shape ('runs.minimum')",
            f"{len(sound)}; the first of the others, '{refused[0][0]}', says: {refused[0][2]}",
            "Mend or add runs",
        )
    sound_targets = replace(
        targets,
        runs=tuple(targets.runs[k] for k in sound),
        x=targets.x[sound],
        values={name: values[sound] for name, values in targets.values.items()},
    )
    refused_runs = {run for run, _, _ in refused}
    remaining = replace(
        ingested,
        accepted=tuple(run for run in ingested.accepted if run not in refused_runs),
        rejected=(*ingested.rejected, *refused),
    )
    return ShapeTargets(
        sound_targets, distance[sound], signed_distance.attrs.get("units", ""), grid
    ), remaining
