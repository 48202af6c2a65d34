"""VTU arrays of every length in every encoding, and arrays that hold no real numbers."""

from __future__ import annotations

import base64
import zlib
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import reader_named

ENCODINGS = list(
    product(["binary", "base64", "raw"], ["UInt32", "UInt64"], [True, False], "<>", ["", "zlib"])
)


class Writer:
    """Encodes arrays one after the other as VTK does, or with a header encoded on its own as meshio once did."""

    def __init__(self, form: str, header: str, together: bool, order: str, compressed: str) -> None:
        self.form, self.header, self.together, self.order, self.compressed = (
            form,
            header,
            together,
            order,
            compressed,
        )
        self.appended = b""

    def array(self, name: str, kind: str, values: np.ndarray, more: str = "") -> str:
        data = values.astype(f"{self.order}{values.dtype.str[1:]}").tobytes()
        dtype = self.order + {"UInt32": "u4", "UInt64": "u8"}[self.header]
        if self.compressed:
            block = zlib.compress(data)
            parts = [np.array([1, len(data), 0, len(block)], dtype).tobytes(), block]
        else:
            parts = [np.array([len(data)], dtype).tobytes(), data]
        if self.form == "raw":
            body = b"".join(parts)
        elif self.together and not self.compressed:
            body = base64.b64encode(b"".join(parts))
        else:
            body = b"".join(map(base64.b64encode, parts))
        head = f'<DataArray type="{kind}" Name="{name}" {more} '
        if self.form == "binary":
            return f'{head} format="binary">\n {body.decode()}\n</DataArray>'
        self.appended += body
        return f'{head} format="appended" offset="{len(self.appended) - len(body)}"/>'

    def write(self, path: Path, n: int, more: str = "") -> Path:
        """n vertices, with the point field T = 20 + place, the cell field c = place, and others."""
        points = np.arange(3.0 * n)
        text = [
            f'<Piece NumberOfPoints="{n}" NumberOfCells="{n}"><PointData>',
            self.array("T", "Float64", 20 + np.arange(float(n))),
            self.array("small", "Int8", -np.arange(n).astype("i1")), f"{more}</PointData><CellData>",
            self.array("c", "UInt8", np.arange(n).astype("u1")),
            self.array("on", "Bit", np.packbits(np.arange(n) % 2 == 0)),
            "</CellData><Points>", self.array("Points", "Float64", points, 'NumberOfComponents="3"'),
            "</Points><Cells>", self.array("connectivity", "Int64", np.arange(n)),
            self.array("offsets", "Int64", np.arange(1, n + 1)), self.array("types", "UInt8", np.ones(n, "u1")),
            "</Cells></Piece></UnstructuredGrid>",
        ]  # fmt: skip
        order = {"<": "LittleEndian", ">": "BigEndian"}[self.order]
        compressor = 'compressor="vtkZLibDataCompressor"' if self.compressed else ""
        content = (
            f'<?xml version="1.0"?><VTKFile type="UnstructuredGrid" version="1.0" byte_order="{order}" '
            f'header_type="{self.header}" {compressor}><UnstructuredGrid>' + "".join(text)
        ).encode()
        if self.form != "binary":
            content += (
                b'<AppendedData encoding="'
                + self.form.encode()
                + b'">\n _'
                + self.appended
                + b"\n</AppendedData>"
            )
        path.write_bytes(content + b"</VTKFile>")
        return path


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda e: "-".join(map(str, e)))
def test_arrays_of_few_bytes_are_whole(tmp_path, encoding, n):
    """The padding of one byte of data stands where a header's own padding would."""
    path = Writer(*encoding).write(tmp_path / "a.vtu", n)
    run = reader_named("vtu").read(path)
    assert {kind: nodes.ravel().tolist() for kind, nodes in run.mesh.cells.items()} == {
        "vertex": list(range(n))
    }
    assert run.fields["T"].values[0, :, 0].tolist() == [20 + i for i in range(n)]
    assert run.fields["small"].values[0, :, 0].tolist() == [-i for i in range(n)]
    assert run.fields["c"].values[0, :, 0].tolist() == list(range(n))
    assert run.fields["on"].values[0, :, 0].tolist() == [float(i % 2 == 0) for i in range(n)]


@pytest.mark.parametrize("where", ["PointData", "CellData"])
@pytest.mark.parametrize(
    "array",
    [
        '<DataArray type="String" Name="part" format="ascii">97 98 0 97 0 98 0 99 0</DataArray>',
        '<Array type="String" Name="part" format="ascii">97 98 0 97 0 98 0 99 0</Array>',
        '<Array type="String" Name="part" format="binary">BAAAAGFiAGMA</Array>',
    ],
)
def test_text_is_left_out_with_a_note(tmp_path, where, array):
    path = Writer("binary", "UInt32", True, "<", "").write(tmp_path / "a.vtu", 4)
    path.write_text(path.read_text().replace(f"<{where}>", f"<{where}>{array}"))
    described, run = reader_named("vtu").describe(path), reader_named("vtu").read(path)
    assert list(run.fields) == list(described.fields) == ["T", "small", "c", "on"]
    assert run.fields["T"].values[0, :, 0].tolist() == [20, 21, 22, 23]
    assert "part left out: it holds text" in run.notes
    assert "part left out: it holds text" in described.notes
    with pytest.raises(ReadError, match="must hold the field 'part'"):
        reader_named("vtu").read(path, ["part"])


@pytest.mark.parametrize("where", ["PointData", "CellData"])
def test_bits_in_text_are_numbers(tmp_path, where):
    path = Writer("binary", "UInt32", True, "<", "").write(tmp_path / "a.vtu", 4)
    bits = '<DataArray type="Bit" Name="mask" format="ascii">1 0 0 1</DataArray>'
    path.write_text(path.read_text().replace(f"<{where}>", f"<{where}>{bits}"))
    assert reader_named("vtu").read(path).fields["mask"].values[0, :, 0].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("word", ["nan", "-nan(ind)", "1.#QNAN", "NaNQ", "***", "1.#INF"])
def test_text_that_is_not_finite_is_read_as_such(tmp_path, word):
    path = Writer("binary", "UInt32", True, "<", "").write(tmp_path / "a.vtu", 2)
    field = f'<DataArray type="Float32" Name="p" format="ascii">1.5 {word}</DataArray>'
    path.write_text(path.read_text().replace("<PointData>", f"<PointData>{field}"))
    values = reader_named("vtu").read(path, ["p"]).fields["p"].values.ravel()
    assert values[0] == 1.5
    assert not np.isfinite(values[1])
