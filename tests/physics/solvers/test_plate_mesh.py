"""The plate's mesh: one hole, its true area, mirrored halves, named parts."""

import numpy as np
import pytest
from skfem import Basis, ElementTriP2

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.plate import Plate
from fieldwright.physics.solvers.plate_mesh import oriented_triangles, plate_mesh


@pytest.mark.parametrize("divisions", [4, 8, 12, 20, 28, 32, 36, 48])
def test_the_blocks_are_joined_into_one_surface_with_one_hole(divisions):
    mesh = (
        plate_mesh(Plate(), divisions) if divisions % 8 == 0 else plate_mesh(_fitting(divisions), divisions)
    )
    edges = mesh.facets.shape[1]
    assert mesh.nvertices - edges + mesh.nelements == 0  # Euler characteristic of an annulus
    assert len(mesh.boundaries["hole"]) == 4 * divisions
    assert len(mesh.boundaries["left"]) == len(mesh.boundaries["right"]) == divisions


def _fitting(divisions):
    """A plate whose patch is a whole number of cells for any multiple of 4."""
    return Plate(patch_length=0.1 / divisions, patch_width=0.2 / divisions)


def test_curved_edges_give_the_area_of_the_plate_less_the_circle():
    plate = Plate()
    errors = []
    for divisions in (8, 16):
        mesh = plate_mesh(plate, divisions)
        area = Basis(mesh, ElementTriP2()).dx.sum()
        errors.append(abs(area - (0.2 * 0.1 - np.pi * 0.01**2)))
    assert errors[1] < 1e-6 * np.pi * 0.01**2  # straight edges would miss 2e-3 of the circle
    assert np.log2(errors[0] / errors[1]) > 3.8  # arcs by parabolas: fourth order
    patch = Basis(plate_mesh(plate, 32), ElementTriP2(), elements="patch")
    assert patch.dx.sum() == pytest.approx(plate.patch_area, rel=1e-12)


def test_triangles_are_counter_clockwise_and_cover_every_vertex():
    mesh = plate_mesh(Plate(), 32)
    triangles = oriented_triangles(mesh)
    a, b, c = (mesh.doflocs[:, triangles[:, i]] for i in range(3))
    twice_area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    assert twice_area.min() > 0
    assert np.array_equal(np.unique(triangles), np.arange(mesh.nvertices))
    assert mesh.nvertices == 4256


def test_the_mesh_is_its_own_mirror_image():
    mesh = plate_mesh(Plate(), 16)
    triangles = oriented_triangles(mesh)
    centroids = mesh.doflocs[:, triangles].mean(axis=2)
    mirrored = np.stack([centroids[0], 0.1 - centroids[1]])
    ordered = [points[:, np.lexsort(np.round(points, 10))] for points in (centroids, mirrored)]
    np.testing.assert_allclose(ordered[0], ordered[1], atol=1e-10)


@pytest.mark.parametrize(
    ("plate", "divisions", "wrong"),
    [
        (Plate(), 30, "multiple of 4"),
        (Plate(hole_radius=0.06), 32, "inside the width"),
        (Plate(patch_length=0.0251), 32, "whole number of cells"),
        (Plate(length=0.08), 32, "longer than wide"),
    ],
)
def test_lengths_that_do_not_fit_are_refused_in_words(plate, divisions, wrong):
    with pytest.raises(FieldwrightError, match=wrong):
        plate_mesh(plate, divisions)
