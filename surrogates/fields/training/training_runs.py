"""What a surrogate keeps of the runs that it was trained on: their parameters, and their own quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from fieldwright.data.store.field_values import FieldValues, field_values, point_blocks
from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.functional import Selection
from fieldwright.surrogates.fields.quantities import default_quantities, functional_of

BLOCK = 2**20
"""Values of a block of points, of all runs."""
JOINED = {"max": np.maximum, "min": np.minimum, "mean": np.add}
"""How a quantity of some points and that of others make one."""

MOST_HISTORIES, MOST_HISTORY_VALUES = 24, 2_000_000
"""Runs whose first times are stored, and values of them all."""


@dataclass(frozen=True, eq=False)
class StoredHistories:
    """The first times of some runs of a model that forecasts, as examples of what it is asked by.

    runs: (r,) their rows among the training runs. fields: field to (r, h, points, components), in single precision.
    """

    runs: np.ndarray
    fields: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, targets: Mapping[str, np.ndarray | FieldValues], history: int) -> Self:
        """Those of runs spread evenly over all, as many as are not too much; none where one is."""
        values = {name: field_values(one) for name, one in targets.items()}
        of_run = sum(history * one.shape[2] * one.shape[3] for one in values.values()) if history else 0
        n = len(next(iter(values.values())))
        most = min(n, MOST_HISTORIES, MOST_HISTORY_VALUES // of_run) if of_run else 0
        runs = np.unique(np.linspace(0, n - 1, most).round().astype(np.int64))
        if not len(runs):
            return cls(runs, {})
        return cls(runs, {name: one[runs][:, :history].astype(np.float32) for name, one in values.items()})


@dataclass(frozen=True, eq=False)
class TrainingRuns:
    """n runs, in the order of the training.

    x: (n, p) parameters. quantities: label to (n, t) values of the simulations themselves, for maximum, minimum and
    mean of every field; a field without times has one. histories: of a model that forecasts.
    """

    x: np.ndarray
    quantities: Mapping[str, np.ndarray]
    histories: StoredHistories = field(default_factory=lambda: StoredHistories(np.empty(0, np.int64), {}))

    @classmethod
    def of(
        cls,
        x: np.ndarray,
        targets: Mapping[str, np.ndarray | FieldValues],
        infos: Sequence[FieldInfo],
        weights: Mapping[str, np.ndarray],
        history: int = 0,
    ) -> Self:
        """Reads the quantities off the training fields.

        x: (n, p). targets: field to (n, [t,] points, components). weights: field to (points,), as of a surrogate.
        history: number of measured first times in queries.
        """
        quantities = {}
        for info in infos:
            values, keys = field_values(targets[info.name]), {}
            for quantity in default_quantities(info):
                keys[quantity.label] = functional_of(quantity, info)
            given = weights.get(info.name)
            shares = np.full(info.n_points, 1.0 / info.n_points) if given is None else given / given.sum()
            # Block by block: a component of all points at once would be a copy of the data.
            for start, stop in point_blocks(values, BLOCK):
                block, share = values.points(start, stop), Selection(None, shares[start:stop])
                for label, key in keys.items():
                    there = functional.value(key, block, share).astype(np.float64)
                    before = quantities.get(label)
                    quantities[label] = there if before is None else JOINED[key.statistic](before, there)
        return cls(np.asarray(x, dtype=np.float64), quantities, StoredHistories.of(targets, history))

    def state(self) -> dict[str, np.ndarray]:
        """The arrays; numbers stand for labels and fields, in their order."""
        state = {"x": self.x} | {str(k): values for k, values in enumerate(self.quantities.values())}
        if self.histories.fields:
            state["histories"] = self.histories.runs
            state |= {f"histories.{k}": one for k, one in enumerate(self.histories.fields.values())}
        return state

    @classmethod
    def restore(cls, labels: Sequence[str], fields: Sequence[str], state: Mapping[str, np.ndarray]) -> Self:
        """What `state` gave; labels, fields: those of the quantities and of the model in their order."""
        runs = cls(state["x"], {label: state[str(k)] for k, label in enumerate(labels)})
        if "histories" not in state:
            return runs
        by_field = {name: state[f"histories.{k}"] for k, name in enumerate(fields)}
        return replace(runs, histories=StoredHistories(state["histories"], by_field))
