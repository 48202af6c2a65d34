"""Residual rows that end a minimisation within its steps once its time is up."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from fieldwright.physics.pinn.optimisers.rows import Rows


class OutOfTime(Exception):
    """Raised in the midst of a minimisation, and caught where it was begun."""


class LimitedRows:
    """The rows as they are, until `out_of_time`: then the next evaluation raises OutOfTime.

    theta, loss: where |r|^2 / 2 was smallest of all that was evaluated, the start before that.
    """

    def __init__(self, rows: Rows, theta: Tensor, out_of_time: Callable[[], bool]) -> None:
        self._rows, self._out_of_time = rows, out_of_time
        self.theta, self.loss = theta.detach().clone(), float("inf")

    def check(self) -> None:
        """Raises OutOfTime when there is no time left."""
        if self._out_of_time():
            raise OutOfTime

    def __call__(self, theta: Tensor) -> Tensor:
        """Residuals r (m,) of theta (p,)."""
        self.check()
        r = self._rows(theta)
        self._keep(theta, float(r @ r) / 2)
        return r

    def graph(self, theta: Tensor) -> Tensor:
        """Residuals r (m,), differentiable by theta."""
        self.check()
        r = self._rows.graph(theta)
        self._keep(theta, float(r.detach().square().sum()) / 2)
        return r

    def jacobian(self, theta: Tensor, out: Tensor | None = None) -> Tensor:
        """Jacobian dr / dtheta (m, p); `out` is written over if given."""
        self.check()
        return self._rows.jacobian(theta, out)

    def value_and_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """|r|^2 / 2 and its gradient (p,)."""
        self.check()
        loss, gradient = self._rows.value_and_gradient(theta)
        self._keep(theta, loss)
        return loss, gradient

    def _keep(self, theta: Tensor, loss: float) -> None:
        if loss < self.loss:
            self.theta, self.loss = theta.detach().clone(), loss
