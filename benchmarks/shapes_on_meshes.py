"""Sweeps of geometry on meshes: a beam of one connectivity, and a plate with a hole that is meshed anew for each run.

    python -m benchmarks.shapes_on_meshes [beam|plate|size ...]      (run from the root of the checkout)

Both are solved as plane stress by scikit-fem with elements of order 2. 30 runs are learned, others are predicted; the
predicted field is read at the nodes of each run's own mesh, off the predicted mesh. RRMSE is that of the PLAID
benchmarks, the root mean square over runs of |error|^2 / (n max|u|^2). `map` is what interpolation to the first run's
mesh makes of the same sweep. `size` morphs a mesh of 100,000 nodes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy.stats import qmc
from skfem import (
    Basis,
    BilinearForm,
    ElementQuad1,
    ElementQuad2,
    ElementTriP1,
    ElementTriP2,
    ElementVector,
    FacetBasis,
    LinearForm,
    MeshQuad,
    MeshTri,
    condense,
    solve,
)
from skfem.helpers import ddot, eye, sym_grad, trace

from benchmarks.plates import kirsch, plate_with_hole
from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.mesh.mapping import Mapping as MeshMapping
from fieldwright.data.mesh.measures import point_shares
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.own_meshes.morphing import Morphing, loss_of
from fieldwright.data.mesh.own_meshes.own_coordinates import COORDINATES, on_own_coordinates, own_mesh
from fieldwright.data.mesh.own_meshes.plane_interpolation import plane_interpolation
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

TRAINING, TEST = 30, 98
POISSON = 0.3
LAMBDA, MU = POISSON / (1 - POISSON**2), 0.5 / (1 + POISSON)
"""Of plane stress, for a modulus of 1."""
KINDS = ("gp", "rbf")


@BilinearForm
def stiffness(u, v, w):
    """The work of the stress of u in the strain of v."""
    strain = sym_grad(u)
    return ddot(LAMBDA * eye(trace(strain), 2) + 2 * MU * strain, sym_grad(v))


def solved(mesh: MeshQuad | MeshTri, pull: tuple[float, float]) -> dict[str, np.ndarray]:
    """Displacement (n, 2) and stress xx, yy, xy (n, 3) at the nodes, held at the left and pulled at the right."""
    first, second = (
        (ElementQuad1(), ElementQuad2()) if isinstance(mesh, MeshQuad) else (ElementTriP1(), ElementTriP2())
    )
    basis = Basis(mesh, ElementVector(second), intorder=4)
    x = mesh.p[0]
    right = mesh.facets_satisfying(lambda p: np.isclose(p[0], x.max()), boundaries_only=True)
    left = mesh.facets_satisfying(lambda p: np.isclose(p[0], x.min()), boundaries_only=True)
    side = FacetBasis(mesh, ElementVector(second), facets=right, intorder=4)
    load = LinearForm(lambda v, w: pull[0] * v[0] + pull[1] * v[1]).assemble(side)
    u = np.asarray(solve(*condense(stiffness.assemble(basis), load, D=basis.get_dofs(left))))
    strain = sym_grad(cast(Any, basis.interpolate(u)))
    stress = LAMBDA * eye(trace(strain), 2) + 2 * MU * strain
    nodal = Basis(mesh, first, intorder=4)
    parts = [nodal.project(stress[i, j]) for i, j in ((0, 0), (1, 1), (0, 1))]
    displacement = u[np.asarray(basis.nodal_dofs)].T
    return {"displacement": displacement, "stress": np.stack(parts, axis=1)}


def beam(length: float, height: float, taper: float, seed: int) -> Run:
    """A cantilever of 41 x 9 nodes whose height falls to a share of it, bent at its end."""
    mesh = MeshQuad.init_tensor(np.linspace(0, 1, 41), np.linspace(-0.5, 0.5, 9))
    s, t = mesh.p
    return run_on(
        MeshQuad(np.stack([length * s, height * t * (1 - (1 - taper) * s)]), mesh.t), "quad", (0.0, 0.01)
    )


def plate(radius: float, aspect: float, offset: float, seed: int) -> Run:
    """A square with an elliptic hole off its middle, pulled at the right."""
    of_hole = plate_with_hole(radius, 0.07, seed, (offset, 0.0), aspect)
    return run_on(
        MeshTri(of_hole.points[:, :2].T.copy(), of_hole.cells["triangle"].T.copy()), "triangle", (1.0, 0.0)
    )


def run_on(mesh: MeshQuad | MeshTri, kind: str, pull: tuple[float, float]) -> Run:
    """The solved run as a reader would give it."""
    points = np.column_stack([mesh.p.T, np.zeros(mesh.p.shape[1])])
    names = {"displacement": ("x", "y"), "stress": ("xx", "yy", "xy")}
    fields = {name: Field(values[None], "point", names[name]) for name, values in solved(mesh, pull).items()}
    return Run(Mesh(points, {kind: mesh.t.T.astype(np.int64)}), fields)


@dataclass(frozen=True, eq=False)
class Sweep:
    """Parameters (n, p) and runs, those to learn from first; bring: a run to the first one's mesh."""

    name: str
    x: np.ndarray
    runs: Sequence[Run]
    bring: Callable[[Run], Run]


