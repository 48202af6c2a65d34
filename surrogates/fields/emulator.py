"""The learned core of a surrogate: scaling, a reduction per field, regressors on the latent coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.coordinates.training_field import TrainingField
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.preparation import Preparation
from fieldwright.surrogates.fields.training.training_data import check_transient
from fieldwright.surrogates.fields.transforms.field_scaling import FieldScaling
from fieldwright.surrogates.fields.transforms.input_transform import InputTransform
from fieldwright.surrogates.fields.transforms.scaler import Scaler
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig, LatentRegressor, Movable
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime
from fieldwright.surrogates.trajectory.unrolled import Unrolled, regressor_of, restored_regressor


@dataclass(frozen=True, eq=False)
class Branch:
    """One regressor from parameters to the joined latent coordinates of the fields with the same input scales."""

    fields: tuple[str, ...]
    transform: InputTransform
    scaler: Scaler
    regressor: LatentRegressor | Unrolled

    def predict(
        self, x: np.ndarray, history: Mapping[str, np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the joined scaled coordinates at x (q, p).

        history: the measured coordinates (q, h, r) of each field, where the regressor continues them.
        """
        inputs = self.scaler.scaled(self.transform(x))
        if isinstance(self.regressor, Unrolled) and self.regressor.history and history is not None:
            return self.regressor.predict(inputs, [history[name] for name in self.fields])
        return self.regressor.predict(inputs)


def branches_of(config: KindConfig, prepared: Preparation, seed: int, history: int) -> list[Branch]:
    """Fit a regressor from the parameters to the scaled coordinates for each set of fields with the same scales."""
    x, latent, scales = prepared.x, prepared.latent, prepared.scales
    alike: dict[tuple[int, ...], list[str]] = {}
    for name, transform in scales.items():
        alike.setdefault(tuple(transform.scale.tolist()), []).append(name)
    branches = []
    for names in alike.values():
        transform = scales[names[0]]
        scaler = Scaler.fit(transform(x))
        joined = np.hstack([latent[name] for name in names])
        regressor = regressor_of(config, [prepared.fields[name] for name in names], history)
        regressor.fit(scaler.scaled(transform(x)), joined, seed)
        branches.append(Branch(tuple(names), transform, scaler, regressor))
    return branches


