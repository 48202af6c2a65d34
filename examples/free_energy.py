"""A material law learned as a free energy: stress and stiffness are its derivatives, objectivity needs no learning.

    python -m examples.free_energy [folder]

learns from stresses of a rubber (compressible Neo-Hooke, as a stand-in for tests or a finer simulation) under random
deformations, and draws uniaxial tension and simple shear, neither of them trained on, into folder/free_energy.png. A
network that maps strain to stress learns the same data beside it: it is a hundred times worse on new deformations,
and breaks what the energy cannot: it sees a rotation, and wins work from a closed loop.

The energy Psi(I, II, III) depends on the right Cauchy-Green tensor C = F^T F through its invariants I = tr C,
II = (tr(C)^2 - tr(C^2)) / 2, III = det C alone: no rotation before or after the deformation changes it. The second
Piola-Kirchhoff stress is S = 2 dPsi/dC, the stiffness 4 d2Psi/dC2: symmetric, whatever was learned. The stress
vanishes at C = 1 because a multiple of log(III) is taken off. Source: Holzapfel, Nonlinear Solid Mechanics, 2000,
6.1 to 6.6; Linka & Kuhl, Comput. Methods Appl. Mech. Eng. 403, 2023.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.func import grad, hessian, vmap

from fieldwright.surrogates import figures

SHEAR, BULK = 0.4, 2.0
"""Moduli of the true material in MPa."""
VOIGT = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2))


def neo_hooke(c: torch.Tensor) -> torch.Tensor:
    """Psi (MPa) at C (3, 3): mu/2 (I - 3 - log III) + kappa/8 log(III)^2."""
    first, _, third = invariants(c)
    return SHEAR / 2.0 * (first - 3.0 - torch.log(third)) + BULK / 8.0 * torch.log(third) ** 2


def stress_of(energy: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    """S = 2 dPsi/dC (n, 3, 3) in MPa at C (n, 3, 3); the derivative by a symmetric tensor is symmetric."""

    def stress(c: torch.Tensor) -> torch.Tensor:
        slope = grad(energy)(c)
        return slope + slope.T

    return vmap(stress)


def stiffness_of(energy: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    """4 d2Psi/dC2 (n, 6, 6) in MPa, the components of C in the order 11, 22, 33, 12, 23, 13."""
    basis = torch.zeros(6, 3, 3, dtype=torch.float64)
    for k, (i, j) in enumerate(VOIGT):
        basis[k, i, j] += 0.5
        basis[k, j, i] += 0.5
    return vmap(lambda c: 4.0 * torch.einsum("aij,ijkl,bkl->ab", basis, hessian(energy)(c), basis))


def invariants(c: torch.Tensor) -> torch.Tensor:
    """(3,) I, II, III of C (3, 3)."""
    # III by traces (Cayley-Hamilton): the second derivative of torch's determinant is NaN at C = 1.
    first, square, cube = torch.trace(c), torch.trace(c @ c), torch.trace(c @ c @ c)
    third = (first**3 - 3.0 * first * square + 2.0 * cube) / 6.0
    return torch.stack([first, (first**2 - square) / 2.0, third])


class Energy(torch.nn.Module):
    """Psi = N(I - 3, II - 3, log III) - N(0) - a/2 log III, with a such that the stress at C = 1 is zero.

    At C = 1 all of dI/dC, dII/dC / 2 and d log III/dC are the identity: a/2 = N_1 + 2 N_2 + N_3 there.
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.network = torch.nn.Sequential(
            torch.nn.Linear(3, width), torch.nn.Softplus(), torch.nn.Linear(width, width), torch.nn.Softplus()
        ).double()
        self.last = torch.nn.Linear(width, 1, bias=False).double()

    def _free(self, arguments: torch.Tensor) -> torch.Tensor:
        return self.last(self.network(arguments))[0]

    def forward(self, c: torch.Tensor) -> torch.Tensor:
        first, second, third = invariants(c)
        arguments = torch.stack([first - 3.0, second - 3.0, torch.log(third)])
        rest = torch.zeros_like(arguments)
        slopes = grad(self._free)(rest)
        undone = slopes[0] + 2.0 * slopes[1] + slopes[2]
        return self._free(arguments) - self._free(rest) - undone * torch.log(third)


def deformations(count: int, seed: int, size: float = 0.25) -> torch.Tensor:
    """C (count, 3, 3) of random deformation gradients 1 + G, the entries of G uniform in [-size, size]."""
    rng = np.random.default_rng(seed)
    f = torch.from_numpy(np.eye(3) + rng.uniform(-size, size, (count, 3, 3)))
    return f.mT @ f


def train(model: torch.nn.Module, loss: Callable[[], torch.Tensor], iterations: int) -> None:
    """L-BFGS with all data at once."""
    optimiser = torch.optim.LBFGS(
        model.parameters(),
        max_iter=iterations,
        history_size=50,
        line_search_fn="strong_wolfe",
        tolerance_change=0.0,
        tolerance_grad=0.0,
    )

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(closure)


