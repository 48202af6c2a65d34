"""The double pendulum: equations of motion, energy, and reference trajectories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp

TOLERANCE = 1e-10
"""Relative, of the integration: over 20 s energy is then kept to 1e-8 of its size."""


@dataclass(frozen=True)
class DoublePendulum:
    """Two point masses [kg] on two massless rods [m]; angles from the vertical, hanging at rest at zero.

    (m1 + m2) l1 a1 + m2 l2 a2 cos d + m2 l2 w2^2 sin d + (m1 + m2) g sin th1 = 0
    l2 a2 + l1 a1 cos d - l1 w1^2 sin d + g sin th2 = 0,  d = th1 - th2

    Source: Landau & Lifshitz, Mechanics, paragraph 5, problem 1.
    """

    m1: float = 1.0
    m2: float = 1.0
    l1: float = 1.0
    l2: float = 1.0
    g: float = 9.81

    def derivative(self, state: np.ndarray) -> np.ndarray:
        """Derivative d state / dt (..., 4) of states (th1, th2 [rad], w1, w2 [rad/s])."""
        th1, th2, w1, w2 = np.moveaxis(state, -1, 0)
        d, total = th1 - th2, self.m1 + self.m2
        # The two equations as a linear system for the accelerations, solved by Cramer's rule.
        first = -self.m2 * self.l2 * w2**2 * np.sin(d) - total * self.g * np.sin(th1)
        second = self.l1 * w1**2 * np.sin(d) - self.g * np.sin(th2)
        determinant = self.l1 * self.l2 * (total - self.m2 * np.cos(d) ** 2)
        a1 = (first * self.l2 - self.m2 * self.l2 * np.cos(d) * second) / determinant
        a2 = (total * self.l1 * second - self.l1 * np.cos(d) * first) / determinant
        return np.stack([w1, w2, a1, a2], axis=-1)

    def energy(self, state: np.ndarray) -> np.ndarray:
        """Kinetic plus potential energy (...) [J] of states (..., 4), zero in the lowest position at rest."""
        th1, th2, w1, w2 = np.moveaxis(state, -1, 0)
        v1, v2 = self.l1 * w1, self.l2 * w2
        kinetic = 0.5 * (self.m1 + self.m2) * v1**2 + 0.5 * self.m2 * (
            v2**2 + 2.0 * v1 * v2 * np.cos(th1 - th2)
        )
        first, second = self.l1 * (1.0 - np.cos(th1)), self.l2 * (1.0 - np.cos(th2))
        return kinetic + self.g * ((self.m1 + self.m2) * first + self.m2 * second)

    def trajectories(self, first: np.ndarray, times: np.ndarray) -> np.ndarray:
        """States (n, t, 4) at the times (t,) [s], the first of them 0, from first states (n, 4)."""
        trajectories = [
            solve_ivp(
                lambda _, state: self.derivative(state),
                (times[0], times[-1]),
                one,
                "DOP853",
                times,
                rtol=TOLERANCE,
                atol=TOLERANCE,
            ).y.T
            for one in first
        ]
        return np.stack(trajectories)


def time_to_divergence(
    true: np.ndarray, predicted: np.ndarray, times: np.ndarray, limit: float = 0.3
) -> np.ndarray:
    """The time (n,) at which either angle is first off by more than `limit` [rad]; the last one if it never is.

    true, predicted: states (n, t, 4). times: (t,) [s].
    """
    off = np.abs(predicted[..., :2] - true[..., :2]).max(axis=2) > limit
    return times[np.where(off.any(axis=1), off.argmax(axis=1), len(times) - 1)]