class Emulator:
    """Parameters (q, p) to scaled latent coordinates of each field, which its `FieldModel` decodes.

    Fields whose parameters enter on the same scales share one regressor; others have their own, and so have fields
    that are learned by other settings.
    """

    def __init__(self, fields: dict[str, FieldModel | TimeByTime], branches: list[Branch]) -> None:
        self.fields = fields
        self.branches = branches

    @classmethod
    def fit(
        cls,
        config: KindConfig,
        reductions: Mapping[str, ReductionConfig],
        x: np.ndarray,
        targets: Mapping[str, np.ndarray],
        seed: int,
        history: int = 0,
        weights: Mapping[str, np.ndarray] | None = None,
    ) -> Self:
        """Train on runs x (n, p) and targets, field to (n, [t,] points, components).

        history: number of measured first times in each query, which kinds that roll out continue.
        weights: field to (points,) length, area or volume of each point or cell; equal where there are none.
        """
        check_transient(config, x, targets, history)
        return cls.of(config, Preparation.of(config, reductions, x, targets, seed, weights), seed, history)

    @classmethod
    def of(cls, config: KindConfig, prepared: Preparation, seed: int, history: int = 0) -> Self:
        """Train the regressors alone on runs that are prepared for the view of `config`."""
        return cls(prepared.fields, branches_of(config, prepared, seed, history))

    @property
    def history(self) -> int:
        """Number of measured times that a query must contain: 0 where the kind needs the parameters alone."""
        return max(
            (b.regressor.history for b in self.branches if isinstance(b.regressor, Unrolled)), default=0
        )

    def latent(
        self,
        x: np.ndarray,
        fields: Iterable[str] | None = None,
        history: Mapping[str, np.ndarray] | None = None,
        measured: Mapping[str, np.ndarray] | None = None,
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean and std, each (q, r), of the scaled coordinates of the named fields (all if None) at x (q, p).

        history: field to measured values (q, h, points, components) of its first times. measured: their scaled
        coordinates (q, h, r) instead.
        """
        if measured is None and history is not None and self.history:
            measured = {
                name: model.encode(x, history[name])
                for name, model in self.fields.items()
                if isinstance(model, TimeByTime)
            }
        names = set(self.fields if fields is None else fields)
        coordinates = {}
        for branch in self.branches:
            if names.isdisjoint(branch.fields):
                continue
            mean, std = branch.predict(x, measured)
            ends = np.cumsum([self.fields[name].rank for name in branch.fields])[:-1]
            pairs = zip(np.split(mean, ends, axis=1), np.split(std, ends, axis=1), strict=True)
            coordinates |= dict(zip(branch.fields, pairs, strict=True))
        return {name: coordinates[name] for name in self.fields if name in names}

    def measured(self, x: np.ndarray, runs: Mapping[str, TrainingField]) -> dict[str, np.ndarray]:
        """The scaled coordinates (q, h, r) of the first times of runs at x (q, p), as `latent` takes them."""
        coordinates = {}
        for name, model in self.fields.items():
            if not isinstance(model, TimeByTime):
                continue
            field, scaling = runs[name], model.scaling or FieldScaling.none(x.shape[1])
            of_logarithm = field.in_coordinates and model.instant.logarithmic
            values = field.logarithms(scaling, x) if of_logarithm else field.scaled(scaling, x)
            first = values[:, : self.history].reshape(len(x) * self.history, *values.shape[2:])
            coordinates[name] = model.instant.encode(first, reduced=of_logarithm).reshape(
                len(x), self.history, -1
            )
        return coordinates

    def move_to(self, device: str) -> None:
        """Move the regressors to a torch device if their kind can use one; raises ModelError if there is none."""
        if device == "cpu":
            return
        import torch

        if device.split(":")[0] != "cuda" or not torch.cuda.is_available():
            raise ModelError(
                "The device must be 'cpu', or 'cuda' on a machine with a CUDA GPU", f"'{device}'", "Use 'cpu'"
            )
        for branch in self.branches:
            if isinstance(branch.regressor, Movable):
                branch.regressor.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = {}
        for index, model in enumerate(self.fields.values()):
            arrays |= prefixed(f"field.{index}.", model.state())
        names = list(self.fields)
        for index, branch in enumerate(self.branches):
            arrays[f"branch.{index}.fields"] = np.array([names.index(name) for name in branch.fields])
            for name in ("transform", "scaler", "regressor"):
                arrays |= prefixed(f"branch.{index}.{name}.", getattr(branch, name).state())
        return arrays

    @classmethod
    def restore(
        cls,
        config: KindConfig,
        reductions: Mapping[str, ReductionConfig],
        names: list[str],
        state: Mapping[str, np.ndarray],
    ) -> Self:
        """Restore the emulator from `state()`; names are the fields in the order of training."""
        fields = {}
        for index, name in enumerate(names):
            kind = FieldModel if config.of_field(name).transient == "trajectory" else TimeByTime
            fields[name] = kind.restore(reductions[name], part(state, f"field.{index}."))
        branches = []
        while arrays := part(state, f"branch.{len(branches)}."):
            of_branch = tuple(names[index] for index in arrays["fields"])
            of_fields = config.of_field(of_branch[0])
            branches.append(
                Branch(
                    of_branch,
                    InputTransform.restore(part(arrays, "transform."), of_fields.hints),
                    Scaler.restore(part(arrays, "scaler.")),
                    restored_regressor(of_fields, part(arrays, "regressor.")),
                )
            )
        return cls(fields, branches)
