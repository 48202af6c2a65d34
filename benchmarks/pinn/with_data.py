"""A thermomechanical plate from few runs, from its equations, and from both together.

    python -m benchmarks.pinn.with_data --seeds 3 --figure docs/pinn_with_data.png

The heated plate of `heated_plate` with Biot's number B of its cooled end from 0.25 to 4 and the
expansion a from 0.5 to 1.5. Runs are finite elements at the first k points of a scrambled Sobol sequence, another for
each seed; every model is judged on the same 20 runs that none of them has seen, by the mean over the three fields
and the runs of the relative L2 error over all nodes.

    data alone: POD and a Gaussian process, or Bayesian regression, on whole fields
    equations alone: one physics-informed network over (x, y, a, B)
    both: the same network, plan and seed, with 100 values of each run as one more condition

All settings were fixed before the runs of these seeds were looked at.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from skfem import Basis, ElementTriP2, ElementVector, FacetBasis, MeshTri
from threadpoolctl import threadpool_limits

from fieldwright.physics.equations.conditions import SoftCondition
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.equations.problem import Problem, Unknown
from fieldwright.physics.equations.problems import heated_plate as plate
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan
from fieldwright.physics.solvers.heat_conduction import solve_temperature
from fieldwright.physics.solvers.sampling import sobol_points
from fieldwright.physics.solvers.sparse_solve import solve_positive_definite
from fieldwright.physics.solvers.thermoelasticity import (
    ThermoelasticSheet,
    edge_load,
    stiffness,
    thermal_load,
)
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import line_style, panels, png
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config

BOX = {"a": (0.5, 1.5), "B": (0.25, 4.0)}
FIELDS = ("theta", "u", "v")
RUNS = (2, 3, 4, 5, 6)
TEST_RUNS, TEST_SEED, FIRST_SEED = 20, 4711, 300
VALUES = 100
"""Places of each run that the network learns from."""
WEIGHT = 100.0
"""Of their misfits: runs are exact, and a residual has to be small to say as much of the field."""
PLAN = TrainingPlan(
    Architecture((16, 16)), Sampling(300), first_steps=100, look_every=100, rounds=4, steps=15, tolerance=1e-6
)
COPIES = 6
"""Of the points on each edge, every one of other coefficients."""


def parametric_plate() -> Problem:
    """The plate's equations with B varied beside a; no reference: what it is judged by are runs."""
    known = problem_named("heated_plate")

    def cooled(x, u, c):
        return derivative(u, x, 0, of=0) + c["B"] * u[:, :1]

    conditions = [replace(known.soft[0], condition=cooled), *known.soft[1:]]
    soft = tuple(
        SoftCondition(one.condition, np.tile(one.points, (COPIES, 1)), one.weight) for one in conditions
    )
    unknowns = (Unknown("a", 1.0, *BOX["a"]), Unknown("B", 1.0, *BOX["B"]))
    return replace(known, name="heated_plate_by_cooling", soft=soft, unknowns=unknowns, reference=None)


@lru_cache(maxsize=1)
def mesh() -> MeshTri:
    """A quarter of the plate, 25 x 13 vertices."""
    return MeshTri.init_tensor(
        np.linspace(0, plate.LENGTH, 25), np.linspace(0, plate.WIDTH, 13)
    ).with_boundaries(
        {
            "left": lambda x: np.isclose(x[0], 0),
            "bottom": lambda x: np.isclose(x[1], 0),
            "right": lambda x: np.isclose(x[0], plate.LENGTH),
        }
    )


def run(a: float, biot: float) -> np.ndarray:
    """theta, u, v (nodes, 3) at the vertices, by quadratic finite elements."""
    grid, scalar, vector = mesh(), ElementTriP2(), ElementVector(ElementTriP2())
    heat, motion = Basis(grid, scalar), Basis(grid, vector)
    cooled, pulled = FacetBasis(grid, scalar, facets="right"), FacetBasis(grid, vector, facets="right")
    source = heat.project(lambda x: plate.source(x[0], x[1]))
    load = _mass(heat) @ source
    theta = solve_temperature(heat, cooled, load, conductance=1.0, film=biot, ambient=0.0)
    sheet = ThermoelasticSheet(1.0, plate.POISSON, a, 1.0)
    forces = thermal_load(motion, sheet, np.asarray(heat.interpolate(theta)))
    forces = forces + edge_load(pulled, sheet, (plate.TENSION, 0.0))
    fixed = np.append(motion.get_dofs("left").all("u^1"), motion.get_dofs("bottom").all("u^2"))
    moved = solve_positive_definite(stiffness(motion, sheet), forces, fixed=fixed)
    return np.vstack([theta[heat.nodal_dofs[0]], moved[motion.nodal_dofs]]).T


def _mass(basis: Basis):
    from skfem.models.poisson import mass

    return mass.assemble(basis)


