"""Plane meshes of one topology brought to one mesh: elements, boundaries, morphs, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.plates import kirsch, plate_with_hole
from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.mesh_proposal import proposed_mesh_rule
from fieldwright.data.mesh.measures import cell_measures
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.own_meshes.boundary_loops import plane_mesh
from fieldwright.data.mesh.own_meshes.morphing import Morphing, loss_of
from fieldwright.data.mesh.own_meshes.orientation import check_not_turned
from fieldwright.data.mesh.own_meshes.outline import outline
from fieldwright.data.mesh.own_meshes.own_coordinates import COORDINATES, own_mesh
from fieldwright.data.mesh.own_meshes.plane_elements import PLANE_ELEMENTS
from fieldwright.data.mesh.own_meshes.plane_interpolation import plane_interpolation

ORDER = {"triangle": 1, "triangle6": 2, "quad": 1, "quad8": 2, "quad9": 2}


def strip(steps: int, kind: str = "quad") -> Mesh:
    """A strip of 2 x 1, of quads that are no parallelograms."""
    x, y = (
        axis.ravel()
        for axis in np.meshgrid(np.linspace(0.0, 2.0, 2 * steps + 1), np.linspace(0.0, 1.0, steps + 1))
    )
    inner = (x > 0) & (x < 2) & (y > 0) & (y < 1)
    x = x + np.where(inner, 0.2 / steps * np.sin(9.0 * y + x), 0.0)
    row = 2 * steps + 1
    corner = (row * np.arange(steps)[:, None] + np.arange(2 * steps)).ravel()
    quads = np.stack([corner, corner + 1, corner + row + 1, corner + row], axis=1)
    mesh = Mesh(np.stack([x, y, 0.0 * x], axis=1), {"quad": quads})
    if kind.startswith("triangle"):
        mesh = replace(mesh, cells={"triangle": np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])})
    return mesh if ORDER[kind] == 1 else second_order(mesh, kind)


def second_order(mesh: Mesh, kind: str) -> Mesh:
    """Triangles or quads with a node in the middle of each side ("triangle6", "quad8") and of each cell ("quad9")."""
    (nodes,) = mesh.cells.values()
    pairs = np.concatenate(
        [np.stack([nodes[:, k], np.roll(nodes, -1, axis=1)[:, k]], axis=1) for k in range(nodes.shape[1])]
    )
    sides, number = np.unique(np.sort(pairs, axis=1), axis=0, return_inverse=True)
    middle = number.reshape(nodes.shape[1], -1).T + mesh.n_points
    points = [mesh.points, mesh.points[sides].mean(axis=1)]
    columns = [nodes, middle]
    if kind == "quad9":
        points.append(mesh.points[nodes].mean(axis=1))
        columns.append(mesh.n_points + len(sides) + np.arange(len(nodes))[:, None])
    return Mesh(np.concatenate(points), {kind: np.concatenate(columns, axis=1)})


@pytest.mark.parametrize("kind", PLANE_ELEMENTS)
def test_shape_functions_are_one_at_their_node_and_have_these_slopes(kind):
    element = PLANE_ELEMENTS[kind]
    nodes = strip(1, kind)
    (cells,) = nodes.cells.values()
    places = element.inverse(
        np.repeat(nodes.points[None, cells[0], :2], cells.shape[1], axis=0), nodes.points[cells[0], :2]
    )
    values, _ = element.shape(*places.T)
    np.testing.assert_allclose(values, np.eye(len(values)), atol=1e-12)
    r, s, step = np.array([0.13]), np.array([0.24]), 1e-6
    _, slopes = element.shape(r, s)
    by_r = (element.shape(r + step, s)[0] - element.shape(r - step, s)[0]) / (2 * step)
    by_s = (element.shape(r, s + step)[0] - element.shape(r, s - step)[0]) / (2 * step)
    np.testing.assert_allclose(slopes[0], np.stack([by_r[0], by_s[0]], axis=1), atol=1e-8)


@pytest.mark.parametrize("kind", PLANE_ELEMENTS)
def test_polynomials_of_the_order_of_the_elements_are_carried_exactly(kind):
    mesh = strip(5, kind)
    targets = np.random.default_rng(1).uniform([0.0, 0.0], [2.0, 1.0], (400, 2))
    weights, outside = plane_interpolation(mesh.points[:, :2], mesh.cells, targets)
    assert outside.max() < 1e-8
    # On quads that are no parallelograms only those of nine nodes hold the second power too.
    quadratic = kind in ("triangle6", "quad9")

    def polynomial(x: np.ndarray) -> np.ndarray:
        return 1.0 + 2.0 * x[:, 0] - x[:, 1] + quadratic * (x[:, 0] ** 2 - 3.0 * x[:, 0] * x[:, 1])

    np.testing.assert_allclose(weights @ polynomial(mesh.points), polynomial(targets), atol=1e-10)


@pytest.mark.parametrize("kind", PLANE_ELEMENTS)
def test_the_boundary_is_one_loop_with_four_corners(kind):
    plane = plane_mesh(strip(4, kind))
    (loop,) = outline(plane)
    assert loop.length == pytest.approx(6.0, rel=1e-12)
    corners = {tuple(np.round(place, 9)) for place in loop.corner_places}
    assert corners == {(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)}
    x, y = loop.places.T
    assert len(loop.nodes) == np.count_nonzero(
        (plane.points[:, 0] % 2.0 == 0) | (plane.points[:, 1] % 1.0 == 0)
    )
    assert np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2 == pytest.approx(2.0)


def test_holes_are_loops_of_their_own_that_begin_to_the_right():
    outer, hole = outline(plane_mesh(plate_with_hole(0.3, 0.1, 3, (0.1, -0.2))))
    assert len(outer.corners) == 4
    assert not hole.sharp
    np.testing.assert_allclose(hole.centre, [0.1, -0.2], atol=1e-3)
    np.testing.assert_allclose(hole.begin, [0.4, -0.2], atol=2e-3)


@pytest.mark.parametrize("kind", PLANE_ELEMENTS)
def test_a_strip_that_is_bent_keeps_what_is_linear_in_its_place(kind):
    """With another mesh of another shape, a field linear in x and y is where the carried coordinates are."""
    reference, other = strip(4, kind), strip(6, kind)
    x, y, _ = other.points.T
    bent = replace(other, points=np.stack([1.3 * x, y + 0.2 * x**2, 0.0 * x], axis=1))
    values = (1.0 + 2.0 * bent.points[:, 0] - bent.points[:, 1])[None, :, None]
    run = Morphing(reference)(Run(bent, {"u": Field(values, "point")}), 0.2)
    places = run.fields[COORDINATES].values[0]
    np.testing.assert_allclose(
        run.fields["u"].values[0, :, 0], 1.0 + 2.0 * places[:, 0] - places[:, 1], atol=1e-9
    )
    # Corners come to corners, and the area of the new mesh is that of the strip, 1.3 * 2.
    morphed = own_mesh(reference, places)
    check_not_turned(morphed, reference)
    for corner, true in (([0, 0], [0, 0]), ([2, 0], [2.6, 0.8]), ([2, 1], [2.6, 1.8]), ([0, 1], [0, 1])):
        at = np.flatnonzero((reference.points[:, :2] == corner).all(axis=1))
        np.testing.assert_allclose(places[at, :2], [true], atol=1e-9)
    assert cell_measures(morphed).sum() == pytest.approx(2.6, rel=0.01)


def test_stresses_about_holes_of_other_radii_come_to_the_nodes_of_one_mesh():
    """Kirsch's stress at the carried coordinates, on points and cells; finer meshes lose less."""
    error = {}
    for spacing in (0.08, 0.04):
        morphing = Morphing(plate_with_hole(0.25, spacing, 0))
        for radius in (0.18, 0.35):
            mesh = plate_with_hole(radius, spacing, 7)
            (nodes,) = mesh.cells.values()
            of_cells = kirsch(mesh.points[nodes].mean(axis=1), radius)
            fields = {"s": Field(kirsch(mesh.points, radius)[None], "point", ("xx", "yy", "xy"))}
            fields["c"] = Field(of_cells[None], "cell", ("xx", "yy", "xy"))
            run = morphing(Run(mesh, fields), 0.5)
            assert run.mesh is morphing.reference
            places = run.fields[COORDINATES].values[0]
            error[spacing, radius] = off(run.fields["s"].values[0], kirsch(places, radius))
            (cells,) = run.mesh.cells.values()
            assert off(run.fields["c"].values[0], kirsch(places[cells].mean(axis=1), radius)) < 0.06
            rim = np.linalg.norm(morphing.reference.points[:, :2], axis=1) < 0.25 + 1e-9
            np.testing.assert_allclose(np.linalg.norm(places[rim, :2], axis=1), radius, rtol=0.02)
            assert "loss there and back" in run.notes[0]
            # What is said to be lost is of the size of the error that Kirsch's solution tells.
            lost = run.fields[loss_of("s")].values[0]
            error_here = np.abs(run.fields["s"].values[0] - kirsch(places, radius))
            assert 0.3 < np.linalg.norm(lost) / np.linalg.norm(error_here) < 4.0
    for radius in (0.18, 0.35):
        assert error[0.08, radius] < 0.02
        assert error[0.04, radius] < 0.4 * error[0.08, radius]


