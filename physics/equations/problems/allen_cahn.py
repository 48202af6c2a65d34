"""The Allen-Cahn equation: two phases with sharp fronts between them.

    u_t = D u_xx + 5 u - 5 u^3  on (-1, 1) x (0, 1),   u(x, 0) = x^2 cos(pi x),   periodic in x,   D = 1e-4

Repeated with its period, the initial value has a kink at x = 1: its slope jumps from -2 to 2. Diffusion smooths it
in an instant that no smooth network follows, so the lift holds it: u = S(t) u0 + t N with the heat semigroup S,

    S(t) u0 = sum_k c_k exp(-D k^2 pi^2 t) cos(k pi x) - S(t) x^2,   c_k of (x^2 cos(pi x) + x^2), falling as k^-4
    S(t) x^2 = x^2 + 2 D t - 4 sum over x0 = -1, 1 of (sqrt(D t / pi) exp(-z^2) - |y| erfc(z) / 2)
    with y = x - x0, z = |y| / sqrt(4 D t);  further images are below 1e-300

There is no closed form: the reference is S(t) u0 plus a series in x and t for the rest, from a Fourier solution of
2048 points with exponential Runge-Kutta steps of 5e-4. Its relative residual is 6e-7, most of it at the start.

Source: Allen and Cahn, Acta Metall. 27 (1979) 1085; as a test of PINNs: Raissi, Perdikaris and Karniadakis, J.
Comput. Phys. 378 (2019) 686; kernel: Carslaw and Jaeger (1959), section 2.9 (flux into a half-space).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Coefficients, Problem
from fieldwright.physics.equations.problems import register
from fieldwright.physics.equations.references.exponential_runge_kutta import solve_periodic
from fieldwright.physics.equations.references.space_time_series import chebyshev_times, space_time_series
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

DIFFUSION = 1e-4
WAVES = 64
LINE = dde.geometry.Interval(-1.0, 1.0)
TIME = dde.geometry.TimeDomain(0.0, 1.0)


def residual(x: Tensor, u: Tensor, c: Coefficients) -> list[Tensor]:
    """Residual u_t - D u_xx - 5 u + 5 u^3, one column (n, 1)."""
    return [derivative(u, x, 1) - DIFFUSION * derivative(u, x, 0, 0) - 5 * u + 5 * u**3]


def parabola_waves(count: int) -> np.ndarray:
    """Cosine coefficients (count,) of x^2 on (-1, 1): 1/3, then 4 (-1)^k / (k pi)^2."""
    k = np.arange(1, count)
    return np.concatenate([[1 / 3], 4 * (-1.0) ** k / (np.pi * k) ** 2])


def initial_waves(count: int) -> np.ndarray:
    """Cosine coefficients (count,) of x^2 cos(pi x): half of those of x^2 before and after."""
    a = parabola_waves(count + 1)
    after, before = a[1:], np.concatenate([[0.0, 2 * a[0]], a[1 : count - 1]])
    return (before + after) / 2


_SMOOTH = torch.from_numpy(initial_waves(WAVES) + parabola_waves(WAVES))
_K = torch.pi * torch.arange(WAVES, dtype=torch.float64)


def diffused(x: Tensor, t: Tensor) -> Tensor:
    """S(t) u0 (n, 1) at x (n, 1) and t (n, 1) >= 0."""
    k, sizes = _K.to(x.device), _SMOOTH.to(x.device)
    smooth = (torch.cos(k * x) * torch.exp(-DIFFUSION * k**2 * t) * sizes).sum(dim=1, keepdim=True)
    width = torch.sqrt(4 * DIFFUSION * t.clamp_min(1e-14))
    kink = torch.zeros_like(x)
    for distance in (1 - x, 1 + x):
        z = distance / width
        kink = kink + width / (2 * torch.pi**0.5) * torch.exp(-(z**2)) - distance / 2 * torch.erfc(z)
    return smooth - x**2 - 2 * DIFFUSION * t + 4 * kink


def features(x: Tensor) -> Tensor:
    """Even waves of the period: the solution is its own mirror image, and so is the network's."""
    phase = torch.pi * x[:, :1] * torch.tensor([1.0, 2.0, 4.0], dtype=x.dtype)
    return torch.cat([torch.cos(phase), 2 * x[:, 1:2] - 1], dim=1)


def lift(x: Tensor, network: Tensor, c: Coefficients) -> Tensor:
    """S(t) u0 + t N: the start, and the kink that diffusion smooths."""
    return diffused(x[:, :1], x[:, 1:2]) + x[:, 1:2] * network


@lru_cache(maxsize=1)
def _remainder():
    """The remainder u - S(t) u0 of the same waves: those left out are in S(t) u0 alone."""
    n, degree = 2048, 96
    times, k = chebyshev_times(1.0, degree), np.arange(n // 2 + 1)
    transform = initial_waves(len(k)) * (-1.0) ** k * n / 2  # from x = -1 on
    transform[0] *= 2
    values = solve_periodic(
        np.fft.irfft(transform, n),
        2.0,
        lambda k: 5 - DIFFUSION * k**2,
        lambda u: -5 * np.fft.rfft(u**3),
        times,
        step=5e-4,
    )
    diffused_waves = transform * np.exp(-DIFFUSION * (np.pi * k) ** 2 * times[:, None])
    return space_time_series(values - np.fft.irfft(diffused_waves, n), -1.0, 2.0, 1.0)


def reference(x: Tensor, c: Coefficients) -> Tensor:
    """S(t) u0 plus the numerical series of the remainder, (n, 1)."""
    return diffused(x[:, :1], x[:, 1:2]) + _remainder()(x[:, :1], x[:, 1:2])


_domain = dde.geometry.GeometryXTime(LINE, TIME)

register(
    Problem(
        name="allen_cahn",
        coordinates=("x", "t"),
        outputs=("u",),
        geometry=LINE,
        time=TIME,
        residual=residual,
        lift=lift,
        reference=reference,
        features=features,
        conditions=(
            dde.icbc.IC(
                _domain, lambda x: x[:, :1] ** 2 * np.cos(np.pi * x[:, :1]), lambda _, on_initial: on_initial
            ),
            *(
                dde.icbc.PeriodicBC(_domain, 0, lambda _, on_boundary: on_boundary, derivative_order=order)
                for order in (0, 1)
            ),
        ),
        reference_floor=3e-6,
        condition_floor=2e-6,
        plan=TrainingPlan(
            Architecture((20, 20, 20)),
            Sampling(2500),
            first_steps=200,
            rounds=80,
            steps=20,
            tolerance=4e-5,
        ),
    )
)
