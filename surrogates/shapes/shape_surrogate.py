"""The trained surrogate of runs whose shape varies: a signed distance in, fields with calibrated bands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.data.progress import TrainingProgress
from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.families import SHAPES
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.prediction import Band, Prediction, tabulated
from fieldwright.surrogates.persistence.artifact import read_artifact, write_artifact
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.shapes.bands import WallBands
from fieldwright.surrogates.shapes.channels import Channels, FieldScales
from fieldwright.surrogates.shapes.description import GeometryInfo, ShapeDescription, ranged
from fieldwright.surrogates.shapes.descriptors import descriptor_names, descriptors
from fieldwright.surrogates.shapes.distance import centring, checked_distance, roll_images
from fieldwright.surrogates.shapes.error_measures import mirror_signs
from fieldwright.surrogates.shapes.grid import Grid
from fieldwright.surrogates.shapes.model_evaluation import ShapeEvaluation, evaluate_shapes
from fieldwright.surrogates.shapes.network import UNets
from fieldwright.surrogates.shapes.settings import UNetConfig
from fieldwright.surrogates.shapes.training import network_outputs, train_unets
from fieldwright.surrogates.validation.achievable_coverage import achievable_coverage, sentence
from fieldwright.surrogates.validation.calibration import too_few

LEAST_SHAPES = 8


def _split_shapes(place: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The held-out runs and the training runs; runs of one shape at the same parameters are in the same part."""
    number = int(place.max()) + 1
    if number < 2:
        raise ModelError(
            "The shapes must differ",
            f"{len(place)} runs of the same shape and parameters",
            "Add runs of other shapes",
        )
    order = np.random.default_rng(seed).permutation(number)
    held_out = np.isin(place, order[: min(max(1, round(share * number)), number - 1)])
    return np.flatnonzero(held_out), np.flatnonzero(~held_out)