def sweep(name: str, of_run: Callable[..., Run], low: Sequence[float], high: Sequence[float]) -> Sweep:
    """The runs at points of Sobol's sequence."""
    unit = qmc.Sobol(len(low), rng=np.random.default_rng(0)).random(TRAINING + TEST)
    x = np.array(low) + unit * (np.array(high) - np.array(low))
    start = time.process_time()
    runs = [of_run(*row, seed=k) for k, row in enumerate(x)]
    seconds = time.process_time() - start
    print(f"{name}: {len(runs)} runs of about {runs[0].mesh.n_points} nodes solved in {seconds:.0f} CPU s")
    reference = runs[0].mesh
    if name == "beam":
        return Sweep(name, x, runs, lambda run: on_own_coordinates(run, reference))
    morphing = Morphing(reference)
    return Sweep(name, x, runs, lambda run: morphing(run, 1.0))


def show(one: Sweep) -> None:
    """Errors on each left-out run's own mesh, coverage and seconds, kind by kind; and what `map` accepts."""
    mapping, accepted = MeshMapping(one.runs[0].mesh), 0
    for run in one.runs[1:]:
        try:
            mapping(run, 0.1)
            accepted += 1
        except RunRejected:
            pass
    print(f"  map: {accepted} of {len(one.runs) - 1} other runs accepted")
    start = time.process_time()
    brought = [one.bring(run) for run in one.runs]
    print(f"  brought to one mesh in {(time.process_time() - start) / len(brought):.2f} CPU s a run")
    for note in brought[1].notes:
        print(f"  {note}")
    names = [*one.runs[0].fields, COORDINATES]
    targets = {name: np.stack([run.fields[name].values[0] for run in brought]) for name in names}
    targets[COORDINATES] = targets[COORDINATES][..., :2]
    reference = brought[0].mesh
    shares = [
        point_shares(own_mesh(reference, run.fields[COORDINATES].values[0])) for run in brought[:TRAINING]
    ]
    weights = dict.fromkeys(names, np.asarray(np.mean(shares, axis=0)))
    infos = [
        FieldInfo(name=name, components=tuple("abc"[: values.shape[-1]]), n_points=values.shape[1])
        for name, values in targets.items()
    ]
    for kind in KINDS:
        start = time.process_time()
        reductions = {name: reduction_config({"kind": "svd", "energy": 1 - 1e-10}) for name in names}
        config, x = kind_config({"kind": kind}), one.x[:TRAINING]
        learned = {name: values[:TRAINING] for name, values in targets.items()}
        validation = cross_validate(config, reductions, x, learned, folds=10, seed=0, weights=weights)
        losses = {
            name: np.stack([run.fields[loss_of(name)].values[0] for run in brought[:TRAINING]])
            for name in names
            if loss_of(name) in brought[0].fields
        }
        surrogate = Surrogate.train(
            config,
            reductions,
            x,
            learned,
            parameters=[ParameterInfo(name=f"p{k}") for k in range(x.shape[1])],
            fields=infos,
            points=dict.fromkeys(names, reference.points),
            cells=reference.cells,
            cross_validation=validation,
            seed=0,
            name=one.name,
            losses=losses,
        )
        seconds = time.process_time() - start
        answer = surrogate.predict(one.x[TRAINING:], names)
        print(
            f"  {kind}: learned in {seconds:.0f} CPU s"
            + "".join(_numbers(one, reference, answer, n) for n in names)
        )


