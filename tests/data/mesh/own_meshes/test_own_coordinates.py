"""Runs of one connectivity on coordinates of their own: what is stored, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.mesh_proposal import proposed_mesh_rule
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.own_meshes.own_coordinates import COORDINATES, on_own_coordinates, own_mesh
from fieldwright.data.store.frozen_matrix import freeze
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.data.store.verification import verify

BRICK = np.array([[x, y, z] for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))], dtype=float)
SOLID = Mesh(BRICK, {"hexahedron": np.arange(8)[None]})
FLAT = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0], [2, 1, 0]], dtype=float),
    {"quad": np.array([[0, 1, 2, 3]]), "triangle": np.array([[1, 4, 5], [1, 5, 2]])},
)


def run_on(mesh: Mesh, times: np.ndarray | None = None) -> Run:
    steps = 1 if times is None else len(times)
    values = np.arange(steps * mesh.n_points, dtype=float).reshape(steps, -1, 1)
    return Run(mesh, {"T": Field(values, "point")}, times)


def moved(mesh: Mesh, points: np.ndarray) -> Mesh:
    return replace(mesh, points=points)


@pytest.mark.parametrize("mesh", [SOLID, FLAT])
def test_coordinates_become_a_field(mesh):
    sheared = moved(mesh, mesh.points @ np.array([[2.0, 0.3, 0.0], [0.1, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    run = on_own_coordinates(run_on(sheared), mesh)
    assert run.mesh is mesh
    np.testing.assert_array_equal(run.fields[COORDINATES].values, sheared.points[None])
    assert run.fields[COORDINATES].components == ("x", "y", "z")
    assert own_mesh(mesh, run.fields[COORDINATES].values[0]).same_as(sheared)


def refused(run: Run, reference: Mesh | None) -> str:
    with pytest.raises(RunRejected) as why:
        on_own_coordinates(run, reference)
    assert why.value.reason == "wrong mesh"
    return str(why.value)


@pytest.mark.parametrize("mesh", [SOLID, FLAT])
def test_what_is_no_other_shape_is_refused_in_one_sentence(mesh):
    assert "mirror image" in refused(run_on(moved(mesh, mesh.points * [-1.0, 1.0, 1.0])), mesh)
    assert "1000 times the size" in refused(run_on(moved(mesh, mesh.points * 1000.0)), mesh)
    other = Mesh(mesh.points, {kind: nodes[:, ::-1] for kind, nodes in mesh.cells.items()})
    assert "must have the connectivity" in refused(run_on(other), mesh)
    flat = mesh.points.copy()
    flat[next(iter(mesh.cells.values()))[0]] *= [1.0, 0.0, 1.0]
    assert "without one, the first is number 1" in refused(run_on(moved(mesh, flat)), None)


def test_a_cell_that_is_turned_is_named():
    points = FLAT.points.copy()
    points[4] = [0.5, 0.9, 0.0]
    said = refused(run_on(moved(FLAT, points)), FLAT)
    assert "1 cells that are, the first is number 2" in said


def test_a_surface_in_space_may_turn_any_way():
    # A roof that is turned about: the sign of a normal says nothing about a surface in space, which is accepted.
    roof = moved(FLAT, FLAT.points + [[0.0, 0.0, 0.3 * (x == 1)] for x in FLAT.points[:, 0]])
    turned = moved(roof, roof.points @ np.diag([-1.0, 1.0, -1.0]))
    assert COORDINATES in on_own_coordinates(run_on(turned), roof).fields


def test_a_mesh_known_by_the_centres_of_its_cells_has_those_as_coordinates():
    centres = np.random.default_rng(0).uniform(size=(9, 3))
    mesh = Mesh(np.zeros((4, 3)), {}, centres, np.ones(9))
    other = replace(mesh, cell_centres=centres * [2.0, 1.0, 1.0])
    run = Run(other, {"p": Field(np.zeros((1, 9, 1)), "cell")})
    field = on_own_coordinates(run, mesh).fields[COORDINATES]
    assert field.on == "cell"
    np.testing.assert_array_equal(own_mesh(mesh, field.values[0]).cell_centres, other.cell_centres)


def test_coordinates_of_a_transient_run_are_stored_once(tmp_path):
    store, times = SnapshotStore(tmp_path / "store"), np.array([0.0, 1.0, 2.0])
    for k in range(3):
        mesh = moved(FLAT, FLAT.points * [1.0 + k, 1.0, 1.0])
        store.add(on_own_coordinates(run_on(mesh, times), FLAT), f"run_{k}", {"a": float(k)})
    assert verify(store) == {}
    snapshots = SnapshotStore(tmp_path / "store").snapshots()
    assert snapshots["T"].dims == ("run", "time", "point")
    assert snapshots[COORDINATES].dims == ("run", "point", f"{COORDINATES}_component")
    assert snapshots[COORDINATES][2, 4, 0] == 6.0
    frozen = freeze(store, COORDINATES)
    assert frozen.info.times is None
    assert frozen.shape == (3, FLAT.n_points * 3)


def test_the_rule_is_proposed_for_shapes_and_for_nothing_else():
    wider = moved(FLAT, FLAT.points * [1.5, 1.0, 1.0])
    proposed = proposed_mesh_rule(FLAT, [FLAT, wider])
    assert proposed is not None
    rule, why = proposed
    assert rule == "follow"
    assert "up to 1 apart" in why
    assert proposed_mesh_rule(FLAT, [FLAT]) is None
    assert proposed_mesh_rule(FLAT, [moved(FLAT, FLAT.points * 1000.0)]) is None
    order = np.array([5, 3, 1, 0, 2, 4])
    number = np.argsort(order)
    renumbered = Mesh(FLAT.points[order], {kind: number[nodes] for kind, nodes in FLAT.cells.items()})
    assert proposed_mesh_rule(FLAT, [renumbered]) is None
