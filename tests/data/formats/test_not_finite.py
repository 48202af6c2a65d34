"""A run that holds NaN or infinity is rejected as not finite in every text format, however they are spelt."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import reader_for
from fieldwright.data.ingest.checks import check_finite

WORDS = [
    "nan",
    "-nan",
    "-nan(ind)",
    "nan(0x8000)",
    "NaNQ",
    "1.#QNAN",
    "-1.#IND",
    "1.#INF",
    "***",
    "Infinity",
    "-inf",
]


def legacy(value: str, point: str = "0") -> str:
    return (
        f"# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS 3 float\n0 0 0 1 0 {point} 0 1 0\n"
        f"CELLS 1 4\n3 0 1 2\nCELL_TYPES 1\n5\nPOINT_DATA 3\nSCALARS p double\nLOOKUP_TABLE default\n1.5\n{value} 2\n"
    )


def vtu(value: str, point: str = "0") -> str:
    def array(kind: str, name: str, text: str, width: int = 1) -> str:
        head = f'<DataArray type="{kind}" Name="{name}" NumberOfComponents="{width}" format="ascii">'
        return f"{head}{text}</DataArray>"

    return (
        '<VTKFile type="UnstructuredGrid"><UnstructuredGrid><Piece NumberOfPoints="3" NumberOfCells="1"><PointData>'
        f"{array('Float64', 'p', f'1.5 {value} 2')}</PointData><Points>"
        f"{array('Float64', 'Points', f'0 0 0 1 0 {point} 0 1 0', 3)}</Points><Cells>"
        f"{array('Int64', 'connectivity', '0 1 2')}{array('Int64', 'offsets', '3')}{array('UInt8', 'types', '5')}"
        "</Cells></Piece></UnstructuredGrid></VTKFile>"
    )


def xdmf(value: str, point: str = "0") -> str:
    def item(text: str, shape: str, kind: str = "Float") -> str:
        return f'<DataItem Dimensions="{shape}" NumberType="{kind}" Format="XML">{text}</DataItem>'

    return (
        '<Xdmf><Domain><Grid><Topology TopologyType="Triangle" NumberOfElements="1">'
        f'{item("0 1 2", "1 3", "Int")}</Topology><Geometry GeometryType="XYZ">'
        f'{item(f"0 0 0 1 0 {point} 0 1 0", "3 3")}</Geometry><Attribute Name="p" Center="Node">'
        f"{item(f'1.5 {value} 2', '3 1')}</Attribute></Grid></Domain></Xdmf>"
    )


def msh(value: str, point: str = "0") -> str:
    return (
        f"$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n3\n1 0 0 0\n2 1 0 {point}\n3 0 1 0\n$EndNodes\n"
        "$Elements\n1\n1 2 2 0 1 1 2 3\n$EndElements\n"
        f'$NodeData\n1\n"p"\n1\n0.0\n3\n0\n1\n3\n1 1.5\n2 {value}\n3 2\n$EndNodeData\n'
    )


FORMATS: dict[str, Callable[..., str]] = {"vtk": legacy, "vtu": vtu, "xdmf": xdmf, "msh": msh}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("word", WORDS)
def test_a_value_that_is_not_finite(tmp_path, suffix, word):
    path = tmp_path / f"run.{suffix}"
    path.write_text(FORMATS[suffix](word))
    run = reader_for(path).read(path)
    assert run.fields["p"].values[0, [0, 2], 0].tolist() == [1.5, 2]
    with pytest.raises(RunRejected, match=r"All values of 'p' must be finite.*the run diverged") as rejected:
        check_finite(run)
    assert rejected.value.reason == "not finite"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("word", ["nan", "-nan(ind)", "1.#INF"])
def test_a_node_without_a_place(tmp_path, suffix, word):
    path = tmp_path / f"run.{suffix}"
    path.write_text(FORMATS[suffix]("1", word))
    with pytest.raises(
        RunRejected, match=r"must have finite coordinates\. Got 1 of 3 without, first point 1"
    ) as rejected:
        check_finite(reader_for(path).read(path))
    assert rejected.value.reason == "not finite"


@pytest.mark.parametrize("suffix", FORMATS)
def test_finite_runs_pass(tmp_path, suffix):
    path = tmp_path / f"run.{suffix}"
    path.write_text(FORMATS[suffix]("1e300"))
    check_finite(reader_for(path).read(path))


@pytest.mark.parametrize("length", [0, 1, 63, 64, 16383, 16384])
@pytest.mark.parametrize("on", ["POINT_DATA 3", "CELL_DATA 1"])
def test_strings_of_a_binary_legacy_file_are_stepped_over(tmp_path, length, on):
    """VTK writes a length of 6, 14 or 30 bits in front of each string; two bits tell which."""
    size = 1 if length < 1 << 6 else 2 if length < 1 << 14 else 4
    head = (length | {1: 3 << 6, 2: 2 << 14, 4: 1 << 30}[size]).to_bytes(size, "big")
    n = int(on[-1])
    content = b"# vtk DataFile Version 3.0\nx\nBINARY\nDATASET UNSTRUCTURED_GRID\nPOINTS 3 float\n"
    content += (
        struct.pack(">9f", 0, 0, 0, 1, 0, 0, 0, 1, 0) + b"\nCELLS 1 4\n" + struct.pack(">4i", 3, 0, 1, 2)
    )
    content += b"\nCELL_TYPES 1\n" + struct.pack(">i", 5) + f"\n{on}\nFIELD FieldData 2\n".encode()
    content += f"part 1 {n} string\n".encode() + n * (head + b"a" * length) + f"\np 1 {n} double\n".encode()
    (tmp_path / "text.vtk").write_bytes(content + struct.pack(f">{n}d", *np.arange(n) + 0.5) + b"\n")
    run = reader_for(tmp_path / "text.vtk").read(tmp_path / "text.vtk")
    assert run.fields["p"].values.ravel().tolist() == [i + 0.5 for i in range(n)]
    assert "part left out: it holds text" in run.notes


@pytest.mark.parametrize("kind", ["Tensor6", "Matrix", "Tensor", None])
def test_six_components_of_xdmf_come_with_a_note_on_their_order(tmp_path, kind):
    """The standard's order for Tensor6; converters write VTK's under the same name."""
    text = (
        xdmf("1")
        .replace("1.5 1 2", " ".join(map(str, range(18))))
        .replace("'3 1'", "")
        .replace('"3 1"', '"3 6"')
    )
    text = text.replace('Name="p"', f'Name="p" AttributeType="{kind}"' if kind else 'Name="p"')
    (tmp_path / "six.xdmf").write_text(text)
    reader = reader_for(tmp_path / "six.xdmf")
    run, described = reader.read(tmp_path / "six.xdmf"), reader.describe(tmp_path / "six.xdmf")
    standard = kind == "Tensor6"
    order = ("xx", "xy", "xz", "yy", "yz", "zz") if standard else ("xx", "yy", "zz", "xy", "yz", "xz")
    assert run.fields["p"].components == order
    for notes in (run.notes, described.notes):
        (note,) = [note for note in notes if note.startswith("p has six components")]
        assert ", ".join(order) in note
        assert "another order" in note
