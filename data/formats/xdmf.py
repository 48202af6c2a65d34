"""XDMF: meshes and fields in XML with their numbers in HDF5, as FEniCS, meshio and others write them."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.vtk.vtk_cells import cell_notes
from fieldwright.data.formats.parsing.vtk.vtk_pieces import component_names
from fieldwright.data.formats.parsing.vtk.xdmf_file import XdmfFile
from fieldwright.data.formats.parsing.vtk.xdmf_mesh import xdmf_counts, xdmf_mesh
from fieldwright.data.mesh.mesh import Mesh

_PLACES = {"Node": "point", "Cell": "cell"}
# A tensor of fourth order in space has 81.
_MOST_COMPONENTS = 81
_SYMMETRIC = ("xx", "xy", "xz", "yy", "yz", "zz")


class XdmfReader:
    """Reads `.xdmf` and `.xmf` files of one mesh, steady or a temporal collection."""

    name = "xdmf"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        if path.suffix.lower() not in (".xdmf", ".xmf", ".xdmf3") or not path.is_file():
            return False
        with path.open("rb") as file:
            return b"<Xdmf" in file.read(4096)

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and times by the XML alone."""
        file = XdmfFile(path)
        n_points, n_cells = xdmf_counts(file, next(iter(file.grids.values()))[0])
        attributes, notes = _attributes(file)
        infos = {name: _info(file, steps[0], n_points, n_cells) for name, steps in attributes.items()}
        notes += _order_notes(infos)
        size = sum(one.stat().st_size for one in {path, path.with_suffix(".h5")} if one.is_file())
        return RunDescription(self.name, infos, n_points, n_cells, _times(file), size, notes)

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All times of the named fields; raises ReadError where the mesh changes or numbers are missing."""
        file = XdmfFile(path)
        attributes, notes = _attributes(file)
        missing = [name for name in fields or () if name not in attributes]
        if missing:
            raise ReadError(
                f"Every time in '{path.name}' must hold the field '{missing[0]}'",
                f"the fields {', '.join(attributes) or 'none'}",
                "Correct 'fields' in the study file, or write it at every time",
            )
        mesh, positions = _mesh(file)
        read = {}
        names = attributes if fields is None else fields
        infos = {name: _info(file, attributes[name][0], mesh.n_points, mesh.n_cells) for name in names}
        notes += _order_notes(infos)
        for name, info in infos.items():
            n_places = mesh.n_points if info.on == "point" else mesh.n_cells
            steps = [file.values(attribute.find("DataItem")) for attribute in attributes[name]]
            if any(step.size != n_places * len(info.components) for step in steps):
                raise file.damaged(f"{steps[0].size} values of {name} for {n_places} {info.on}s")
            values = np.stack([step.reshape(n_places, -1) for step in steps])
            if values.dtype not in (np.float32, np.float64):
                values = values.astype(np.float64)
            on_mesh = values if info.on == "point" else values[:, positions]
            read[name] = Field(on_mesh, info.on, info.components, info.unit)
        return Run(mesh, read, _times(file), tuple(file.files), notes + cell_notes(mesh))


def _times(file: XdmfFile) -> np.ndarray | None:
    """Rising times; None for a steady file. Raises ReadError where some grids give a time and others do not."""
    grid_times = list(file.grids)
    if grid_times == [None]:
        return None
    times = np.array([np.nan if time is None else time for time in grid_times])
    if not np.all(np.diff(times) > 0):
        raise file.damaged("times that do not rise")
    return times


def _attributes(file: XdmfFile) -> tuple[dict[str, list[ET.Element]], tuple[str, ...]]:
    """The attributes of each field in the order of time, and notes on what is left out."""
    tables, odd = [], set()
    for grids in file.grids.values():
        table = {}
        for attribute in (attribute for grid in grids for attribute in grid.iterfind("Attribute")):
            if (
                attribute.get("Center", "Node") not in _PLACES
                or attribute.get("ItemType") == "FiniteElementFunction"
            ):
                odd.add(attribute.get("Name", ""))
            else:
                table[attribute.get("Name", "")] = attribute
        tables.append(table)
    everywhere = [name for name in tables[0] if all(name in table for table in tables)]
    partly = {name for table in tables for name in table if name not in everywhere}
    notes = [f"{name} left out: it lives neither on nodes nor on cells" for name in sorted(odd)]
    notes += [f"{name} left out: not every time holds it" for name in sorted(partly)]
    return {name: [table[name] for table in tables] for name in everywhere}, tuple(notes)


def _info(file: XdmfFile, attribute: ET.Element, n_points: int, n_cells: int) -> FieldDescription:
    on = "point" if _PLACES[attribute.get("Center", "Node")] == "point" else "cell"
    item = attribute.find("DataItem")
    if item is None:
        raise file.damaged(f"the field '{attribute.get('Name')}' without its data")
    n_places = max(1, n_points if on == "point" else n_cells)
    width, remainder = divmod(math.prod(file.shape(item)), n_places)
    if remainder or not 1 <= width <= _MOST_COMPONENTS:
        raise file.damaged(
            f"{n_places * width + remainder} values of {attribute.get('Name')} for {n_places} {on}s"
        )
    names = (
        _SYMMETRIC if attribute.get("AttributeType") == "Tensor6" and width == 6 else component_names(width)
    )
    return FieldDescription(on, names, attribute.get("Unit"))


def _order_notes(infos: Mapping[str, FieldDescription]) -> tuple[str, ...]:
    """Six components may stand in another order than the standard's: converters keep that of their source."""
    return tuple(
        f"{name} has six components, called {', '.join(info.components)} "
        f"{'as the standard orders them' if info.components == _SYMMETRIC else 'as VTK orders them'}: "
        "what converted the file may have kept another order"
        for name, info in infos.items()
        if len(info.components) == len(_SYMMETRIC)
    )


def _mesh(file: XdmfFile) -> tuple[Mesh, np.ndarray]:
    """The one mesh of all times; grids that name the same data are not read again."""
    read: dict[tuple[str, str], tuple[Mesh, np.ndarray]] = {}
    for grid in (grid for grids in file.grids.values() for grid in grids):
        key = (_source(file, grid, "Topology"), _source(file, grid, "Geometry"))
        if key not in read:
            read[key] = xdmf_mesh(file, grid)
    first, *others = read.values()
    if any(mesh.hash != first[0].hash for mesh, _ in others):
        raise ReadError(
            f"The mesh in '{file.path.name}' must stay the same", "several", "Write the run on a fixed mesh"
        )
    return first


def _source(file: XdmfFile, grid: ET.Element, tag: str) -> str:
    part = file.part(grid, tag)
    return "" if part is None else ET.tostring(part, encoding="unicode")


register(XdmfReader())
