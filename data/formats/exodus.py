"""Exodus: files of MOOSE, Sierra and Cubit, with fields on nodes and elements at all times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.arrays.netcdf_values import Variable, looks_like_netcdf, variables_of
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.finite_elements.cell_supports import nan_notes, without_bare_cells
from fieldwright.data.formats.parsing.finite_elements.exodus_cells import ORDERS, meshio_name
from fieldwright.data.formats.parsing.vtk.vtk_cells import cell_notes
from fieldwright.data.mesh.mesh import Mesh

_NAMED = re.compile(r".*\.(e|ex2|exo|exii|exodus)(-s\d+)?", re.I)
_TENSOR = ("xx", "yy", "zz", "xy", "yz", "zx")
_PARTS = re.compile(r"(?P<name>.*?)_?(?P<part>xx|yy|zz|xy|yz|zx|xz|x|y|z)", re.I)


class ExodusReader:
    """Reads `.e` and `.exo` files; `disp_x, disp_y, disp_z` become one vector, `s_xx` to `s_zx` one tensor."""

    name = "exodus"
    version = "2"

    def accepts(self, path: Path) -> bool:
        """By the suffix, also with the number of a restart behind it, and the first bytes."""
        return _NAMED.fullmatch(path.name) is not None and path.is_file() and looks_like_netcdf(path)

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and times; no field's values are read."""
        with variables_of(path) as variables:
            content = _Content(path, variables)
            infos = {n: FieldDescription(on, components) for n, (on, components, _) in content.fields.items()}
            n_cells = sum(len(nodes) for _, nodes in content.blocks)
            size = path.stat().st_size
            return RunDescription(
                self.name, infos, content.n_points, n_cells, content.times, size, content.notes
            )

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All times of the named fields."""
        with variables_of(path) as variables:
            content = _Content(path, variables)
            missing = [name for name in fields or () if name not in content.fields]
            if missing:
                raise ReadError(
                    f"'{path.name}' must hold the field '{missing[0]}'",
                    f"the fields {', '.join(content.fields) or 'none'}",
                    "Correct 'fields' in the study file",
                )
            mesh, positions = content.mesh()
            read = {}
            for name in content.fields if fields is None else fields:
                on, components, _ = content.fields[name]
                values = content.values(name)
                read[name] = Field(values if on == "point" else values[:, positions], on, components)
            mesh, read, bare = without_bare_cells(mesh, read)
            notes = (*content.notes, *bare, *nan_notes(read), *cell_notes(mesh))
            return Run(mesh, read, content.times, (path,), notes)


class _Content:
    """The variables of a file as mesh, times and fields."""

    def __init__(self, path: Path, variables: dict[str, Variable]) -> None:
        self.path, self._variables = path, variables
        numbers = sorted(int(name[7:]) for name in variables if re.fullmatch(r"connect\d+", name))
        self.blocks = [self._block(variables[f"connect{number}"]) for number in numbers]
        self._numbers = numbers
        self.n_points = self._coordinates().shape[0]
        self.times = self._times()
        nodal, of_elements = self._names("name_nod_var"), self._names("name_elem_var")
        self.fields: dict = {}
        for on, names in (("point", nodal), ("cell", of_elements)):
            for name, (components, parts) in _grouped(names).items():
                key = name if name not in self.fields else f"{name} (cell)"
                self.fields[key] = (on, components, parts)
        others = [name for name in ("name_glo_var", "name_nset_var", "name_sset_var") if name in variables]
        other_names = ", ".join(word for name in others for word in self._names(name))
        self.notes = (f"{other_names} left out: global or of node and side sets",) if other_names else ()

    def damaged(self, got: str) -> ReadError:
        return ReadError(f"'{self.path.name}' must be a whole Exodus file", got, "Write it again")

    def mesh(self) -> tuple[Mesh, np.ndarray]:
        """The mesh, and the (c,) positions of its cells in the row of all blocks."""
        points = self._coordinates()
        cells: dict[str, list[np.ndarray]] = {}
        positions: dict[str, list[np.ndarray]] = {}
        first = 0
        for kind, nodes in self.blocks:
            if nodes.size and not 0 <= nodes.min() <= nodes.max() < len(points):
                raise self.damaged("elements that refer to nodes that are not there")
            cells.setdefault(kind, []).append(nodes)
            positions.setdefault(kind, []).append(first + np.arange(len(nodes)))
            first += len(nodes)
        mesh = Mesh(points, {kind: np.concatenate(nodes) for kind, nodes in cells.items()})
        return mesh, np.concatenate([p for kind in cells for p in positions[kind]] or [np.arange(0)])

    def values(self, name: str) -> np.ndarray:
        """(t, n, c) values, cells in the order of the blocks, NaN where a block has none."""
        on, _, parts = self.fields[name]
        columns = [self._nodal(part) if on == "point" else self._of_elements(part) for part in parts]
        return np.stack(columns, axis=2)

    def _nodal(self, number: int) -> np.ndarray:
        if f"vals_nod_var{number}" in self._variables:
            values = self._variables[f"vals_nod_var{number}"].values()
        else:
            # Files of the 1990s hold all variables in one array.
            values = self._get("vals_nod_var").values((slice(None), number - 1))
        if values.shape[1:] != (self.n_points,):
            raise self.damaged(f"{values.shape[-1]} values for {self.n_points} nodes")
        return values

    def _of_elements(self, number: int) -> np.ndarray:
        n_times, columns = self._n_times(), []
        for block, (_, nodes) in zip(self._numbers, self.blocks, strict=True):
            name = f"vals_elem_var{number}eb{block}"
            if name not in self._variables:
                columns.append(np.full((n_times, len(nodes)), np.nan))
                continue
            values = self._variables[name].values()
            if values.shape != (n_times, len(nodes)):
                raise self.damaged(f"{values.shape} values for {n_times} times and {len(nodes)} elements")
            columns.append(values)
        return np.concatenate(columns, axis=1)

    def _block(self, variable: Variable) -> tuple[str, np.ndarray]:
        nodes = variable.values().astype(np.int64)
        kind = meshio_name(variable.text("elem_type"), nodes.shape[-1]) if nodes.ndim == 2 else None
        if kind is None:
            got = f"'{variable.text('elem_type')}' with {nodes.shape[-1]} nodes"
            raise ReadError(f"Elements in '{self.path.name}' must be of a known type", got, "Mesh it anew")
        return kind, nodes[:, ORDERS.get(kind, range(nodes.shape[1]))] - 1

    def _coordinates(self) -> np.ndarray:
        if "coord" in self._variables:
            rows = self._variables["coord"].values()
        else:
            axis_names = [f"coord{axis}" for axis in "xyz" if f"coord{axis}" in self._variables]
            if not axis_names:
                raise self.damaged("no coordinates")
            rows = np.stack([self._variables[name].values() for name in axis_names])
        points = rows.T.astype(np.float64)
        return np.pad(points, ((0, 0), (0, 3 - points.shape[1])))

    def _times(self) -> np.ndarray | None:
        """The times; None for a steady file of one step at time 0."""
        times = (
            self._get("time_whole").values().astype(np.float64)
            if "time_whole" in self._variables
            else np.empty(0)
        )
        if len(times) == 0 or (len(times) == 1 and times[0] == 0):
            return None
        if np.any(np.diff(times) <= 0):
            raise self.damaged("times that do not rise")
        return times

    def _n_times(self) -> int:
        return len(self._get("time_whole").values())

    def _get(self, name: str) -> Variable:
        if name not in self._variables:
            raise self.damaged(f"no variable '{name}'")
        return self._variables[name]

    def _names(self, variable: str) -> list[str]:
        if variable not in self._variables:
            return []
        rows = self._variables[variable].values()
        return [
            b"".join(row.tolist()).split(b"\x00")[0].decode("utf-8", errors="replace").strip() for row in rows
        ]


def _grouped(names: Sequence[str]) -> dict[str, tuple[tuple[str, ...], list[int]]]:
    """Fields by name: their components, and the numbers (from 1) of the variables that hold them."""
    numbers = {name: number for number, name in enumerate(names, start=1)}
    groups: dict[str, dict[str, int]] = {}
    for name, number in numbers.items():
        match = _PARTS.fullmatch(name)
        if match and match["name"]:
            part = match["part"].lower()
            groups.setdefault(match["name"], {})["zx" if part == "xz" else part] = number
    fields: dict[str, tuple[tuple[str, ...], list[int]]] = {}
    grouped_numbers: set[int] = set()
    for base, parts in groups.items():
        for axes in (_TENSOR, ("x", "y", "z"), ("x", "y")):
            if base not in numbers and set(axes) == set(parts):
                # The contract's name of the last shear component is "xz".
                components = tuple("xz" if axis == "zx" else axis for axis in axes)
                fields[base] = (components, [parts[axis] for axis in axes])
                grouped_numbers |= set(parts.values())
    scalars = {name: (("",), [number]) for name, number in numbers.items() if number not in grouped_numbers}
    return {**fields, **scalars}


register(ExodusReader())
