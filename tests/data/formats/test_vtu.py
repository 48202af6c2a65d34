"""VTU in every encoding, in pieces, and broken on purpose.

The samples in vtu/ are written by VTK 9.7.2: 24 points, 8 cells (3 hexahedra of which 1 is a voxel, 2 wedges,
a tetrahedron, a pyramid, a quad), p = x + 10 y + 100 z in Pa, U = (x, 2 y, 3 z), cell id = 7 * position,
time 2.5.
"""

from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import reader_for, reader_named

SAMPLES = Path(__file__).parent / "vtu"
WHOLE = sorted(path for path in SAMPLES.glob("*.vtu") if path.stem != "two_pieces")


def write_ascii(path: Path, pieces: list[int], value: str = "{i}") -> Path:
    """A strip of triangles per piece; field f is its own position in the file, cell field c likewise."""
    text, first = [], 0
    for count in pieces:
        points = " ".join(f"{i // 2} {i % 2} 0" for i in range(count + 2))
        nodes = " ".join(f"{i} {i + 1} {i + 2}" for i in range(count))
        text.append(
            f"""<Piece NumberOfPoints="{count + 2}" NumberOfCells="{count}">
            <PointData><DataArray type="Float64" Name="f" format="ascii">
            {" ".join(value.format(i=i) for i in range(count + 2))}</DataArray></PointData>
            <CellData><DataArray type="Float32" Name="c" format="ascii">
            {" ".join(str(first + i) for i in range(count))}</DataArray></CellData>
            <Points><DataArray type="Float64" NumberOfComponents="3" format="ascii">
            {points}</DataArray></Points>
            <Cells><DataArray type="Int64" Name="connectivity" format="ascii">{nodes}</DataArray>
            <DataArray type="Int64" Name="offsets" format="ascii">
            {" ".join(str(3 * i + 3) for i in range(count))}</DataArray>
            <DataArray type="UInt8" Name="types" format="ascii">{"5 " * count}</DataArray></Cells></Piece>"""
        )
        first += count
    path.write_text(
        '<?xml version="1.0"?><VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian">'
        f"<UnstructuredGrid>{''.join(text)}</UnstructuredGrid></VTKFile>"
    )
    return path


def test_all_encodings_are_there():
    assert len(WHOLE) == 9


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_every_encoding_gives_the_same_run(path):
    run = reader_for(path).read(path)
    x, y, z = run.mesh.points.T
    assert run.mesh.n_points == 24
    assert {name: len(nodes) for name, nodes in run.mesh.cells.items()} == {
        "hexahedron": 3,
        "wedge": 2,
        "tetra": 1,
        "pyramid": 1,
        "quad": 1,
    }
    np.testing.assert_array_equal(run.fields["p"].values[0, :, 0], x + 10 * y + 100 * z)
    np.testing.assert_array_equal(run.fields["U"].values[0], np.stack([x, 2 * y, 3 * z], axis=1))
    assert run.fields["U"].values.dtype == np.float32
    assert run.fields["U"].components == ("x", "y", "z")
    assert run.fields["p"].unit == "Pa"
    np.testing.assert_array_equal(run.times, [2.5])


def test_cell_values_follow_the_cells_to_their_types():
    run = reader_named("vtu").read(SAMPLES / "ascii.vtu")
    # In the file: hexahedron, voxel, two wedges, hexahedron, tetrahedron, pyramid, quad.
    np.testing.assert_array_equal(run.fields["id"].values.ravel() / 7, [0, 1, 4, 2, 3, 5, 6, 7])


def test_a_voxel_becomes_a_hexahedron_of_positive_volume():
    run = reader_named("vtu").read(SAMPLES / "ascii.vtu")
    for nodes in run.mesh.cells["hexahedron"]:
        corner = run.mesh.points[nodes]
        edges = corner[[1, 3, 4]] - corner[0]
        assert np.linalg.det(edges) == pytest.approx(1.0)
        np.testing.assert_array_equal(corner[6] - corner[0], edges.sum(axis=0))