def off(values: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(values - true) / np.linalg.norm(true))


def test_numbers_of_a_run_stay_as_they_are():
    run = Run(plate_with_hole(0.2, 0.1, 2), {"mass": Field(np.full((1, 1, 1), 7.0), "run")})
    assert Morphing(HOLE)(run, 0.1).fields["mass"].values.item() == 7.0


def test_two_holes_are_told_by_where_they_are():
    def plate(first: float, second: float, seed: int) -> Mesh:
        left, right = (plate_with_hole(r, 0.1, seed + k) for k, r in enumerate((first, second)))
        far = right.points + np.array([2.0, 0.0, 0.0])
        points = np.concatenate([left.points, far])
        nodes = np.concatenate([left.cells["triangle"], right.cells["triangle"] + left.n_points])
        # The nodes of the common side are those of the left plate.
        seam = {tuple(np.round(p[:2], 9)): k for k, p in enumerate(left.points) if p[0] > 1.0 - 1e-9}
        number = np.array(
            [seam.get(tuple(np.round(p[:2], 9)), k) if p[0] < 1.0 + 1e-9 else k for k, p in enumerate(points)]
        )
        used, inverse = np.unique(number[nodes], return_inverse=True)
        return Mesh(points[used], {"triangle": inverse.reshape(nodes.shape)})

    morphing = Morphing(plate(0.3, 0.4, 0))
    run = morphing(Run(plate(0.4, 0.25, 5), {}), 0.5)
    points, places = morphing.reference.points[:, :2], run.fields[COORDINATES].values[0, :, :2]
    for x, radius, true in ((0.0, 0.3, 0.4), (2.0, 0.4, 0.25)):
        rim = np.linalg.norm(points - [x, 0.0], axis=1) < radius + 1e-9
        np.testing.assert_allclose(np.linalg.norm(places[rim] - [x, 0.0], axis=1), true, rtol=0.02)


