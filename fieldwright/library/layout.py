"""Which axes a user's fields have, so that answers come back as the fields were given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import prod
from typing import Any, Literal, Self

import numpy as np

from fieldwright.surrogates.fields.description import Description, FieldInfo

Role = Literal["time", "space", "component"]
Form = Literal["array", "fields", "dataset"]
_ORDER: tuple[Role, ...] = ("time", "space", "component")
_KEY = "layout"


@dataclass(frozen=True)
class FieldLayout:
    """The axes of one field after that of the runs, in the user's order.

    Parameters
    ----------
    dims
        Their names.
    roles
        What each of them is.
    sizes
        Their lengths in the training runs.
    """

    dims: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    sizes: tuple[int, ...] = ()

    @classmethod
    def of(cls, info: FieldInfo) -> Self:
        """The axes of a field that a pipeline has learned: [time,] place [, component]."""
        axes: list[tuple[str, Role, int]] = []
        if info.times is not None:
            axes.append(("time", "time", len(info.times)))
        axes.append((info.on, "space", info.n_points))
        if info.components != ("",):
            axes.append((f"{info.name}_component", "component", len(info.components)))
        names, roles, sizes = zip(*axes, strict=True)
        return cls(names, roles, sizes)

    def size(self, role: Role) -> int:
        """Values along all axes of a role together; 1 where there is none."""
        return prod(size for size, one in zip(self.sizes, self.roles, strict=True) if one == role)

    def named(self, role: Role) -> tuple[str, ...]:
        """The names of the axes of a role."""
        return tuple(name for name, one in zip(self.dims, self.roles, strict=True) if one == role)

    @property
    def _order(self) -> list[int]:
        return sorted(range(len(self.dims)), key=lambda i: _ORDER.index(self.roles[i]))

    def inward(self, values: np.ndarray) -> np.ndarray:
        """Fields (n, *sizes) as the models have them, (n, [times,] points, components)."""
        moved = np.transpose(values, (0, *(1 + i for i in self._order)))
        time = (self.size("time"),) if "time" in self.roles else ()
        return moved.reshape(len(values), *time, self.size("space"), self.size("component"))

    def outward(self, values: np.ndarray) -> np.ndarray:
        """Fields (q, [times,] points, components), of however many times, with the user's axes (q, *sizes)."""
        order = self._order
        sizes = [values.shape[1] if self.roles[i] == "time" else self.sizes[i] for i in order]
        split = values.reshape(len(values), *sizes)
        return np.transpose(split, (0, *(1 + order.index(i) for i in range(len(order)))))


@dataclass(frozen=True)
class Layout:
    """The form of a user's data.

    Parameters
    ----------
    form
        One array, fields by name, or an xarray Dataset: answers have the same.
    run
        Name of the axis of the runs.
    fields
        The axes of each field.
    coords
        Values along axes that have any, by the name of the axis.
    placed
        Whether the user gave the coordinates of the points.
    """

    form: Form
    fields: Mapping[str, FieldLayout]
    run: str = "run"
    coords: Mapping[str, list[Any]] = field(default_factory=dict)
    placed: bool = True

    @classmethod
    def of(cls, description: Description) -> Self:
        """The form that `fit` has kept in a model, or the usual one of a model that a pipeline has trained."""
        stored = description.settings.get(_KEY)
        if stored is None:
            return cls("fields", {info.name: FieldLayout.of(info) for info in description.fields})
        fields = {
            name: FieldLayout(tuple(one["dims"]), tuple(one["roles"]), tuple(one["sizes"]))
            for name, one in stored["fields"].items()
        }
        return cls(stored["form"], fields, stored["run"], stored["coords"], stored["placed"])

    def added_to(self, description: Description) -> Description:
        """The description with this form among its settings."""
        return description.model_copy(update={"settings": description.settings | {_KEY: asdict(self)}})
