"""The learned core of a surrogate: scaling, a reduction per field, a regressor on all latent coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

import numpy as np

from data.errors import ModelError
from surrogates.field_model import FieldModel
from surrogates.kinds import KindConfig, Movable, Regressor, regressor_for
from surrogates.reductions import ReductionConfig
from surrogates.scaler import Scaler
from surrogates.states import part, prefixed
from surrogates.training_data import check_runs


class Emulator:
    """Parameters (q, p) to scaled latent coordinates of each field, which its `FieldModel` decodes."""

    def __init__(self, scaler: Scaler, fields: dict[str, FieldModel], regressor: Regressor) -> None:
        self.scaler = scaler
        self.fields = fields
        self.regressor = regressor

    @classmethod
    def fit(
        cls,
        config: KindConfig,
        reductions: Mapping[str, ReductionConfig],
        x: np.ndarray,
        targets: Mapping[str, np.ndarray],
        seed: int,
    ) -> Self:
        """Learns everything from runs x (n, p) and targets, field to (n, [t,] points, components)."""
        check_runs(reductions, x, targets)
        scaler = Scaler.fit(x.astype(np.float64))
        fitted = {name: FieldModel.fit(reductions[name], values, seed) for name, values in targets.items()}
        latent = np.hstack([z for _, z in fitted.values()])
        regressor = regressor_for(config).fit(scaler.scaled(x), latent, seed)
        return cls(scaler, {name: model for name, (model, _) in fitted.items()}, regressor)

    def latent(self, x: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Mean and std, each (q, r), of every field's scaled coordinates at x (q, p)."""
        mean, std = self.regressor.predict(self.scaler.scaled(x))
        ends = np.cumsum([len(model.scaler.scale) for model in self.fields.values()])
        pairs = zip(np.split(mean, ends[:-1], axis=1), np.split(std, ends[:-1], axis=1), strict=True)
        return dict(zip(self.fields, pairs, strict=True))

    def move_to(self, device: str) -> None:
        """Moves the regressor to a torch device if its kind can use one; raises ModelError without it."""
        if device == "cpu":
            return
        import torch

        if device.split(":")[0] != "cuda" or not torch.cuda.is_available():
            raise ModelError(
                "The device must be 'cpu', or 'cuda' on a machine with a CUDA GPU", f"'{device}'", "Use 'cpu'"
            )
        if isinstance(self.regressor, Movable):
            self.regressor.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        arrays = prefixed("scaler.", self.scaler.state()) | prefixed("regressor.", self.regressor.state())
        for index, model in enumerate(self.fields.values()):
            arrays |= prefixed(f"field.{index}.", model.state())
        return arrays

    @classmethod
    def restore(
        cls,
        config: KindConfig,
        reductions: Mapping[str, ReductionConfig],
        names: Iterable[str],
        state: Mapping[str, np.ndarray],
    ) -> Self:
        """The emulator again; names are the fields in the order of training."""
        fields = {
            name: FieldModel.restore(reductions[name], part(state, f"field.{index}."))
            for index, name in enumerate(names)
        }
        regressor = type(regressor_for(config)).restore(config, part(state, "regressor."))
        return cls(Scaler.restore(part(state, "scaler.")), fields, regressor)