def test_lone_nodes_and_lines_of_the_file_do_no_harm():
    """Gmsh writes the centres of arcs as nodes, and the boundary as lines."""
    mesh = plate_with_hole(0.3, 0.1, 1)
    rim = outline(plane_mesh(mesh))[1].nodes
    lines = np.stack([rim, np.roll(rim, -1)], axis=1)
    with_more = Mesh(np.concatenate([mesh.points, [[0.0, 0.0, 0.0]]]), {"line": lines, **mesh.cells})
    values = np.append(np.ones(mesh.n_points), 1e6)[None, :, None]
    of_cells = np.concatenate([np.full(len(lines), 1e6), np.ones(mesh.n_cells)])[None, :, None]
    run = Run(with_more, {"u": Field(values, "point"), "c": Field(of_cells, "cell")})
    morphed = Morphing(plate_with_hole(0.2, 0.1, 2))(run, 10.0)
    np.testing.assert_allclose(morphed.fields["u"].values, 1.0, rtol=1e-9)
    np.testing.assert_allclose(morphed.fields["c"].values, 1.0, rtol=1e-9)
    back = Morphing(with_more)(Run(mesh, {"u": Field(values[:, :-1], "point")}), 0.5)
    np.testing.assert_allclose(back.fields["u"].values, 1.0, rtol=1e-9)


