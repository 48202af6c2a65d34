"""Boxes of hexahedra in the formats that no library writes, for `benchmarks.formats`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fieldwright.data.mesh.mesh import Mesh

_STEPS = [str(step) for step in range(1, 9)]


def write_openfoam(case: Path, side: int, form: str, rng: np.random.Generator) -> tuple[Path, ...]:
    """A box of side^3 cells, inner faces first as OpenFOAM wants them, and eight times of U and p."""
    index = np.arange((side + 1) ** 3).reshape(side + 1, side + 1, side + 1)
    cell = np.arange(side**3).reshape(side, side, side)
    inner, outer = [], []
    for axis in range(3):
        turned, cells = np.moveaxis(index, axis, 0), np.moveaxis(cell, axis, 0)
        quads = np.stack(
            [turned[:, :-1, :-1], turned[:, 1:, :-1], turned[:, 1:, 1:], turned[:, :-1, 1:]], axis=-1
        )
        inner.append((quads[1:-1].reshape(-1, 4), cells[:-1].ravel(), cells[1:].ravel()))
        outer += [
            (quads[0, ..., ::-1].reshape(-1, 4), cells[0].ravel()),
            (quads[-1].reshape(-1, 4), cells[-1].ravel()),
        ]
    faces = np.concatenate([part[0] for part in (*inner, *outer)])
    owner = np.concatenate([part[1] for part in (*inner, *outer)])
    axis_values = np.linspace(0, 1, side + 1)
    points = np.stack(np.meshgrid(axis_values, axis_values, axis_values, indexing="ij"), axis=-1).reshape(
        -1, 3
    )
    mesh = case / "constant" / "polyMesh"
    for place in (mesh, case / "system", *(case / step for step in _STEPS)):
        place.mkdir(parents=True)
    (case / "system" / "controlDict").write_text(
        "FoamFile { class dictionary; }\napplication box;\nendTime 8;\n"
    )
    write = _foam_binary if form == "binary" else _foam_text
    (mesh / "points").write_bytes(write("vectorField", "", points))
    (mesh / "owner").write_bytes(write("labelList", "", owner.astype("i4")))
    (mesh / "neighbour").write_bytes(
        write("labelList", "", np.concatenate([part[2] for part in inner]).astype("i4"))
    )
    if form == "binary":
        starts = write("faceCompactList", "", np.arange(0, 4 * len(faces) + 1, 4, dtype="i4"))
        (mesh / "faces").write_bytes(starts + _foam_list(faces.astype("i4").ravel(), True))
    else:
        rows = "\n".join(f"4({a} {b} {c} {d})" for a, b, c, d in faces.tolist())
        (mesh / "faces").write_bytes(
            _foam_head("faceList", form) + f"\n{len(faces)}\n(\n{rows}\n)\n".encode()
        )
    for name, kind, shape in (("U", "vector", (side**3, 3)), ("p", "scalar", (side**3,))):
        entry = f"dimensions [0 1 -1 0 0 0 0];\ninternalField nonuniform List<{kind}>"
        content = write(f"vol{kind.title()}Field", entry, rng.normal(size=shape))
        for step in _STEPS:
            (case / step / name).write_bytes(content + b";\nboundaryField {}\n")
    return tuple(file for file in case.rglob("*") if file.is_file())


def _foam_head(kind: str, form: str) -> bytes:
    return (
        f'FoamFile {{ version 2.0; format {form}; class {kind}; arch "LSB;label=32;scalar=64"; }}\n'.encode()
    )


def _foam_list(values: np.ndarray, binary: bool) -> bytes:
    if binary:
        return f"\n{len(values)}\n(".encode() + np.ascontiguousarray(values).tobytes() + b")"
    rows = values.tolist()
    texts = (
        f"({' '.join(f'{v:.6g}' for v in row)})" if isinstance(row, list) else f"{row:.6g}" for row in rows
    )
    return f"\n{len(values)}\n(\n".encode() + "\n".join(texts).encode() + b"\n)\n"


def _foam_text(kind: str, entry: str, values: np.ndarray) -> bytes:
    return _foam_head(kind, "ascii") + entry.encode() + _foam_list(values, False)


def _foam_binary(kind: str, entry: str, values: np.ndarray) -> bytes:
    return _foam_head(kind, "binary") + entry.encode() + _foam_list(values, True)


def write_frd(path: Path, mesh: Mesh, p: np.ndarray, u: np.ndarray, form: str) -> None:
    """Nodes, hexahedra, a displacement and a temperature."""
    binary = form == "binary"
    numbers = np.arange(1, mesh.n_points + 1)
    cells = mesh.cells["hexahedron"] + 1
    parts = [b"    1C\n", f"    2C{'':18}{len(numbers):12d}{'':37}{3 if binary else 1}\n".encode()]
    parts.append(_frd_rows(numbers, mesh.points, "f8" if binary else None))
    parts.append(f"    3C{'':18}{len(cells):12d}{'':37}{2 if binary else 1}\n".encode())
    if binary:
        head = np.column_stack([np.arange(1, len(cells) + 1), np.tile([1, 0, 1], (len(cells), 1))])
        parts.append(np.column_stack([head, cells]).astype("<i4").tobytes())
    else:
        rows = (
            f" -1{i:10d}    1    0    1\n -2" + "".join(f"{n:10d}" for n in row)
            for i, row in enumerate(cells.tolist(), start=1)
        )
        parts.append("\n".join(rows).encode() + b"\n -3\n")
    for name, columns, values in (("DISP", ("D1", "D2", "D3"), u), ("NDTEMP", ("T",), p[:, None])):
        width = len(columns)
        kind = 2 if width == 3 else 1
        header = f"  100CL  101 1.000000000{len(numbers):12d}{'':20} 0{1:5d}{'':10}{2 if binary else 1:2d}\n"
        header += f" -4  {name:8}{width:5d}{1:5d}\n"
        header += "".join(f" -5  {c:8}{1:5d}{kind:5d}{i:5d}{0:5d}\n" for i, c in enumerate(columns, start=1))
        parts += [header.encode(), _frd_rows(numbers, values, "f4" if binary else None)]
    path.write_bytes(b"".join([*parts, b" 9999\n"]))


def _frd_rows(numbers: np.ndarray, values: np.ndarray, kind: str | None) -> bytes:
    if kind is not None:
        table = np.empty(len(numbers), np.dtype([("n", "<i4"), ("v", f"<{kind}", (values.shape[1],))]))
        table["n"], table["v"] = numbers, values
        return table.tobytes()
    rows = (
        f" -1{n:10d}" + "".join(f"{v:12.5E}" for v in row)
        for n, row in zip(numbers, values.tolist(), strict=True)
    )
    return "\n".join(rows).encode() + b"\n -3\n"
