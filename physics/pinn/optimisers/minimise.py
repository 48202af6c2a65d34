"""The second-order optimisers by name, on residual rows."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from fieldwright.physics.pinn.optimisers.choice import Name
from fieldwright.physics.pinn.optimisers.energy_natural_gradient import energy_natural_gradient
from fieldwright.physics.pinn.optimisers.levenberg_marquardt import levenberg_marquardt
from fieldwright.physics.pinn.optimisers.limited_memory_bfgs import limited_memory_bfgs
from fieldwright.physics.pinn.optimisers.limited_rows import LimitedRows, OutOfTime
from fieldwright.physics.pinn.optimisers.matrix_free_gauss_newton import matrix_free_gauss_newton
from fieldwright.physics.pinn.optimisers.minimum import Minimum
from fieldwright.physics.pinn.optimisers.rows import Rows
from fieldwright.physics.pinn.optimisers.self_scaled_broyden import self_scaled_broyden


def never() -> bool:
    """Time without end."""
    return False


def minimise(
    name: Name,
    rows: Rows,
    theta: Tensor,
    steps: int,
    damping: float | None = None,
    out_of_time: Callable[[], bool] = never,
) -> Minimum:
    """Minimises |r(theta)|^2 / 2 by the optimiser of that name.

    damping: to go on with, of those that have one. out_of_time: asked before every evaluation and every product with
    the Jacobian; once true, the best theta so far is the end.
    """
    limited = LimitedRows(rows, theta, out_of_time)
    try:
        return _minimise(name, limited, theta, steps, damping)
    except OutOfTime:
        return Minimum(limited.theta, limited.loss, (limited.loss,), "seconds", damping or 0.0)


def _minimise(name: Name, rows: LimitedRows, theta: Tensor, steps: int, damping: float | None) -> Minimum:
    if name == "levenberg_marquardt":
        return levenberg_marquardt(rows, _overwriting(rows), theta, steps, damping)
    if name == "natural_gradient":
        return energy_natural_gradient(rows, _overwriting(rows), theta, steps)
    if name == "gauss_newton":
        return matrix_free_gauss_newton(rows.graph, theta, steps, damping, check=rows.check)
    if name == "ssbroyden":
        return self_scaled_broyden(rows.value_and_gradient, theta, steps)
    assert name == "lbfgs", f"'{name}' goes by single gradients"
    return limited_memory_bfgs(rows.value_and_gradient, theta, steps)


def _overwriting(rows: Rows) -> Callable[[Tensor], Tensor]:
    """The Jacobian, each over the one before: new memory of its size costs as much as a product with it."""
    last: Tensor | None = None

    def jacobian(theta: Tensor) -> Tensor:
        nonlocal last
        last = rows.jacobian(theta, last)
        return last

    return jacobian
