"""What a surrogate keeps of the runs that it was trained on: their parameters, and their own quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.quantities import default_quantities, functional_of


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
        targets: Mapping[str, np.ndarray],
        infos: Sequence[FieldInfo],
        weights: Mapping[str, np.ndarray],
    ) -> Self:
        """Reads the quantities off the training fields.

        x: (n, p). targets: field to (n, [t,] points, components). weights: field to (points,), as of a surrogate.
        """
        quantities = {}
        for info in infos:
            values = targets[info.name]
            values = values[:, None] if values.ndim == 3 else values
            for quantity in default_quantities(info):
                key = functional_of(quantity, info)
                selection = functional.selection_of(key, weights.get(info.name))
                # Run by run: a component of all of them at once would be a copy of the data.
                rows = [functional.value(key, values[k : k + 1], selection)[0] for k in range(len(x))]
                quantities[quantity.label] = np.array(rows, dtype=np.float64)
        return cls(np.asarray(x, dtype=np.float64), quantities)

    def state(self) -> dict[str, np.ndarray]:
        """The arrays; a number stands for each label, in the order of `quantities`."""
        return {"x": self.x} | {str(k): values for k, values in enumerate(self.quantities.values())}

    @classmethod
    def restore(cls, labels: Sequence[str], state: Mapping[str, np.ndarray]) -> Self:
        """What `state` gave; labels: those of the quantities in their order."""
        return cls(state["x"], {label: state[str(k)] for k, label in enumerate(labels)})