def runs_at(x: np.ndarray) -> np.ndarray:
    """(n, nodes, 3) at parameters x (n, 2)."""
    return np.stack([run(*row) for row in x.tolist()])


def by_data(kind: str, x: np.ndarray, fields: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    """What a POD surrogate of this kind predicts at `asked` (q, 2) from runs (k, nodes, 3)."""
    targets = {name: fields[..., j, None] for j, name in enumerate(FIELDS)}
    reductions = {name: reduction_config({"kind": "svd", "energy": 0.9999999999}) for name in FIELDS}
    emulator = Emulator.fit(kind_config({"kind": kind}), reductions, x, targets, seed)
    latent = emulator.latent(asked)
    decoded = [emulator.fields[name].at(asked).mean(latent[name][0])[:, 0, :, 0] for name in FIELDS]
    return np.stack(decoded, axis=-1)


def by_equations(measured: Measurements | None, asked: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """What the network says at `asked`, trained with or without measured values, and its held-out residual."""
    pinn = train_pinn(parametric_plate(), PLAN, seed, varied=("a", "B"), measured=measured)
    points = mesh().p.T
    rows = [np.hstack([points, np.tile(one, (len(points), 1))]) for one in asked]
    return np.stack([pinn.predict(one) for one in rows]), pinn.residual


def measurements(x: np.ndarray, fields: np.ndarray, seed: int) -> Measurements:
    """VALUES places of each run."""
    rng = np.random.default_rng(seed)
    inputs, values = [], []
    for row, one in zip(x, fields, strict=True):
        drawn = rng.choice(len(one), VALUES, replace=False)
        inputs.append(np.hstack([mesh().p.T[drawn], np.tile(row, (VALUES, 1))]))
        values.append(one[drawn])
    return Measurements(np.concatenate(inputs), np.concatenate(values), WEIGHT)


def error(predicted: np.ndarray, true: np.ndarray) -> float:
    """Mean over runs and fields of the relative L2 error over the nodes, of (q, nodes, 3)."""
    return float(np.mean(np.linalg.norm(predicted - true, axis=1) / np.linalg.norm(true, axis=1)))


def compared(seed: int) -> dict[str, list[float]]:
    """Method to its errors by number of runs."""
    asked = sobol_points(BOX, TEST_RUNS, TEST_SEED)
    true = runs_at(asked)
    x = sobol_points(BOX, max(RUNS), FIRST_SEED + seed)
    fields = runs_at(x)
    begin = time.process_time()
    alone, residual = by_equations(None, asked, seed)
    found = {"equations alone": [error(alone, true)] * len(RUNS)}
    print(
        f"seed {seed}: equations alone {found['equations alone'][0]:.2e}, residual {residual:.1e}, "
        f"{time.process_time() - begin:.0f} s",
        flush=True,
    )
    for k in RUNS:
        for kind in ("gp", "bayes"):
            found.setdefault(f"data alone, {kind}", []).append(
                error(by_data(kind, x[:k], fields[:k], asked, seed), true)
            )
        both, _ = by_equations(measurements(x[:k], fields[:k], seed), asked, seed)
        found.setdefault("both", []).append(error(both, true))
        print(
            f"  {k} runs: " + ", ".join(f"{name} {errors[-1]:.2e}" for name, errors in found.items()),
            flush=True,
        )
    return found


def drawn(results: list[dict[str, list[float]]], path: Path) -> None:
    """Mean over the seeds, each seed as a dot."""
    figure, (ax,) = panels()
    for i, name in enumerate(results[0]):
        errors = np.array([one[name] for one in results])
        style = line_style(i)
        ax.semilogy(RUNS, errors.mean(axis=0), label=name, **style)
        for one in errors:
            ax.semilogy(RUNS, one, ls="", marker=style["marker"], ms=2.0, color=style["color"], alpha=0.6)
    label(ax, "runs", "relative L2 error, runs never seen")
    ax.set_xticks(RUNS)
    ax.grid(alpha=0.3, which="both")
    ax.legend(fontsize=7, frameon=False)
    path.write_bytes(png(figure))


def main() -> None:
    """Runs all seeds and prints the mean errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--save", type=Path, help="errors as JSON, to be drawn together later")
    parser.add_argument("--saved", type=Path, nargs="*", default=[], help="errors of earlier calls")
    given = parser.parse_args()
    results = [one for path in given.saved for one in json.loads(path.read_text())]
    with threadpool_limits(1):
        results += [compared(given.first + seed) for seed in range(given.seeds)]
    for name in results[0]:
        errors = np.array([one[name] for one in results])
        print(f"{name:<20}" + "  ".join(f"{value:.2e}" for value in errors.mean(axis=0)))
    if given.save is not None:
        given.save.write_text(json.dumps(results))
    if given.figure is not None:
        drawn(results, given.figure)


if __name__ == "__main__":
    main()
