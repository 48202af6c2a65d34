"""What a VTK legacy file says, keyword by keyword: points, cells, fields and time."""

from __future__ import annotations

from urllib.parse import unquote

import numpy as np

from fieldwright.data.formats.parsing.arrays.grids import axes_mesh, grid_cells
from fieldwright.data.formats.parsing.vtk.vtk_cells import mesh_of, polygon_types
from fieldwright.data.formats.parsing.vtk.vtk_legacy_file import LegacyFile
from fieldwright.data.mesh.mesh import Mesh

_WIDTHS = {"VECTORS": 3, "NORMALS": 3, "TENSORS": 9, "TENSORS6": 6, "GLOBAL_IDS": 1, "PEDIGREE_IDS": 1}
_GROUPS = {"VERTICES": "Verts", "LINES": "Lines", "POLYGONS": "Polys", "TRIANGLE_STRIPS": "Strips"}
_GRIDS = {"ORIGIN", "SPACING", "ASPECT_RATIO"}
_AXES = ("X_COORDINATES", "Y_COORDINATES", "Z_COORDINATES")
_TIMES = ("TIME", "TimeValue")


class LegacyContent:
    """The whole content of a file.

    fields: name to ("point" or "cell", (n, components) values as in the file); texts: names of those that hold text;
    time: None where the file gives none.
    Raises ReadError for an unknown keyword, and where numbers are missing or do not fit the mesh.
    """

    def __init__(self, file: LegacyFile) -> None:
        self.file = file
        self._values: dict[tuple[str, str], np.ndarray] = {}
        self.time: float | None = None
        self.texts: list[str] = []
        self._section, self._length = "", 0
        self._points: np.ndarray | None = None
        self._grid: dict[str, np.ndarray] = {}
        self._dimensions: list[int] = []
        self._connectivity: list[np.ndarray] = []
        self._ends: list[np.ndarray] = []
        self._types: list[np.ndarray] = []
        while words := file.keywords():
            self._take(words[0].upper(), words)

    @property
    def fields(self) -> dict[str, tuple[str, np.ndarray]]:
        """Values by name; a name used on points and on cells stays on the points, the other gains " (cell)"."""
        values_by_name = {}
        for (on, name), values in self._values.items():
            values_by_name[f"{name} (cell)" if on == "cell" and ("point", name) in self._values else name] = (
                on,
                values,
            )
        return values_by_name

    def mesh(self) -> tuple[Mesh, np.ndarray]:
        """The mesh, and the (c,) file positions of its cells in the mesh's numbering."""
        if self._dimensions:
            mesh = self._grid_mesh()
            return mesh, np.arange(mesh.n_cells)
        if self._points is None:
            raise self.file.damaged("no points")
        if not self._types:
            return Mesh(self._points), np.arange(0)
        starts = np.cumsum([0, *(len(nodes) for nodes in self._connectivity)])
        ends = np.concatenate([end + start for end, start in zip(self._ends, starts[:-1], strict=True)])
        nodes, types = np.concatenate(self._connectivity), np.concatenate(self._types)
        if len(types) != len(ends):
            raise self.file.damaged(f"{len(types)} types for {len(ends)} cells")
        if len(nodes) and not 0 <= nodes.min() <= nodes.max() < len(self._points):
            raise self.file.damaged("cells that refer to points that are not there")
        return mesh_of(self._points, nodes, ends, types)

    def _grid_mesh(self) -> Mesh:
        nx, ny, nz = self._dimensions
        # A grid has at most eight points for each of its cells: more than that is a damaged number.
        if self._points is None and nx * ny * nz > 8 * self._length:
            raise self.file.damaged(f"dimensions {nx} x {ny} x {nz} for {self._length} values")
        if any(axis in self._grid for axis in _AXES):
            axes = [self._grid.get(axis, np.zeros(1)) for axis in _AXES]
            if [len(axis) for axis in axes] != [nx, ny, nz]:
                raise self.file.damaged("axes of other lengths than the dimensions")
            return axes_mesh(*axes)
        if self._points is None:
            spacing = self._grid.get("SPACING", self._grid.get("ASPECT_RATIO", np.ones(3)))
            origin = self._grid.get("ORIGIN", np.zeros(3))
            return axes_mesh(
                *(o + s * np.arange(n) for o, s, n in zip(origin, spacing, (nx, ny, nz), strict=True))
            )
        if len(self._points) != nx * ny * nz:
            raise self.file.damaged(f"{len(self._points)} points for dimensions {nx} x {ny} x {nz}")
        return Mesh(self._points, grid_cells(np.arange(nx * ny * nz).reshape(nz, ny, nx)))

    def _take(self, key: str, words: list[str]) -> None:
        file = self.file
        if key == "DATASET":
            return
        if key == "DIMENSIONS":
            self._dimensions = [file.count(words, i) for i in (1, 2, 3)]
        elif key in _GRIDS:
            self._grid[key] = np.array([float(word) for word in words[1:4]])
        elif key in _AXES:
            self._grid[key] = file.numbers(file.count(words, 1), words[2])
        elif key == "POINTS":
            self._points = file.numbers(3 * file.count(words, 1), words[2]).reshape(-1, 3).astype(np.float64)
        elif key == "CELLS" or key in _GROUPS:
            self._take_cells(key, words)
        elif key == "CELL_TYPES":
            self._types.append(file.numbers(file.count(words, 1), "int"))
        elif key in ("POINT_DATA", "CELL_DATA"):
            self._section, self._length = key[:-5].lower(), file.count(words, 1)
        elif key == "FIELD":
            before = len(file.texts)
            self._take_arrays(file.field(file.count(words, 2)))
            # Outside of points and cells they describe the file.
            self.texts += file.texts[before:] if self._section else []
        elif key == "LOOKUP_TABLE":
            file.numbers(4 * file.count(words, 2), "unsigned_char" if file.binary else "float")
        else:
            self._take_attribute(key, words)

    def _take_cells(self, key: str, words: list[str]) -> None:
        first, second = self.file.count(words, 1), self.file.count(words, 2)
        if self.file.version >= 5:
            ends = self.file.numbers(first, self._type_after("OFFSETS"))[1:] if first else np.empty(0)
            nodes = self.file.numbers(second, self._type_after("CONNECTIVITY")) if first else np.empty(0)
        else:
            nodes, ends = self._unpacked(self.file.numbers(second, "int"), first)
        ends = ends.astype(np.int64)
        if len(ends) and (ends[-1] != len(nodes) or np.any(np.diff(ends, prepend=0) < 0)):
            raise self.file.damaged("cells that do not end where their nodes do")
        self._connectivity.append(nodes.astype(np.int64))
        self._ends.append(ends)
        if key in _GROUPS:
            self._types.append(polygon_types(_GROUPS[key], np.diff(ends, prepend=0)))

    def _type_after(self, keyword: str) -> str:
        words = self.file.keywords()
        if len(words) < 2 or words[0].upper() != keyword:
            raise self.file.damaged(f"no {keyword} of its cells")
        return words[1]

    def _unpacked(self, flat: np.ndarray, n_cells: int) -> tuple[np.ndarray, np.ndarray]:
        """Nodes and ends from a row in which each cell's nodes stand behind their number."""
        width = int(flat[0]) + 1 if len(flat) else 1
        if n_cells and width > 1 and len(flat) == n_cells * width and np.all(flat[::width] == width - 1):
            return flat.reshape(n_cells, width)[:, 1:].ravel(), (width - 1) * np.arange(1, n_cells + 1)
        sizes_at, position, row = [], 0, flat.tolist()
        while position < len(row):
            sizes_at.append(position)
            if row[position] < 1:
                raise self.file.damaged(f"a cell of {row[position]} nodes")
            position += row[position] + 1
        if len(sizes_at) != n_cells or position != len(row):
            raise self.file.damaged(f"{len(sizes_at)} of {n_cells} cells")
        return np.delete(flat, sizes_at), np.cumsum(flat[sizes_at])

    def _take_attribute(self, key: str, words: list[str]) -> None:
        file = self.file
        if not self._section or len(words) < 3:
            raise file.damaged(f"the line '{' '.join(words)[:80]}' where a keyword should stand")
        if key == "SCALARS":
            width, kind = file.count(words, 3) if len(words) > 3 else 1, words[2]
            file.skip_line_of("LOOKUP_TABLE")
        elif key == "COLOR_SCALARS":
            width, kind = file.count(words, 2), "unsigned_char" if file.binary else "float"
        elif key == "TEXTURE_COORDINATES" and len(words) > 3:
            width, kind = file.count(words, 2), words[3]
        elif key in _WIDTHS:
            width, kind = _WIDTHS[key], words[2]
        else:
            raise file.damaged(f"the unknown keyword '{key[:40]}'")
        self._add(unquote(words[1]), file.numbers(width * self._length, kind).reshape(self._length, width))

    def _take_arrays(self, arrays: list[tuple[str, np.ndarray]]) -> None:
        for name, values in arrays:
            if self._section:
                self._add(name, values)
            elif name in _TIMES and values.size:
                self.time = float(values.ravel()[0])

    def _add(self, name: str, values: np.ndarray) -> None:
        if len(values) != self._length:
            raise self.file.damaged(f"{len(values)} values of {name} for {self._length} {self._section}s")
        self._values[self._section, name] = values
