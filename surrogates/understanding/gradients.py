"""Derivatives of fields and quantities with respect to the parameters, through the whole surrogate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fieldwright.surrogates.fields.emulator import Branch, Emulator
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.regressors import Differentiable

STEP = 1e-3
"""Of a difference along a parameter, in shares of its range."""


@dataclass(frozen=True, eq=False)
class Gradients:
    """Derivatives of the mean, the parameters (p) in the order of the study.

    fields: name to (q, p, [t,] points, components). quantities: label to (q, p, [t]); each in the unit of the
    field over that of the parameter.
    """

    fields: dict[str, np.ndarray]
    quantities: dict[str, np.ndarray]


def gradients(
    surrogate: Surrogate, x: np.ndarray, fields: Sequence[str] = (), quantities: Sequence[Quantity] = ()
) -> Gradients:
    """Return d mean / d x_j of the named fields and quantities at queries x (q, p).

    The latent coordinates are differentiated by their regressor, by autograd or in closed form; the field
    follows along that direction, (field(x + h e_j, z + h dz/dx_j) - field(x - h e_j, z - h dz/dx_j)) / 2h, which
    is exact where the field is linear in z and its scale does not depend on x. A maximum has the derivative
    of the field at its place; where two places tie there is none, and one of the two is answered.
    Raises QueryError as `Surrogate.predict` does.
    """
    x = surrogate.checked(x)
    infos = {name: surrogate.info(name) for name in fields}
    readings = [(one, surrogate.reading(one)) for one in quantities]
    step = STEP * np.array([_width(info.minimum, info.maximum) for info in surrogate.description.parameters])
    of_fields, of_quantities = {}, {}
    for name in dict.fromkeys([*infos, *(one.field for one in quantities)]):
        mean, change = _field(surrogate.emulator, name, x, step)
        steady = surrogate.info(name).times is None
        if name in infos:
            of_fields[name] = change[:, :, 0] if steady else change
        for one, read in readings:
            if one.field != name:
                continue
            slopes = [read.slope(mean, change[:, j]) for j in range(len(step))]
            slope = np.stack(slopes, axis=1)
            of_quantities[one.label] = slope[:, :, 0] if steady else slope
    return Gradients(
        {name: of_fields[name] for name in infos},
        {one.label: of_quantities[one.label] for one, _ in readings},
    )


def _field(emulator: Emulator, name: str, x: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean field (q, t, points, components) and its derivatives (q, p, t, points, components)."""
    z, slope = _latent(emulator, name, x, step)
    model = emulator.fields[name]
    changes = []
    for j, h in enumerate(step):
        moved, along = h * np.eye(len(step))[j], h * slope[:, :, j]
        ahead, behind = model.at(x + moved).mean(z + along), model.at(x - moved).mean(z - along)
        changes.append((ahead - behind) / (2.0 * h))
    return model.at(x).mean(z), np.stack(changes, axis=1)


def _latent(emulator: Emulator, name: str, x: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scaled coordinates (q, r) of one field and their derivatives (q, r, p)."""
    z = emulator.latent(x, [name])[name][0]
    for branch in emulator.branches:
        if name in branch.fields and isinstance(branch.regressor, Differentiable):
            start = sum(emulator.fields[one].rank for one in branch.fields[: branch.fields.index(name)])
            return z, _joined(branch, branch.regressor, x)[:, start : start + z.shape[1]]
    # A kind that does not know its derivatives is asked twice along every parameter.
    slopes = []
    for j, h in enumerate(step):
        moved = h * np.eye(len(step))[j]
        ahead, behind = (emulator.latent(x + sign * moved, [name])[name][0] for sign in (1.0, -1.0))
        slopes.append((ahead - behind) / (2.0 * h))
    return z, np.stack(slopes, axis=-1)


def _joined(branch: Branch, regressor: Differentiable, x: np.ndarray) -> np.ndarray:
    """Return d z / d x (q, r, p) of all coordinates of a branch, by the chain rule."""
    inner = branch.transform.jacobian(x) / branch.scaler.scale[:, None]
    return regressor.jacobian(branch.scaler.scaled(branch.transform(x))) @ inner


def _width(minimum: float, maximum: float) -> float:
    return maximum - minimum if maximum > minimum else max(abs(maximum), 1.0)
