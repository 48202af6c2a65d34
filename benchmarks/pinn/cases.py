"""What `benchmarks.pinn` solves: problems with what is measured, the aim, and the best that others published."""

from __future__ import annotations

import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.formats.openfoam import OpenFoamReader
from fieldwright.physics.equations.measurements import (
    Measurements,
    measured_in_snapshots,
    measured_on_reference,
)
from fieldwright.physics.equations.problem import Problem

WAKE = Path("../shared/data/runs/of_cylinder_re100.tar.xz")
MEASUREMENTS_SEED = 0
RAISSI = "Raissi et al. 2019"
BROYDEN = "self-scaled Broyden with residual attention, Kiyani et al. 2025"
PINNACLE = "best of PINNacle, Hao et al. 2024"


@dataclass(frozen=True)
class Case:
    """A problem, the aim of its error (of coefficients where estimated), what is estimated from n measurements."""

    problem: str
    aim: float | None
    published: str = ""
    estimated: tuple[str, ...] = ()
    n: int = 0
    noise: float = 0.0

    def measured(self, problem: Problem) -> Measurements | None:
        """The measurements, the same for every seed of the training."""
        if not self.estimated:
            return None
        if problem.reference is None:
            return wake_measurements(problem, self.n, self.noise)
        return measured_on_reference(problem, self.n, self.noise, MEASUREMENTS_SEED)


def wake_measurements(problem: Problem, n: int, noise: float) -> Measurements:
    """Velocities of a simulation of the cylinder at Re = 100, six units of time from t = 80; no pressure."""
    times = {"constant", "system", *(f"{t:g}" for t in np.arange(80, 86.01, 0.5))}
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(WAKE) as archive:
            wanted = [m for m in archive.getmembers() if set(m.name.split("/")) & times]
            archive.extractall(folder, wanted, filter="data")
        run = OpenFoamReader().read(Path(folder) / "cylinder_re100")
    velocity = run.fields["U"].values[..., :2]
    values = np.concatenate([velocity, np.full((*velocity.shape[:2], 1), np.nan)], axis=2)
    points = run.mesh.cell_centres[:, :2]
    return measured_in_snapshots(problem, points, run.times - 80, values, n, noise, MEASUREMENTS_SEED)


BOTH, THREE = ("l", "nu"), ("s", "r", "b")
CASES = {
    "second_order_bvp": Case("second_order_bvp", 1e-6),
    "damped_oscillator": Case("damped_oscillator", 1e-6),
    "lotka_volterra": Case("lotka_volterra", 1e-6),
    "van_der_pol": Case("van_der_pol", 1e-6),
    "beam_on_elastic_foundation": Case("beam_on_elastic_foundation", 1e-6),
    "poisson_multiscale": Case("poisson_multiscale", 1e-6),
    "burgers": Case("burgers", 1e-6, f"8e-9 ({BROYDEN}); 6.7e-4 ({RAISSI})"),
    "heat_high_frequency": Case(
        "heat_high_frequency", 1e-5, f"6.2e-2, another multi-scale heat ({PINNACLE})"
    ),
    "helmholtz": Case("helmholtz", 1e-5),
    "allen_cahn": Case("allen_cahn", 1e-5, f"1.9e-6 ({BROYDEN}); 5.4e-5 (jaxpi, Wang et al. 2023)"),
    "heated_plate": Case("heated_plate", 1e-5),
    "wave_multiscale": Case("wave_multiscale", 3e-5, f"9.8e-2, another wave ({PINNACLE})"),
    "poisson_plane_multiscale": Case("poisson_plane_multiscale", 1e-4, f"0.59, another plane ({PINNACLE})"),
    "poisson_l_shape": Case("poisson_l_shape", 1e-5),
    "korteweg_de_vries": Case(
        "korteweg_de_vries", 1e-4, f"2.2e-6 ({BROYDEN}); 4.3e-4 (PirateNet, Wang et al. 2024)"
    ),
    "schroedinger": Case("schroedinger", None, f"2.0e-3, periodic ends ({RAISSI})"),
    "lid_driven_cavity": Case("lid_driven_cavity", 1e-2),
    "lorenz": Case("lorenz", 1e-3, "", THREE, 40),
    "lorenz, 1 % noise": Case("lorenz", 1e-2, "", THREE, 40, 0.01),
    "burgers_inverse": Case("burgers_inverse", 1e-3, f"nu 1.2e-3, l 8.5e-4 ({RAISSI})", BOTH, 2000),
    "burgers_inverse, 1 % noise": Case(
        "burgers_inverse", 1e-2, f"nu 8.4e-3, l 4.2e-4 ({RAISSI})", BOTH, 2000, 0.01
    ),
    "cylinder_wake": Case("cylinder_wake", 1e-3, f"nu 4.7e-2, l 7.8e-4, its own data ({RAISSI})", BOTH, 5000),
    "cylinder_wake, 1 % noise": Case(
        "cylinder_wake", 1e-2, f"nu 5.7e-2, l 1.7e-3, its own data ({RAISSI})", BOTH, 5000, 0.01
    ),
}