def test_describe_agrees_with_read_in_counts_and_fields():
    reader = reader_named("vtu")
    for path in [*WHOLE, SAMPLES / "two_pieces.vtu"]:
        described, run = reader.describe(path), reader.read(path)
        assert (described.n_points, described.n_cells) == (run.mesh.n_points, run.mesh.n_cells)
        assert set(described.fields) == set(run.fields)
        assert all(described.fields[n].components == f.components for n, f in run.fields.items())


def test_all_pieces_of_vtk_are_kept():
    run = reader_named("vtu").read(SAMPLES / "two_pieces.vtu")
    assert (run.mesh.n_points, run.mesh.n_cells) == (48, 16)
    x, y, z = run.mesh.points.T
    np.testing.assert_array_equal(run.fields["p"].values[0, :, 0], x + 10 * y + 100 * z)


def test_a_file_of_two_pieces_keeps_all_1843_cells(tmp_path):
    run = reader_named("vtu").read(write_ascii(tmp_path / "two.vtu", [921, 922]))
    assert run.mesh.n_cells == 1843
    np.testing.assert_array_equal(run.fields["c"].values.ravel(), np.arange(1843))
    # The second piece's triangles refer to the second piece's points.
    assert run.mesh.cells["triangle"][921:].min() == 923


def test_values_that_are_not_finite_are_passed_on(tmp_path):
    run = reader_named("vtu").read(write_ascii(tmp_path / "nan.vtu", [3], value="nan"))
    assert np.isnan(run.fields["f"].values).all()


@pytest.mark.parametrize("path", [*WHOLE, SAMPLES / "two_pieces.vtu"], ids=lambda path: path.stem)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_a_read_error(path, share, tmp_path):
    cut = tmp_path / path.name
    content = path.read_bytes()
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ReadError, match="must be a complete VTK XML file"):
        reader_named("vtu").read(cut)


def test_too_few_values_are_a_read_error_that_names_the_array(tmp_path):
    path = write_ascii(tmp_path / "few.vtu", [4])
    path.write_text(path.read_text().replace('NumberOfPoints="6"', 'NumberOfPoints="7"'))
    with pytest.raises(ReadError, match="array 'Points' with 18 of 21 values"):
        reader_named("vtu").read(path)


def test_a_word_among_the_numbers_is_a_read_error(tmp_path):
    with pytest.raises(ReadError, match="array 'f' that cannot be decoded"):
        reader_named("vtu").read(write_ascii(tmp_path / "word.vtu", [2], value="1.0 oops"))


def test_cells_that_refer_to_missing_points_are_a_read_error(tmp_path):
    path = write_ascii(tmp_path / "wild.vtu", [1])
    path.write_text(path.read_text().replace("0 1 2</DataArray>", "0 1 9</DataArray>"))
    with pytest.raises(ReadError, match="refer to points that are not there"):
        reader_named("vtu").read(path)


def test_a_missing_field_is_named_with_those_that_exist():
    with pytest.raises(ReadError, match=r"must hold the field 'T'.*p, U, id"):
        reader_named("vtu").read(SAMPLES / "ascii.vtu", ["T"])


def test_only_the_named_fields_are_read():
    assert list(reader_named("vtu").read(SAMPLES / "ascii.vtu", ["U"]).fields) == ["U"]


def test_the_freefem_heat_sink_reads_to_its_known_maximum():
    runs = Path(__file__).parents[3] / ".." / "shared" / "data" / "runs" / "ff_heatsink_transient.tar.xz"
    if not runs.exists():
        pytest.skip(f"the real result files are not there ({runs})")
    import tarfile
    import tempfile

    with tempfile.TemporaryDirectory() as folder, tarfile.open(runs) as archive:
        members = [m for m in archive.getmembers() if "/run01/results/" in m.name]
        archive.extractall(folder, members, filter="data")
        last = next(Path(folder).rglob("heatsink_0060.vtu"))
        summary = (last.parent / "summary.txt").read_text().split()
        run = reader_for(last).read(last)
    assert run.mesh.n_points == int(summary[summary.index("nv") + 1])
    assert len(run.mesh.cells["triangle"]) == int(summary[summary.index("nt") + 1])
    assert run.fields["Temperature"].values.max() == pytest.approx(
        float(summary[summary.index("Tmax") + 1]), rel=1e-5
    )
