"""The families of runs that `benchmarks.surrogates` learns from: parameters and fields, samples as rows."""

from __future__ import annotations

import re
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

REAL = Path(__file__).parents[3] / "shared" / "data"
PLATE_RUNS = 264
PLATE_DIVISIONS = 12


@dataclass(frozen=True)
class Sizes:
    """How much is measured: folds of the fields, seconds of a search in one fold, designs of each scalar function,
    splits of the bands."""

    folds: int
    seconds: float
    repeats: int
    splits: int


@dataclass(frozen=True, eq=False)
class FieldSet:
    """x: (n, p). fields: name to values (n, [t,] points, components)."""

    x: np.ndarray
    fields: dict[str, np.ndarray]


def airfoil() -> FieldSet:
    """Pressure round a transonic section, 100 runs, 1 parameter, shocks that move."""
    found = np.load(REAL / "rom" / "airfoil_transonic.npz")
    return FieldSet(found["params"], {"pressure": found["pressure"][..., None]})


def graetz() -> FieldSet:
    """Advection and diffusion, 200 runs, 2 parameters over two decades."""
    found = np.load(REAL / "rom" / "graetz.npz")
    return FieldSet(found["params"], {"temperature": found["snapshots"][..., None]})


def navier_stokes() -> FieldSet:
    """Pressure of a steady flow, 500 runs, 1 parameter."""
    found = np.load(REAL / "rom" / "navier_stokes.npz")
    points = found["coords"].shape[1]
    return FieldSet(found["params"], {"pressure": found["snapshots"][:, 2 * points :, None]})


def heat_sink() -> FieldSet:
    """Temperature above the ambient of a heat sink, 14 runs, 60 times, 3 parameters, FreeFEM."""
    from fieldwright.data.formats import reader_for

    x, fields = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        tarfile.open(REAL / "runs" / "ff_heatsink_transient.tar.xz") as tar,
    ):
        tar.extractall(folder, filter="data")
        for run in sorted(Path(folder).glob("heatsink/run*")):
            said = (run / "params.edp").read_text(encoding="utf-8")
            x.append([float(re.search(rf"\b{name}\s*=\s*([-+.\deE]+)", said)[1]) for name in "khq"])  # type: ignore
            fields.append(reader_for(run / "results").read(run / "results", ["Temperature"]))
    values = np.stack([run.fields["Temperature"].values for run in fields])
    return FieldSet(np.array(x), {"temperature": values - 293.15})


def plate() -> FieldSet:
    """The heated plate of the demo on a coarse mesh, 264 runs, 5 parameters."""
    from fieldwright.physics.solvers.plate import BOUNDS
    from fieldwright.physics.solvers.sampling import sobol_points

    return _solved(sobol_points(BOUNDS, PLATE_RUNS, 0))


def plates() -> FieldSet:
    """20 designs of 64 such runs, one after another, of other seeds."""
    from fieldwright.physics.solvers.plate import BOUNDS
    from fieldwright.physics.solvers.sampling import sobol_points

    return _solved(np.vstack([sobol_points(BOUNDS, 64, seed) for seed in range(1, 21)]))


def many_plates() -> FieldSet:
    """5,500 such runs on a coarser mesh."""
    from fieldwright.physics.solvers.plate import BOUNDS
    from fieldwright.physics.solvers.sampling import sobol_points

    return _solved(sobol_points(BOUNDS, 5500, 100), divisions=4)


def _solved(x: np.ndarray, divisions: int = PLATE_DIVISIONS) -> FieldSet:
    from fieldwright.physics.solvers.plate import PlateParameters
    from fieldwright.physics.solvers.plate_solver import PlateSolver

    solver = PlateSolver(divisions=divisions)
    runs = [solver.solve(PlateParameters(*map(float, row))) for row in x]
    return FieldSet(
        x,
        {
            "temperature": np.stack([run.temperature for run in runs])[..., None],
            "displacement": np.stack([run.displacement[:, :2] for run in runs]),
            "von_mises": np.stack([run.von_mises for run in runs])[..., None],
        },
    )


def _generated(name: str) -> FieldSet:
    from benchmarks.surrogates.generated import GENERATED

    family, _, seed = name.partition(" seed ")
    x, values = GENERATED[family](int(seed))
    return FieldSet(x, {"field": values})


SETS: dict[str, Callable[[], FieldSet]] = {
    "airfoil_transonic": airfoil,
    "graetz": graetz,
    "navier_stokes": navier_stokes,
    "heat_sink": heat_sink,
    "plate": plate,
    "plates": plates,
    "many plates": many_plates,
}


def load(name: str, folder: Path) -> FieldSet:
    """The set of that name, kept in the folder once it was made; "deim seed 3" is made by the seed 3."""
    kept = folder / f"{name}.npz"
    if not kept.exists():
        made = _generated(name) if " seed " in name else SETS[name]()
        np.savez(kept, x=made.x, **made.fields)
    found = np.load(kept, allow_pickle=False)
    return FieldSet(found["x"], {key: found[key] for key in found if key != "x"})
