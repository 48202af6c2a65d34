"""XDMF written by DOLFINx on two processes, against the integrals that DOLFINx computes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import reader_for, reader_named


def test_all_times_integrate_as_the_solver_does(sample, integral):
    path = sample("dolfinx") / "xdmf.xdmf"
    run = reader_for(path).read(path)
    rows = np.loadtxt(sample("dolfinx") / "printed.txt")
    assert run.times.tolist() == rows[:, 0].tolist()
    assert [integral(run.mesh, step[:, 0]) for step in run.fields["u"].values] == pytest.approx(rows[:, 1])
    assert [integral(run.mesh, step[:, 0]) for step in run.fields["d"].values] == pytest.approx(rows[:, 2])
    assert run.mesh.points.shape == (20, 3)
    assert run.files == (path, path.with_suffix(".h5"))


def test_vectors_and_places_are_told_apart(sample):
    run = reader_named("xdmf").read(sample("dolfinx") / "xdmf.xdmf")
    x, y, _ = run.mesh.points.T
    assert run.fields["w"].values[2] == pytest.approx(np.stack([x * y, -y, 0 * x], axis=1), abs=1e-14)
    assert (run.fields["w"].on, run.fields["d"].on) == ("point", "cell")
    assert run.fields["w"].components == ("x", "y", "z")


def test_numbers_within_the_xml_are_read(sample):
    run = reader_named("xdmf").read(sample("dolfinx") / "static.xdmf")
    x, y, z = run.mesh.points.T
    assert run.mesh.cells["tetra"].shape == (12, 4)
    assert run.fields["q"].values[0, :, 0] == pytest.approx(x + 2 * y * z, abs=1e-12)


def test_a_file_that_lost_the_share_of_a_process_is_refused(sample):
    """DOLFINx 0.5 writes text of its first process alone under the dimensions of all."""
    with pytest.raises(ReadError, match="18 numbers for the dimensions 20 x 2"):
        reader_named("xdmf").read(sample("dolfinx") / "broken.xdmf")


def test_a_missing_or_empty_heavy_file_is_refused(sample, tmp_path):
    path = Path(shutil.copy(sample("dolfinx") / "xdmf.xdmf", tmp_path))
    with pytest.raises(ReadError, match=r"The HDF5 file must exist. Got no '.*xdmf\.h5'"):
        reader_named("xdmf").read(path)
    path.with_suffix(".h5").write_bytes(b"")
    with pytest.raises(ReadError, match=r"'xdmf\.h5' must be a whole HDF5 file"):
        reader_named("xdmf").read(path)


def test_a_description_agrees_with_what_is_read(sample):
    for name in ("xdmf.xdmf", "static.xdmf"):
        path = sample("dolfinx") / name
        described, run = reader_for(path).describe(path), reader_for(path).read(path)
        assert (described.n_points, described.n_cells) == (run.mesh.n_points, run.mesh.n_cells)
        assert {n: i.components for n, i in described.fields.items()} == {
            n: f.components for n, f in run.fields.items()
        }
        assert np.array_equal(described.times, run.times)


def write(tmp_path: Path, grid: str) -> Path:
    (tmp_path / "case.xmf").write_text(
        f'<?xml version="1.0"?><Xdmf Version="3.0"><Domain>{grid}</Domain></Xdmf>'
    )
    return tmp_path / "case.xmf"


SQUARE = '<Geometry GeometryType="XY"><DataItem Dimensions="5 2">0 0 1 0 1 1 0 1 2 0.5</DataItem></Geometry>'


def test_mixed_cells_take_their_values_with_them(tmp_path):
    """A quadrilateral (5) between a line (2, of 2 nodes) and a triangle (4)."""
    path = write(
        tmp_path,
        '<Grid><Topology TopologyType="Mixed" NumberOfElements="3"><DataItem Dimensions="13" NumberType="Int">'
        f"2 2 3 0 5 0 1 2 3 4 1 4 2</DataItem></Topology>{SQUARE}"
        '<Attribute Name="c" Center="Cell"><DataItem Dimensions="3">10 20 30</DataItem></Attribute></Grid>',
    )
    run = reader_for(path).read(path)
    assert {kind: nodes.tolist() for kind, nodes in run.mesh.cells.items()} == {
        "line": [[3, 0]], "quad": [[0, 1, 2, 3]], "triangle": [[1, 4, 2]],
    }  # fmt: skip
    assert run.fields["c"].values.ravel().tolist() == [10, 20, 30]
    assert run.times is None


def test_uniform_grids_and_hyperslab_times_are_understood(tmp_path):
    step = (
        '<Grid><Topology TopologyType="3DCoRectMesh" Dimensions="2 2 3"/><Geometry GeometryType="ORIGIN_DXDYDZ">'
        '<DataItem Dimensions="3">0 0 1</DataItem><DataItem Dimensions="3">3 2 0.5</DataItem></Geometry>'
        '<Attribute Name="s"><DataItem Dimensions="2 2 3">0 1 2 3 4 5 6 7 8 9 10 11</DataItem></Attribute></Grid>'
    )
    times = '<Time TimeType="HyperSlab"><DataItem Dimensions="3">0.5 0.25 2</DataItem></Time>'
    path = write(
        tmp_path, f'<Grid GridType="Collection" CollectionType="Temporal">{times}{step}{step}</Grid>'
    )
    run = reader_for(path).read(path)
    assert run.times.tolist() == [0.5, 0.75]
    assert run.mesh.points[[0, 2, 3, 11]].tolist() == [[1, 0, 0], [2, 0, 0], [1, 2, 0], [2, 2, 3]]
    assert run.mesh.cells["hexahedron"].shape == (2, 8)
    assert run.fields["s"].values.shape == (2, 12, 1)


def test_binary_items_keep_their_byte_order(tmp_path):
    np.array([0, 1, 2, 3.5, 4], dtype=">f8").tofile(tmp_path / "values.bin")
    path = write(
        tmp_path,
        '<Grid><Topology TopologyType="Triangle"><DataItem Dimensions="1 3" NumberType="Int">0 1 2</DataItem>'
        f'</Topology>{SQUARE}<Attribute Name="s"><DataItem Dimensions="5" Format="Binary" NumberType="Float" '
        'Precision="8" Endian="Big">values.bin</DataItem></Attribute></Grid>',
    )
    assert reader_for(path).read(path).fields["s"].values.ravel().tolist() == [0, 1, 2, 3.5, 4]


@pytest.mark.parametrize(
    ("grid", "sentence"),
    [
        ('<Grid GridType="Collection" CollectionType="Spatial"/>', "a spatial collection"),
        ('<Grid><Attribute Name="s"/></Grid>', "a grid without topology or geometry"),
        (
            f'<Grid><Topology TopologyType="Knot"><DataItem Dimensions="1">0</DataItem></Topology>{SQUARE}</Grid>',
            "'knot'",
        ),
        (
            '<Grid><Topology TopologyType="Triangle"><DataItem Dimensions="3">0 1 9</DataItem></Topology>'
            f"{SQUARE}</Grid>",
            "points that are not there",
        ),
        (
            '<Grid><Topology TopologyType="2DCoRectMesh" Dimensions="99999 99999"/><Geometry '
            'GeometryType="ORIGIN_DXDY"><DataItem Dimensions="2">0 0</DataItem><DataItem Dimensions="2">1 1'
            "</DataItem></Geometry></Grid>",
            "fewer values than points",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, grid, sentence):
    path = write(tmp_path, grid)
    with pytest.raises(ReadError, match=sentence):
        reader_for(path).read(path)