def learned_energy(c: torch.Tensor, seed: int, iterations: int = 400) -> Energy:
    """The energy whose stresses at C (n, 3, 3) are those of the true material."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        energy = Energy()
    true = stress_of(neo_hooke)(c)
    train(energy, lambda: (stress_of(energy)(c) - true).square().mean() / true.square().mean(), iterations)
    return energy


def learned_stress(
    c: torch.Tensor, seed: int, iterations: int = 400
) -> Callable[[torch.Tensor], torch.Tensor]:
    """A plain network from the six components of C to the six of S, learned from the same stresses."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = torch.nn.Sequential(
            torch.nn.Linear(6, 24), torch.nn.Softplus(), torch.nn.Linear(24, 24), torch.nn.Softplus(),
            torch.nn.Linear(24, 6),
        ).double()  # fmt: skip
    rows, columns = (list(index) for index in zip(*VOIGT, strict=True))

    def stress(c: torch.Tensor) -> torch.Tensor:
        six = network(c[:, rows, columns] - torch.eye(3, dtype=torch.float64)[rows, columns])
        s = torch.zeros(len(c), 3, 3, dtype=torch.float64)
        s[:, rows, columns] = six
        s[:, columns, rows] = six
        return s

    true = stress_of(neo_hooke)(c)
    train(network, lambda: (stress(c) - true).square().mean() / true.square().mean(), iterations)
    return stress


def relative(found: torch.Tensor, true: torch.Tensor) -> float:
    """|found - true| / |true|."""
    return float((torch.linalg.norm(found - true) / torch.linalg.norm(true)).detach())


def objectivity_error(stress: Callable[[torch.Tensor], torch.Tensor], c: torch.Tensor, seed: int) -> float:
    """|S(Q C Q^T) - Q S(C) Q^T| / |S(C)| for random rotations Q: zero for an isotropic material."""
    rng = np.random.default_rng(seed)
    q, r = np.linalg.qr(rng.standard_normal((len(c), 3, 3)))
    turn = torch.from_numpy(q * np.sign(np.einsum("nii->ni", r))[:, None, :])
    return relative(stress(turn @ c @ turn.mT), turn @ stress(c) @ turn.mT)


def work_round_a_loop(stress: Callable[[torch.Tensor], torch.Tensor]) -> float:
    """Net work over a closed loop of stretch and shear, relative to the work on its way: zero for an energy."""
    angle = torch.linspace(0.0, 2.0 * np.pi, 401, dtype=torch.float64)
    f = torch.eye(3, dtype=torch.float64).repeat(len(angle), 1, 1)
    f[:, 0, 0] += 0.15 * (1.0 - torch.cos(angle))
    f[:, 0, 1] += 0.2 * torch.sin(angle)
    c = f.mT @ f
    middle, step = (c[1:] + c[:-1]) / 2.0, c[1:] - c[:-1]
    work = (stress(middle) * step).sum(dim=(1, 2)) / 2.0
    return float((work.sum().abs() / work.abs().sum()).detach())


def main(folder: Path) -> dict[str, float]:
    """Trains both, draws the figure, and returns their errors by name."""
    seen, new = deformations(120, seed=0), deformations(400, seed=1)
    energy, plain = learned_energy(seen, seed=0), learned_stress(seen, seed=0)
    models = {"energy": stress_of(energy), "plain": plain}
    true = stress_of(neo_hooke)
    found = {}
    for name, stress in models.items():
        found[f"{name}.new"] = relative(stress(new), true(new))
        found[f"{name}.objectivity"] = objectivity_error(stress, new, seed=2)
        found[f"{name}.loop"] = work_round_a_loop(stress)
    found["energy.stiffness"] = relative(stiffness_of(energy)(new[:50]), stiffness_of(neo_hooke)(new[:50]))
    found["energy.rest"] = float(
        models["energy"](torch.eye(3, dtype=torch.float64)[None]).detach().abs().max()
    )

    figure, axes = figures.panels(1, 2)
    amount = torch.linspace(-0.3, 0.45, 61, dtype=torch.float64)
    for ax, what in zip(axes, ("uniaxial stretch", "simple shear"), strict=True):
        f = torch.eye(3, dtype=torch.float64).repeat(len(amount), 1, 1)
        i, j = (0, 0) if what == "uniaxial stretch" else (0, 1)
        f[:, i, j] += amount
        c = f.mT @ f
        for stress, style, label in (
            (true, "k-", "true"), (models["energy"], "C0--", "free energy"), (plain, "C1:", "plain network")
        ):  # fmt: skip
            first_piola = f @ stress(c).detach()
            ax.plot(amount.numpy(), first_piola[:, i, j].numpy(), style, label=label)
        ax.axvspan(-0.25, 0.25, color="0.92", zorder=0)
        figures.label(ax, what, f"P{i + 1}{j + 1}", y_unit="MPa", title=what)
        ax.legend(frameon=False, fontsize=8)
    figure.savefig(folder / "free_energy.png", dpi=150)
    return found


if __name__ == "__main__":
    for key, value in main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")).items():
        print(f"{key:20} {value:.2e}")