def _numbers(one: Sweep, reference: Mesh, answer, name: str) -> str:
    """Read off the predicted mesh at the nodes of the own one; where meshes differ, also with the own mesh given."""
    coordinates = answer.fields[COORDINATES].mean

    def read_off(run: Run, k: int):
        return plane_interpolation(coordinates[k], reference.cells, run.mesh.points[:, :2])[0]

    text = _errors(one, reference, answer, name, read_off)
    if one.name == "plate" and name != COORDINATES:
        morphing = Morphing(reference)

        def given(run: Run, k: int):
            return morphing.between(run.mesh, {"point"}).backward["point"]

        text += _errors(one, reference, answer, name, given) + ", the mesh given"
    return text


def _errors(one: Sweep, reference: Mesh, answer, name: str, way: Callable[[Run, int], Any]) -> str:
    """way: from a run and its number the matrix that takes values from the study's nodes to its own."""
    band, errors, shares, inside = answer.fields[name], [], [], []
    for k, run in enumerate(one.runs[TRAINING:]):
        if name == COORDINATES:
            # Where the nodes of the first mesh lie in the run: the predicted ones against those that were carried.
            true = one.bring(run).fields[COORDINATES].values[0, :, :2]
            mean, lower, upper = band.mean[k], band.lower[k], band.upper[k]
            area = point_shares(reference)
        else:
            weights, true = way(run, k), run.fields[name].values[0]
            mean, lower, upper = (weights @ values[k] for values in (band.mean, band.lower, band.upper))
            area = point_shares(run.mesh)
        square = area @ np.sum((mean - true) ** 2, axis=1)
        errors.append(np.sqrt(square / (area @ np.sum(true**2, axis=1))))
        shares.append(np.mean((mean - true) ** 2) / np.max(np.abs(true)) ** 2)
        inside.append(np.mean((true >= lower) & (true <= upper)))
    return (
        f"\n    {name:13} relative L2 median {np.median(errors):.2e}, largest {np.max(errors):.2e}, "
        f"RRMSE {np.sqrt(np.mean(shares)):.2e}, in 90 % bands {np.mean(inside):.1%}"
    )


def size() -> None:
    """CPU seconds of a mesh of 100,000 nodes morphed onto another, with Kirsch's stress."""
    reference, mesh = plate_with_hole(0.2, 0.0064, 1), plate_with_hole(0.3, 0.0064, 2)
    start = time.process_time()
    morphing = Morphing(reference)
    middle = time.process_time()
    run = morphing(
        Run(mesh, {"stress": Field(kirsch(mesh.points, 0.3)[None], "point", ("xx", "yy", "xy"))}), 1.0
    )
    print(
        f"{mesh.n_points} nodes onto {reference.n_points}: {middle - start:.1f} CPU s for the reference, ",
        end="",
    )
    print(f"{time.process_time() - middle:.1f} for the run; {run.notes[0]}")


def main(parts: Sequence[str]) -> None:
    """The parts that are named, or all."""
    parts = parts or ("beam", "plate", "size")
    if "beam" in parts:
        show(sweep("beam", beam, (4.0, 0.8, 0.6), (6.0, 1.2, 1.0)))
    if "plate" in parts:
        show(sweep("plate", plate, (0.2, 0.75, -0.15), (0.4, 1.3, 0.15)))
    if "size" in parts:
        size()


if __name__ == "__main__":
    main(sys.argv[1:])
