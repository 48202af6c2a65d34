"""Meshes that differ: another numbering is recognised and undone, another mesh is mapped or refused."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field, Run
from fieldwright.data.ingest.ingestion import ingest_sources
from fieldwright.data.ingest.rules import MeshRule
from fieldwright.data.mesh.inside_cells import locate
from fieldwright.data.mesh.interpolation import apply, interpolation
from fieldwright.data.mesh.mapping import Mapping
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.places import check_covered, regular_grid
from fieldwright.data.mesh.renumbering import renumbered, renumbering


def square(n: int, seed: int = 0, wobble: float = 0.2) -> Mesh:
    """The unit square, n x n points, those inside moved at random, in triangles."""
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n), indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], axis=1)
    inside = (x > 0) & (x < 1) & (y > 0) & (y < 1)
    shift = np.random.default_rng(seed).uniform(-wobble, wobble, (n * n, 2)) / (n - 1)
    points[inside.ravel(), :2] += shift[inside.ravel()]
    return Mesh(points, {"triangle": Delaunay(points[:, :2]).simplices.astype(np.int64)})


def shuffled(mesh: Mesh, seed: int) -> tuple[Mesh, np.ndarray, np.ndarray]:
    """The mesh in another order of nodes, cells and corners; and the old numbers of its nodes and cells."""
    rng = np.random.default_rng(seed)
    points, cells = rng.permutation(mesh.n_points), rng.permutation(mesh.n_cells)
    number = np.empty(mesh.n_points, dtype=np.int64)
    number[points] = np.arange(mesh.n_points)
    nodes = np.roll(number[mesh.cells["triangle"][cells]], seed % 3, axis=1)
    return Mesh(mesh.points[points], {"triangle": nodes}), points, cells


@given(st.integers(0, 1000))
def test_any_renumbering_is_found_and_undone(seed):
    mesh = square(6)
    other, points, cells = shuffled(mesh, seed)
    run = Run(
        other,
        {
            "p": Field(points[None, :, None].astype(float), "point"),
            "c": Field(cells[None, :, None].astype(float), "cell"),
        },
    )
    order = renumbering(other, mesh, 1e-6)
    assert order is not None
    undone = renumbered(run, order, mesh)
    np.testing.assert_array_equal(undone.fields["p"].values[0, :, 0], np.arange(mesh.n_points))
    np.testing.assert_array_equal(undone.fields["c"].values[0, :, 0], np.arange(mesh.n_cells))


def test_nodes_within_the_tolerance_are_the_same():
    mesh = square(5)
    rounded = Mesh(mesh.points.astype(np.float32).astype(float), mesh.cells)
    assert rounded.hash != mesh.hash
    assert renumbering(rounded, mesh, 1e-6) is not None
    assert renumbering(rounded, mesh, 1e-12) is None


def test_another_triangulation_of_the_same_nodes_is_another_mesh():
    mesh = square(4, wobble=0)
    flipped = mesh.cells["triangle"].copy()
    one = next(
        (i, j) for i in range(len(flipped)) for j in range(i) if len(set(flipped[i]) & set(flipped[j])) == 2
    )
    shared = set(flipped[one[0]]) & set(flipped[one[1]])
    tips = [next(iter(set(flipped[k]) - shared)) for k in one]
    a, b = shared
    flipped[one[0]], flipped[one[1]] = [*tips, a], [*tips, b]
    assert renumbering(Mesh(mesh.points, {"triangle": flipped}), mesh, 1e-6) is None


def test_cell_centres_alone_are_matched_too():
    mesh = square(4)
    centres = mesh.points[mesh.cells["triangle"]].mean(axis=1)
    order = np.random.default_rng(1).permutation(len(centres))
    found = renumbering(
        Mesh(mesh.points, cell_centres=centres[order]), Mesh(mesh.points, cell_centres=centres), 1e-6
    )
    assert found is not None
    np.testing.assert_array_equal(order[found.cells], np.arange(len(centres)))


@given(st.integers(0, 100), st.sampled_from([1, 2, 3]), st.floats(-2, 2), st.floats(-2, 2))
def test_linear_fields_are_interpolated_exactly_on_lines_planes_and_in_space(seed, dimension, a, b):
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((3, 3)))[0][:dimension]
    sources = rng.uniform(0, 1, (40, dimension)) @ axes + 5
    mix = rng.dirichlet(np.ones(40), 15)
    targets = mix @ sources
    field = sources @ [a, b, 1.0]
    mapped = apply(interpolation(sources, targets), field[None, :, None])[0, :, 0]
    np.testing.assert_allclose(mapped, mix @ field, atol=1e-9)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_linear_fields_go_on_linearly_beyond_the_rim(dimension):
    sources = np.zeros((50, 3))
    targets = np.zeros((20, 3))
    rng = np.random.default_rng(0)
    sources[:, :dimension] = rng.uniform(0, 1, (50, dimension))
    targets[:, :dimension] = rng.uniform(-0.1, 1.1, (20, dimension))
    mapped = interpolation(sources, targets) @ (sources @ [1.0, 2.0, 3.0] + 4)
    np.testing.assert_allclose(mapped, targets @ [1.0, 2.0, 3.0] + 4, atol=1e-9)


@pytest.mark.parametrize("on", ["point", "cell"])
def test_the_mapping_error_of_a_known_field_falls_with_the_second_power_of_the_spacing(on):
    reference = square(30)
    errors = [Mapping(reference).known_field_error(square(n, seed=n), on) for n in (11, 21, 41)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders.min() > 1.5
    assert errors[-1] < 0.02


def test_a_mapped_run_is_close_to_its_field_and_the_note_says_how_close():
    def wave(mesh: Mesh) -> np.ndarray:
        return np.sin(np.pi * mesh.points[:, 0]) * np.cos(np.pi * mesh.points[:, 1])

    mesh, reference = square(25, seed=3), square(30)
    run = Run(mesh, {"u": Field(wave(mesh)[None, :, None].astype(np.float32), "point")})
    mapped = Mapping(reference)(run, 0.1)
    error = np.linalg.norm(mapped.fields["u"].values[0, :, 0] - wave(reference)) / np.linalg.norm(
        wave(reference)
    )
    assert error < 0.01
    (note,) = mapped.notes
    assert f"known on both meshes, to {Mapping(reference).known_field_error(mesh, 'point'):.2%}" in note
    noted = float(note.split()[-1].rstrip("%")) / 100
    # The way back adds a loss of the same kind.
    assert 0.5 * error < noted < 5 * error
    assert mapped.fields["u"].values.dtype == np.float32
    assert mapped.mesh is reference


def test_a_field_that_the_reference_cannot_hold_is_refused():
    mesh = square(41)
    noise = np.random.default_rng(0).standard_normal((1, mesh.n_points, 1))
    with pytest.raises(RunRejected, match=r"must lose less than 10.0% of it"):
        Mapping(square(6))(Run(mesh, {"u": Field(noise, "point")}), 0.1)


def test_another_domain_is_refused():
    mesh = square(20)
    larger = Mesh(mesh.points * [1.5, 1, 1], mesh.cells)
    run = Run(larger, {"u": Field(np.zeros((1, mesh.n_points, 1)), "point")})
    with pytest.raises(RunRejected, match="must cover each other"):
        Mapping(mesh)(run, 1.0)


def box(
    size: tuple[float, float, float], counts: tuple[int, int, int] = (8, 3, 4), corner: float = 0.0
) -> Mesh:
    """A box of hexahedra with its low corner at `corner` of each axis."""
    axes = [corner + np.linspace(0, length, n + 1) for length, n in zip(size, counts, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    number = np.arange(len(points)).reshape([n + 1 for n in counts])
    low, high = slice(None, -1), slice(1, None)
    ring = [(low, low), (high, low), (high, high), (low, high)]
    nodes = [number[(*way, level)].ravel() for level in (low, high) for way in ring]
    return Mesh(points, {"hexahedron": np.stack(nodes, axis=1)})


def bending(mesh: Mesh, on: str = "point") -> Run:
    """Stress that grows linearly with the height: extrapolated without a loss there and back."""
    values = mesh.points[:, 2] if on == "point" else mesh.points[mesh.cells["hexahedron"]].mean(axis=1)[:, 2]
    return Run(mesh, {"S": Field(values[None, :, None], "point" if on == "point" else "cell")})


@pytest.mark.parametrize("on", ["point", "cell"])
@pytest.mark.parametrize(
    ("size", "counts", "says"),
    [
        ((200.0, 20.0, 6.4), (8, 3, 4), "the same connectivity"),
        ((200.0, 20.0, 16.1), (8, 3, 4), "the same connectivity"),
        ((200.0, 20.0, 18.0), (8, 3, 4), "200 x 20 x 18 in size instead of 200 x 20 x 18.4 in size"),
        ((200.0, 20.0, 16.1), (10, 4, 6), "another mesh"),
        ((180.0, 20.0, 18.4), (10, 4, 6), "another mesh"),
        ((200e3, 20e3, 18.4e3), (8, 3, 4), "1000 times the size"),
        ((200e3, 20e3, 18.4e3), (10, 4, 6), "as if it were in mm and the study's in m"),
        ((0.2, 0.02, 0.0184), (8, 3, 4), "as if it were in m and the study's in mm"),
    ],
)
def test_a_mesh_of_another_size_is_never_extrapolated(on, size, counts, says):
    reference, mesh = box((200.0, 20.0, 18.4)), box(size, counts)
    for one, other in ((mesh, reference), (reference, mesh)):
        with pytest.raises(RunRejected, match="must cover each other") as why:
            Mapping(other)(bending(one, on), 1e9)
        assert says in str(why.value) or one is reference


def test_boxes_of_one_size_in_other_long_cells_are_mapped_without_a_loss_of_what_is_linear():
    reference, mesh = box((200.0, 20.0, 18.4), (6, 3, 5)), box((200.0, 20.0, 18.4), (9, 5, 6))
    mapped = Mapping(reference)(bending(mesh), 0.1)
    np.testing.assert_allclose(mapped.fields["S"].values[0, :, 0], reference.points[:, 2], atol=1e-9)


@pytest.mark.parametrize("stretch", [1.0, 10.0, 1000.0])
def test_a_constant_stays_what_it_is_however_long_the_cells(stretch):
    """Weights that do not add up to one turn an ambient temperature of 293 K into something else."""
    one, other = (
        box((stretch, 1.0, 1.0), counts).points[:, None].mean(axis=1) for counts in ((5, 4, 4), (7, 5, 6))
    )
    np.testing.assert_allclose(interpolation(one, other) @ np.full(len(one), 293.0), 293.0, rtol=1e-9)


@pytest.mark.parametrize("height", [6.4, 16.1, 24.0])
@pytest.mark.parametrize("known", ["places alone", "centres beside points"])
def test_a_cloud_of_another_height_is_not_extrapolated(known, height):
    def cloud(high: float, counts: tuple[int, int, int]) -> Mesh:
        mesh = box((40.0, 20.0, high), counts)
        centres = mesh.points[mesh.cells["hexahedron"]].mean(axis=1)
        return Mesh(centres) if known == "places alone" else Mesh(mesh.points, cell_centres=centres)

    reference, mesh, alike = (
        cloud(h, n) for h, n in ((18.4, (20, 10, 9)), (height, (20, 10, 9)), (18.4, (24, 12, 11)))
    )
    on: Literal["point", "cell"] = "point" if known == "places alone" else "cell"
    check_covered(alike, reference, on)
    for one, other in ((mesh, reference), (reference, mesh)):
        with pytest.raises(RunRejected, match="must cover each other"):
            check_covered(one, other, on)


def test_a_mesh_moved_away_is_told_by_how_much():
    reference, mesh = box((2.0, 1.0, 1.0)), box((2.0, 1.0, 1.0), corner=0.25)
    with pytest.raises(RunRejected, match=r"moved by \(0.25, 0.25, 0.25\)"):
        Mapping(reference)(bending(mesh), 1.0)


def test_the_error_of_a_field_known_on_both_meshes_decides():
    """A constant survives the way there and back on any mesh; the cosine does not."""
    reference, mesh = box((1.0, 1.0, 1.0), (12, 12, 12)), box((1.0, 1.0, 1.0), (1, 1, 1))
    run = Run(mesh, {"S": Field(np.ones((1, mesh.n_points, 1)), "point")})
    known = Mapping(reference).known_field_error(mesh, "point")
    with pytest.raises(RunRejected, match="half a cosine"):
        Mapping(reference)(run, 0.9 * known)
    assert Mapping(reference)(run, 1.1 * known).notes


@pytest.mark.parametrize("kind", ["hexahedron", "quad", "triangle"])
def test_points_are_inside_where_they_are_mixtures_of_corners_and_outside_beyond_a_twentieth(kind):
    rng = np.random.default_rng(3)
    solid = kind == "hexahedron"
    mesh = box((3.0, 1.0, 0.2), (5, 4, 3)) if solid else square(8, seed=2)
    if kind == "quad":
        n = np.arange(64).reshape(8, 8)
        mesh = Mesh(
            mesh.points,
            {"quad": np.stack([n[:-1, :-1], n[1:, :-1], n[1:, 1:], n[:-1, 1:]], -1).reshape(-1, 4)},
        )
    nodes = mesh.cells[kind]
    within = np.einsum("kn,knd->kd", rng.dirichlet(np.ones(nodes.shape[1]), len(nodes)), mesh.points[nodes])
    located = locate(mesh, within)
    assert located is not None
    assert located.inside.all()
    made_up = np.einsum("ki,kid->kd", located.weights, mesh.points[located.nodes])
    np.testing.assert_allclose(made_up, within, atol=1e-12)
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    for axis in range(3 if solid else 2):
        beyond = within.copy()
        beyond[:, axis] = high[axis] + 0.2 * (high - low).max()
        missed = locate(mesh, beyond)
        assert missed is not None
        assert not missed.inside.any()


def test_long_thin_cells_hold_the_points_that_are_nearer_to_the_middle_of_others():
    mesh = box((100.0, 1.0, 1.0), (1, 30, 30))
    hit = locate(mesh, np.array([[99.0, 0.5, 0.5], [1.0, 0.01, 0.99], [150.0, 0.5, 0.5]]))
    assert hit is not None
    assert hit.inside.tolist() == [True, True, False]


def test_two_round_holes_in_other_counts_of_sides_cover_each_other():
    """The rise of the arc over a side is no other geometry: rings of 16 and 40 sides round one hole."""

    def ring(sides: int, radius: float = 1.0) -> Mesh:
        turn, layer = np.meshgrid(np.arange(sides), np.linspace(radius, 3.0, 9), indexing="ij")
        angle = 2 * np.pi * turn / sides
        points = np.stack([layer * np.cos(angle), layer * np.sin(angle), 0 * angle], axis=-1).reshape(-1, 3)
        n = np.arange(len(points)).reshape(sides, 9)
        after = np.roll(n, -1, axis=0)
        cells = np.stack([n[:, :-1], after[:, :-1], after[:, 1:], n[:, 1:]], axis=-1).reshape(-1, 4)
        return Mesh(points, {"quad": cells})

    coarse, fine, smaller_hole = ring(16), ring(40), ring(40, radius=0.8)
    check_covered(coarse, fine, "point")
    check_covered(coarse, fine, "cell")
    with pytest.raises(RunRejected, match="must cover each other"):
        check_covered(smaller_hole, fine, "point")


def with_hole(n: int) -> Mesh:
    """The unit square without the disc of radius 0.3 in its middle."""
    mesh = square(n)
    centres = mesh.points[mesh.cells["triangle"]].mean(axis=1)
    kept = mesh.cells["triangle"][np.linalg.norm(centres[:, :2] - 0.5, axis=1) > 0.3]
    used, nodes = np.unique(kept, return_inverse=True)
    return Mesh(mesh.points[used], {"triangle": nodes.reshape(-1, 3)})


def test_a_hole_on_one_side_alone_is_refused():
    whole, holed = square(30), with_hole(30)
    for mesh, reference in ((whole, holed), (holed, whole)):
        run = Run(mesh, {"u": Field(np.zeros((1, mesh.n_points, 1)), "point")})
        with pytest.raises(RunRejected, match="must cover each other"):
            Mapping(reference)(run, 1.0)


def test_a_regular_grid_leaves_holes_out():
    grid = regular_grid(with_hole(30), (41, 41))
    radius = np.linalg.norm(grid.points[:, :2] - 0.5, axis=1)
    assert radius.min() > 0.15
    assert grid.cell_volumes is not None
    np.testing.assert_allclose(grid.cell_volumes, 1 / 40**2)
    assert np.sum(radius > 0.35) == np.sum(
        np.linalg.norm(regular_grid(square(30), (41, 41)).points[:, :2] - 0.5, axis=1) > 0.35
    )


@pytest.fixture
def two_meshes(solver):
    """run_0 on the strip, run_1 on its renumbering, run_2 on a strip moved a little along x."""
    solver.run(3)
    order = np.random.default_rng(5).permutation(10)
    number = np.argsort(order)
    fields = {name: values[order] for name, values in solver.fields(**solver.parameters(1)).items()}
    triangles = number[np.arange(8)[:, None] + np.arange(3)]
    solver.write(solver.path(1), fields, solver.points[order], triangles)
    moved = solver.points.copy()
    moved[4:6, 0] += 0.3
    fields = {"T": moved[:, 0], "U": np.tile(moved[:, :1], 3)}
    solver.write(solver.path(2), fields, moved)
    return solver


def test_a_renumbered_run_is_stored_in_the_order_of_the_study(two_meshes, store):
    report = ingest_sources(store, two_meshes.sources(), two_meshes.table(3), two_meshes.rules)
    assert report.accepted == ["run_0", "run_1"]
    assert [reason for _, reason, _ in report.rejected] == ["wrong mesh"]
    assert any("another numbering" in note for note in report.notes)
    expected = two_meshes.fields(**two_meshes.parameters(1))
    for name in ("T", "U"):
        np.testing.assert_array_equal(store.snapshots()[name].sel(run="run_1"), expected[name])


def test_a_run_on_another_mesh_is_mapped_when_the_study_says_so(two_meshes, store):
    rules = replace(two_meshes.rules, mesh=MeshRule("map"))
    report = ingest_sources(store, two_meshes.sources(), two_meshes.table(3), rules)
    assert report.accepted == ["run_0", "run_1", "run_2"]
    assert any(
        note.startswith("'T' mapped to the mesh of the study: half a cosine along each axis, known")
        for note in report.notes
    )
    np.testing.assert_allclose(store.snapshots()["T"].sel(run="run_2"), two_meshes.points[:, 0], atol=1e-12)


def test_the_reference_mesh_can_be_that_of_a_file(two_meshes, store):
    rules = replace(two_meshes.rules, mesh=MeshRule("same", reference=two_meshes.path(2)))
    report = ingest_sources(store, two_meshes.sources(), two_meshes.table(3), rules)
    assert report.accepted == ["run_2"]


def test_runs_can_be_mapped_to_a_grid(two_meshes, store):
    rules = replace(two_meshes.rules, mesh=MeshRule(grid=(9, 3)))
    report = ingest_sources(store, two_meshes.sources(), two_meshes.table(3), rules)
    assert report.accepted == ["run_0", "run_1", "run_2"]
    dataset = store.snapshots()
    assert dataset.sizes["point"] == 27
    given_ = two_meshes.parameters(0)
    np.testing.assert_allclose(
        dataset["T"].sel(run="run_0"), given_["a"] * dataset["point_x"] + given_["b"] * dataset["point_y"]
    )
