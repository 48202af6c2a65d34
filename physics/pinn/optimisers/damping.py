"""The damping of Gauss-Newton steps, by how well the linear model predicted the last one."""

from __future__ import annotations

LARGEST = 1e16


class Damping:
    """mu of (J^T J + mu I) d = -J^T r, which follows the gain rho = (true fall of the loss) / (predicted fall).

    After a good step mu shrinks by max(1/3, 1 - (2 rho - 1)^3), after a bad one it grows by 2, 4, 8, ...

    Source: Nielsen, IMM-REP-1999-05, Technical University of Denmark.
    """

    def __init__(self, mu: float) -> None:
        self.mu = mu
        self._growth = 2.0

    def good(self, gain: float) -> None:
        """After a step that lowered the loss."""
        self.mu *= max(1 / 3, 1 - (2 * gain - 1) ** 3)
        self._growth = 2.0

    def bad(self) -> bool:
        """After a step that did not; whether another try makes sense."""
        self.mu, self._growth = max(self.mu, 1e-300) * self._growth, 2 * self._growth
        return self.mu <= LARGEST