def lshape(mirrored: bool = False) -> Mesh:
    mesh = strip(6)
    (quads,) = mesh.cells.values()
    kept = mesh.points[quads].mean(axis=1)
    quads = quads[(kept[:, 0] < 0.7) | (kept[:, 1] < 0.4)]
    used, inverse = np.unique(quads, return_inverse=True)
    points = mesh.points[used] * ([-1.0, 1.0, 1.0] if mirrored else 1.0)
    nodes = inverse.reshape(quads.shape)
    return Mesh(points, {"quad": nodes[:, ::-1] if mirrored else nodes})


HOLE = plate_with_hole(0.3, 0.1, 1)


def _glued(mesh: Mesh, shift: float) -> Mesh:
    (nodes,) = mesh.cells.values()
    points = np.concatenate([mesh.points, mesh.points + np.array([shift, 0.0, 0.0])])
    return Mesh(points, {kind: np.concatenate([nodes, nodes + mesh.n_points]) for kind in mesh.cells})


@pytest.mark.parametrize(
    ("mesh", "reference", "said"),
    [
        (strip(4), HOLE, "0 holes instead of 1"),
        (lshape(), strip(4), "6 corners instead of 4"),
        (lshape(mirrored=True), lshape(), "mirror image"),
        (replace(HOLE, points=HOLE.points * 1000.0), HOLE, "1000 times the size"),
        (_glued(HOLE, 5.0), HOLE, "2 bodies"),
        (_glued(HOLE, 2.0), HOLE, "lie at one place"),
        (replace(HOLE, points=HOLE.points[:, [0, 2, 1]]), HOLE, "along the same two axes"),
        (
            replace(HOLE, points=HOLE.points + np.array([0, 0, 1]) * HOLE.points[:, :1] ** 2),
            HOLE,
            "in a plane",
        ),
    ],
)
def test_what_cannot_be_morphed_is_refused_in_one_sentence(mesh, reference, said):
    with pytest.raises(RunRejected) as why:
        Morphing(reference)(Run(mesh, {}), 0.5)
    assert why.value.reason == "wrong mesh"
    assert said in str(why.value)


def test_a_field_that_the_mesh_is_too_coarse_for_is_refused_with_its_loss():
    mesh = plate_with_hole(0.3, 0.05, 2)
    waves = np.sin(60.0 * mesh.points[:, 0])[None, :, None]
    with pytest.raises(RunRejected, match=r"must lose less than 10\.0% of 'u'"):
        Morphing(HOLE)(Run(mesh, {"u": Field(waves, "point")}), 0.1)


def test_the_rule_is_proposed_for_meshes_of_one_topology():
    proposed = proposed_mesh_rule(HOLE, [plate_with_hole(0.2, 0.1, 2)])
    assert proposed is not None
    assert proposed[0] == "morph"
    same_geometry = proposed_mesh_rule(strip(4), [strip(6)])
    assert same_geometry is not None
    assert same_geometry[0] == "map"
    assert proposed_mesh_rule(HOLE, [strip(4)]) is None
