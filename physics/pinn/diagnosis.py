"""What became of a training: success, or which failure, with the sign it is known by and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from fieldwright.physics.equations.checks.finite import not_finite
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.physics.pinn.weighting.loss_slopes import kernel_traces

Verdict = Literal[
    "converged",
    "collapsed",
    "unresolved frequencies",
    "unbalanced losses",
    "not converged",
    "not determined",
]

CONSTANT = 1e-3  # values that span less than this, relative to the largest, are a constant
MOST = 0.9  # of the domain, or of the loss
BETWEEN_POINTS = 10.0  # times the residual at the points of training: the equation is met there alone
RATES = 100.0  # times the mean square slope of one loss's residuals against another's
TRIVIAL, HARDLY = (
    0.1,
    0.5,
)  # relative residual of an equation that is met; share of the conditions that is not
LINES, ALONG = 8, 256
UNRESOLVED = 1e-2  # a smaller relative residual is no matter of missing waves


@dataclass(frozen=True)
class Finding:
    """One thing found: its name, the sign in figures, and what to do about it."""

    name: Verdict
    sign: str
    advice: str


def findings(
    network: SolutionNetwork,
    held_out: np.ndarray,
    residual: float,
    trained_residual: float,
    tolerance: float,
    scale: float,
    rows: ResidualRows,
) -> tuple[Finding, ...]:
    """All that is found, the verdict first; a constant is a collapse whatever its residual is.

    held_out: points (n, d + p) that training never saw; residual, trained_residual: relative, there and at the points
    of training; scale: what residuals are relative to; rows: the losses at the last points of training.
    """
    with torch.no_grad():
        values = network(torch.as_tensor(held_out, device=network.device)).cpu().numpy()
    if not np.isfinite(values).all():
        return (_not_converged(residual, tolerance),)
    if not np.isfinite(residual):
        return (_without_numbers(network, held_out, scale),)
    span, size = np.ptp(values, axis=0).max(), abs(values).max()
    if span <= CONSTANT * size or size == 0:
        return (_collapsed(f"its values span {span:.1e} about {size:.1e}"),)
    if trivial := _trivial(rows, network):
        return (_collapsed(trivial),)
    if residual <= tolerance:
        return (
            Finding(
                "converged", f"relative residual {residual:.1e} on points never trained on", "None needed"
            ),
        )
    failures = []
    level = np.median(values, axis=0)
    flat = float(np.mean((abs(values - level) <= CONSTANT * np.ptp(values, axis=0)).all(axis=1)))
    if flat >= MOST:
        failures.append(_collapsed(f"it is constant in {flat:.0%} of the domain"))
    if residual > UNRESOLVED:
        failures += _frequencies(network, residual, trained_residual, scale)
    failures += _balance(rows, network)
    return (*failures, _not_converged(residual, tolerance))


def _collapsed(sign: str) -> Finding:
    return Finding(
        "collapsed",
        sign,
        "Build the conditions into the lift or weigh them more; begin with causal weights or time marching",
    )


def _trivial(rows: ResidualRows, network: SolutionNetwork) -> str | None:
    """The sign of a solution that meets the equation, but soft conditions hardly better than no network does."""
    theta = network.flat()
    losses, without = (
        {name: float(piece.detach().square().sum()) for name, piece in rows.terms(at).items()}
        for at in (theta, torch.zeros_like(theta))
    )
    equation = sum(loss for name, loss in losses.items() if name.startswith("equation")) ** 0.5
    error, error_of_zero = (
        sum(loss for name, loss in all_losses.items() if name.startswith("condition")) ** 0.5
        for all_losses in (losses, without)
    )
    if equation <= TRIVIAL and error_of_zero > 0 and error > HARDLY * error_of_zero:
        share = error / error_of_zero
        return f"it meets the equation to {equation:.1e}, and {share:.0%} of what its conditions require is missing"
    return None


def _not_converged(residual: float, tolerance: float) -> Finding:
    return Finding(
        "not converged",
        f"relative residual {residual:.1e} against a tolerance of {tolerance:.1e}",
        "Train for more rounds, with more points or a larger network, or check that the equation has a solution",
    )


def _without_numbers(network: SolutionNetwork, held_out: np.ndarray, scale: float) -> Finding:
    """Of a network whose residual is not finite on some of the held-out points."""
    rows = ResidualRows(network, held_out, scale)
    sizes, names = rows.sizes(), network.problem.coordinates + network.varied
    if np.isfinite(sizes).all():  # of the weights that were kept; no stage had numbers
        return Finding(
            "not converged", "no stage had a finite residual", "Lower 'first_rate' or begin without it"
        )
    error = not_finite("The residual", sizes, held_out, names, rows.sizes)
    return Finding("not converged", f"on held-out points, {error.got}", error.do)


def _frequencies(
    network: SolutionNetwork, residual: float, trained_residual: float, scale: float
) -> list[Finding]:
    advice = "Give Fourier features of a larger scale, sine activations, or more points"
    if residual >= BETWEEN_POINTS * trained_residual:
        sign = (
            f"the residual is {residual / max(trained_residual, 1e-300):.0f} times larger between the points"
        )
        return [Finding("unresolved frequencies", sign, advice)]
    for axis, name in enumerate(network.problem.coordinates):
        share = _beyond_the_solution(network, axis, scale)
        if share > 0.5:
            sign = (
                f"{share:.0%} of the residual along {name} is of waves faster than any that the solution has"
            )
            return [Finding("unresolved frequencies", sign, advice)]
    return []


def _beyond_the_solution(network: SolutionNetwork, axis: int, scale: float) -> float:
    """Share of the residual's power, along lines of a coordinate, at over twice the solution's frequencies."""
    low, high = network.input_bounds
    base = network.inputs(LINES, np.random.default_rng(0))
    along = np.linspace(low[axis], high[axis], ALONG)
    points = np.repeat(base, ALONG, axis=0)
    points[:, axis] = np.tile(along, LINES)
    geometry = network.problem.geometry
    if geometry is not None and not geometry.inside(points[:, : geometry.dim]).all():
        return 0.0  # a line that leaves the domain has no spectrum
    with torch.no_grad():
        values = network(torch.as_tensor(points, device=network.device)).cpu().numpy()
    rows = ResidualRows(network, points, scale)
    equations = [p for name, p in rows.terms(network.flat()).items() if name.startswith("equation")]
    residuals = torch.stack(equations, dim=1).detach().cpu().numpy()
    if not np.isfinite(residuals).all():
        return 0.0
    solution, error = _power(values), _power(residuals)
    if error.sum() == 0 or solution.sum() == 0:
        return 0.0
    fastest = int(np.searchsorted(np.cumsum(solution) / solution.sum(), 0.999))
    return float(error[2 * fastest + 3 :].sum() / error.sum())


def _power(values: np.ndarray) -> np.ndarray:
    """Mean power (frequencies,) of columns (lines x along, m), tapered so that ends do not look like waves."""
    lines = values.reshape(LINES, ALONG, -1)
    lines = (lines - lines.mean(axis=1, keepdims=True)) * np.hanning(ALONG)[None, :, None]
    return (abs(np.fft.rfft(lines, axis=1)) ** 2).sum(axis=(0, 2))


def _balance(rows: ResidualRows, network: SolutionNetwork) -> list[Finding]:
    theta = network.flat()
    losses = {name: float(piece.detach().square().sum()) for name, piece in rows.terms(theta).items()}
    if len(losses) < 2:
        return []
    rates = kernel_traces(rows, theta)
    slow = min(rates, key=lambda name: rates[name])
    fast = max(rates, key=lambda name: rates[name])
    if rates[fast] > RATES * rates[slow] and losses[slow] > MOST * sum(losses.values()):
        sign = (
            f"'{slow}' holds {losses[slow] / sum(losses.values()):.0%} of the loss, and '{fast}' the slopes"
        )
        advice = (
            "Balance the losses by the tangent kernel or by gradient norms, or build conditions into the lift"
        )
        return [Finding("unbalanced losses", sign, advice)]
    return []
