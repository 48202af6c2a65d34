"""What a surrogate keeps of the runs that it was trained on: their parameters, and their own quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False)
class TrainingRuns:
    """n runs, in the order of the training.

    x: (n, p) parameters. quantities: label to (n, t) values of the simulations themselves, for maximum, minimum and
    mean of every field; a field without times has one.
    """

    x: np.ndarray
    quantities: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls,
        x: np.ndarray,
        targets: Mapping[str, np.ndarray | FieldValues],
        infos: Sequence[FieldInfo],
        weights: Mapping[str, np.ndarray],
    ) -> Self:
        """Reads the quantities off the training fields.

        x: (n, p). targets: field to (n, [t,] points, components). weights: field to (points,), as of a surrogate.
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
        return cls(np.asarray(x, dtype=np.float64), quantities)

    def state(self) -> dict[str, np.ndarray]:
        """The arrays; a number stands for each label, in the order of `quantities`."""
        return {"x": self.x} | {str(k): values for k, values in enumerate(self.quantities.values())}

    @classmethod
    def restore(cls, labels: Sequence[str], state: Mapping[str, np.ndarray]) -> Self:
        """What `state` gave; labels: those of the quantities in their order."""
        return cls(state["x"], {label: state[str(k)] for k, label in enumerate(labels)})
