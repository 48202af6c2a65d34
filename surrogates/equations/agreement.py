"""Whether several networks solve one equation to one solution, or to several: then it is not determined."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from fieldwright.physics.pinn.corrected_network import corrected
from fieldwright.physics.pinn.diagnosis import Finding
from fieldwright.physics.pinn.pinn import Pinn
from fieldwright.surrogates.equations.case import EquationCase

POINTS = 1000
WITHIN = 30.0
"""Times the tolerance: networks that differ by less, relative to the solution, may differ by their training alone."""
AT_LEAST = 0.02
"""Of the solution: what is less is never called another solution."""
LEFT = 0.5
"""Share of its residual that a correction must remove to tell what its network aims at."""


def disagreement(case: EquationCase, pinns: Sequence[Pinn], tolerance: float, seed: int) -> Finding | None:
    """The finding "not determined" where networks that all converged stay apart, None where they agree.

    Two that differ much are corrected (`corrected`): towards one solution if the equation determines one, whatever
    their residuals; if they stay apart, or if no correction tells and they differ far beyond the tolerance, there are
    several solutions.
    """
    rng = np.random.default_rng(seed)
    inputs = pinns[0].network.inputs(POINTS, rng)
    values = [pinn.predict(inputs) for pinn in pinns]
    size = max(_rms(np.mean(values, axis=0)), np.finfo(float).tiny)
    difference, i, j = max(
        ((_rms(values[i] - values[j]) / size, i, j) for i, j in combinations(range(len(pinns)), 2)),
        default=(0.0, 0, 0),
    )
    if difference <= max(AT_LEAST, 3 * tolerance):
        return None
    x, scale = (
        inputs[:, : len(case.problem.coordinates)],
        case.problem.scale(inputs[:, : len(case.problem.coordinates)]),
    )
    infos = [case.problem.unknown(name) for name in case.varied]
    at = np.array([(info.low + info.high) / 2 for info in infos])
    measured = None if infos else case.measured
    pair = [corrected(pinns[k].network, at, scale, measured, seed) for k in (i, j)]
    if all(one.remaining <= LEFT for one in pair):
        inputs_at_middle = np.hstack([x, np.tile(at, (len(x), 1))])
        before = _rms(pinns[i].predict(inputs_at_middle) - pinns[j].predict(inputs_at_middle))
        after = _rms(pair[0](x) - pair[1](x))
        several = after > 0.3 * before and after / size > AT_LEAST
    else:
        several = difference > max(WITHIN * tolerance, 0.1)
    if not several:
        return None
    return Finding(
        "not determined",
        f"networks of different seeds meet the equation to {max(p.residual for p in pinns):.1e} and differ by "
        f"{difference:.0%} of the solution",
        "Add the conditions that tell which solution is meant: values or slopes at an edge, a start, a period",
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