@dataclass(frozen=True, eq=False)
class ShapeSurrogate:
    """Distance -> frame of the body -> networks -> fields, with bands by the distance to the wall.

    Within the body every statistic is 0: there is no flow to predict.

    cells: meshio cell type to (k, nodes) indices, empty where no mesh was given.
    """

    description: ShapeDescription
    grid: Grid
    channels: Channels
    scales: FieldScales
    networks: UNets
    bands: WallBands
    domain: Domain
    cells: Mapping[str, np.ndarray]
    _points: np.ndarray

    @classmethod
    def train(
        cls,
        config: UNetConfig,
        distance: np.ndarray,
        x: np.ndarray,
        targets: Mapping[str, np.ndarray],
        *,
        parameters: Sequence[ParameterInfo],
        fields: Sequence[FieldInfo],
        points: np.ndarray,
        cells: Mapping[str, np.ndarray] | None = None,
        field: str = "sdf",
        unit: str = "",
        periodic: Sequence[str] = (),
        mirror: Sequence[str] = (),
        coverage: float = 0.9,
        seed: int,
        name: str,
        progress: TrainingProgress | None = None,
    ) -> tuple[Self, ShapeEvaluation]:
        """Train on some of the shapes, and calibrate and evaluate on the others; return model and evaluation.

        distance: (n, points) signed, negative inside. x: (n, p) parameters, which may be none. targets: field to
        (n, points, components), whose values within bodies do not matter. points: (points, 3) on a regular grid.
        field, unit: of the distance. periodic, mirror: axes along which the flow repeats, and along which the
        mirrored shape has the mirrored flow.
        Raises ModelError for too few shapes, fields that change in time or points that are no grid, and QueryError
        for an array that is no signed distance.
        """
        infos = {info.name: info for info in fields}
        infos = [infos[name] for name in targets]
        if any(info.times is not None for info in infos):
            raise ModelError(
                "Fields around varying shapes must be steady",
                "several times",
                'Take the last one: `[time]` with rule = "last"',
            )
        if len(distance) < LEAST_SHAPES:
            raise ModelError(
                f"At least {LEAST_SHAPES} shapes are needed to learn from",
                f"{len(distance)}",
                "Add runs of other shapes",
            )
        grid = Grid.of(points, periodic)
        shapes = np.stack([checked_distance(one, grid) for one in grid.images(distance[..., None])[:, 0]])
        images = np.concatenate([grid.images(targets[info.name]) for info in infos], axis=1)
        sizes = [len(info.components) for info in infos]
        rolls = centring(shapes, grid)
        frame, target_images = roll_images(shapes, rolls), roll_images(images, rolls)
        fluid = frame >= 0.0
        x = np.asarray(x, dtype=np.float64)
        place = places(np.column_stack([x, frame.reshape(len(frame), -1)]))
        held_out, training = _split_shapes(place, config.held_out, seed)
        channels, scales = (
            Channels.fit(grid, x[training]),
            FieldScales.fit(target_images[training], fluid[training], sizes),
        )
        inputs = channels.of(frame, x)
        networks = train_unets(
            config,
            inputs[training],
            scales.scaled(target_images[training]),
            fluid[training],
            periodic=grid.periodic,
            mirrors=[(-2 + grid.axes.index(axis), mirror_signs(infos, axis)) for axis in mirror],
            seed=seed,
            progress=progress,
        )
        outputs = scales.unscaled(network_outputs(networks, inputs))
        from_wall = frame / grid.cell
        error = np.mean(outputs[:, held_out], axis=0) - target_images[held_out]
        bands = WallBands.fit(
            outputs[:, training],
            from_wall[training],
            outputs[:, held_out],
            error,
            from_wall[held_out],
            sizes,
            coverage,
        )
        traits = descriptors(shapes, grid)
        shapes_held_out = len(np.unique(place[held_out]))
        achievable = achievable_coverage(shapes_held_out, coverage)
        notes = (too_few(shapes_held_out, coverage), sentence(achievable, coverage))
        description = ShapeDescription(
            name=name,
            parameters=ranged(parameters, x),
            fields=tuple(infos),
            kind=config.kind,
            n_runs=len(shapes),
            coverage=coverage,
            errors={},
            seed=seed,
            settings={"candidate": config.model_dump(mode="json")},
            notes=tuple(note for note in notes if note is not None),
            achievable=achievable,
            geometry=GeometryInfo.of(grid, field, unit, periodic, mirror, traits),
        )
        domain = Domain.fit(np.column_stack([x, traits]))
        at = np.asarray(points, dtype=np.float64)
        surrogate = cls(description, grid, channels, scales, networks, bands, domain, dict(cells or {}), at)
        evaluation = evaluate_shapes(
            surrogate,
            held_out,
            shapes[held_out],
            x[held_out],
            {info.name: targets[info.name][held_out] for info in infos},
        )
        description_with_errors = description.model_copy(update={"errors": evaluation.summary()})
        return replace(surrogate, description=description_with_errors), evaluation

    def predict(
        self,
        distance: np.ndarray,
        x: np.ndarray | None = None,
        fields: Sequence[str] | None = None,
        simultaneous: bool = False,
    ) -> Prediction:
        """Predict q shapes, signed distances (q, ny, nx), at parameters x (q, p), None where there are none.

        fields: those to predict, all if None. simultaneous: bands that cover all values of a field together.
        Raises QueryError where an array is no signed distance or does not fit the grid, or a name is unknown.
        """
        shapes = np.stack([checked_distance(one, self.grid) for one in distance])
        names = [info.name for info in self.description.parameters]
        x = np.zeros((len(shapes), 0)) if x is None else np.asarray(x, dtype=np.float64)
        if x.shape != (len(shapes), len(names)) or not np.isfinite(x).all():
            raise QueryError(
                f"Each shape must come with its parameters ({', '.join(names) or 'none'}), all finite",
                f"a table of {' x '.join(map(str, x.shape))}",
                "Give one row per shape and one column per parameter",
            )
        names_of_fields = [info.name for info in self.description.fields] if fields is None else list(fields)
        for name in names_of_fields:
            self.info(name)
        mean, std, factor = self.images(shapes, x, simultaneous)
        bands, start = {}, 0
        for info in self.description.fields:
            part_of = slice(start, start + len(info.components))
            start = part_of.stop
            if info.name in names_of_fields:
                middle, spread = self.grid.values(mean[:, part_of]), self.grid.values(std[:, part_of])
                half = self.grid.values(factor[:, part_of]) * spread
                bands[info.name] = Band(middle, spread, middle - half, middle + half)
        fluid = shapes >= 0.0
        share = np.mean((std / self.scales.scale[:, None, None]) ** 2, axis=1)
        spread = np.sqrt((share * fluid).sum(axis=(1, 2)) / fluid.sum(axis=(1, 2)))
        column_names = [*names, *descriptor_names(self.grid)]
        where = self.domain.whereabouts(
            np.column_stack([x, descriptors(shapes, self.grid)]), spread, column_names
        )
        return Prediction(
            fields={name: bands[name] for name in names_of_fields},
            quantities={},
            inside=where.inside,
            outside=where.outside,
            why=where.why,
            coverage=self.description.coverage,
            simultaneous=simultaneous,
        )

    def tabulate(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """The fields with their bands, `inside` and `outside`, for signed distances (q, ny, nx)."""
        answer = self.predict(np.asarray(inputs, dtype=np.float64))
        return tabulated(answer.fields, answer)

    def example(self) -> None:
        """None: a shape is no row of a table."""

    def images(
        self, shapes: np.ndarray, x: np.ndarray, simultaneous: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, std and factor of the band, each (q, c, ny, nx), components of all fields in their order."""
        rolls = centring(shapes, self.grid)
        frame = roll_images(shapes, rolls)
        outputs = self.scales.unscaled(network_outputs(self.networks, self.channels.of(frame, x)))
        from_wall = frame / self.grid.cell
        sizes = [len(info.components) for info in self.description.fields]
        fluid = (frame >= 0.0)[:, None]
        mean = outputs.mean(axis=0) * fluid
        std = self.bands.std(outputs, from_wall) * fluid
        factor = self.bands.factors(from_wall, sizes, simultaneous)
        mean, std, factor = (roll_images(one, rolls, back=True) for one in (mean, std, factor))
        return mean, std, factor

    def info(self, name: str) -> FieldInfo:
        """The field of that name; raises QueryError that names the fields there are."""
        for info in self.description.fields:
            if info.name == name:
                return info
        raise QueryError(
            f"A field must be one of {', '.join(info.name for info in self.description.fields)}",
            f"'{name}'",
            "Ask for one of these",
        )

    def points(self, field: str) -> np.ndarray:
        """(n_points, 3) coordinates of the points that carry the field; raises QueryError."""
        self.info(field)
        return self._points

    def save(self, folder: Path) -> None:
        """Writes the artifact, a folder of JSON and safetensors with checksums; raises ModelError."""
        model = {"description": self.description.model_dump(mode="json"), "cells": list(self.cells)}
        arrays = {"points": self._points} | prefixed("cells.", self.cells)
        for prefix, fitted in (
            ("channels.", self.channels),
            ("scales.", self.scales),
            ("bands.", self.bands),
            ("domain.", self.domain),
        ):
            arrays |= prefixed(prefix, fitted.state())
        weights = {name: tensor.cpu().numpy() for name, tensor in self.networks.state_dict().items()}
        arrays |= prefixed("networks.", weights)
        write_artifact(folder, SHAPES.artifact, model, arrays)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """Restores what `save` wrote, bit for bit; raises ModelError on damage or an unknown version.

        device: of the networks; the shapes and the bands stay on the processor.
        """
        model, arrays = read_artifact(folder, SHAPES.artifact)
        description = ShapeDescription.model_validate(model["description"])
        config = UNetConfig.model_validate(description.settings["candidate"])
        grid = Grid.of(arrays["points"], description.geometry.periodic)
        channels = Channels.restore(grid, part(arrays, "channels."))
        outputs = sum(len(info.components) for info in description.fields)
        networks = UNets(config.members, channels.count, outputs, config.widths, grid.periodic)
        weights = part(arrays, "networks.")
        networks.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
        return cls(
            description,
            grid,
            channels,
            FieldScales(**part(arrays, "scales.")),
            networks.eval().to(device),
            WallBands.restore(part(arrays, "bands.")),
            Domain.restore(part(arrays, "domain.")),
            {name: arrays[f"cells.{name}"] for name in model["cells"]},
            arrays["points"],
        )
