"""CalculiX: .frd files in text or binary, all nodal results of all increments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription, register
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error
from fieldwright.data.formats.parsing.finite_elements.ccx_status import check_converged
from fieldwright.data.formats.parsing.finite_elements.frd_file import FrdBlock, FrdFile
from fieldwright.data.mesh.mesh import Mesh

_STATIC, _FREQUENCY = 0, 2


class FrdReader:
    """Reads `.frd` files; a run that its .sta file or log calls diverged or unfinished is refused."""

    name = "frd"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        if path.suffix.lower() != ".frd" or not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(6).startswith(b"    1")

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and times from the headers of the blocks; raises as `read` for a diverged run."""
        check_converged(path)
        file = FrdFile(path)
        times, fields, notes = _table(file)
        return RunDescription(
            reader=self.name,
            fields={name: FieldDescription("point", blocks[0].components) for name, blocks in fields.items()},
            n_points=file.n_nodes,
            n_cells=file.n_elements,
            times=times,
            size_bytes=path.stat().st_size,
            notes=notes,
        )

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All increments of the named fields; nodes that a field leaves out are NaN, with a note."""
        status, status_notes = check_converged(path)
        file = FrdFile(path)
        times, blocks, notes = _table(file)
        missing = [name for name in fields or () if name not in blocks]
        if missing:
            raise ReadError(
                f"Every increment in '{path.name}' must hold the field '{missing[0]}'",
                f"the fields {', '.join(blocks) or 'none'}",
                "Correct 'fields' in the study file, or ask for it under *NODE FILE or *EL FILE in every step",
            )
        numbers, points = file.nodes()
        read = {}
        for name in blocks if fields is None else fields:
            values, n_missing = _values(file, blocks[name], numbers)
            read[name] = Field(values, "point", blocks[name][0].components)
            if n_missing:
                notes += (
                    f"{name} is given at {len(numbers) - n_missing} of {len(numbers)} nodes, NaN elsewhere",
                )
        cells = {name: _places(file, nodes, numbers) for name, nodes in file.elements().items()}
        return Run(Mesh(points, cells), read, times, (path, *status), notes + status_notes)


def _table(file: FrdFile) -> tuple[np.ndarray | None, dict[str, list[FrdBlock]], tuple[str, ...]]:
    """Times (None for one static increment), the blocks of each field that every increment has, and notes."""
    increments: dict[tuple[tuple[int, int, int], float], dict[str, FrdBlock]] = {}
    for block in file.blocks:
        of_increment = increments.setdefault((block.increment, block.value), {})
        again = 2
        name = block.name
        while name in of_increment:
            name, again = f"{block.name} ({again})", again + 1
        of_increment[name] = block
    if not increments:
        raise file.damaged("a mesh without results")
    tables = list(increments.values())
    everywhere = [name for name in tables[-1] if all(_alike(t.get(name), tables[-1][name]) for t in tables)]
    left_out = dict.fromkeys(name for table in tables for name in table if name not in everywhere)
    notes = tuple(f"{name} left out: not every increment holds it" for name in left_out)
    fields = {name: [table[name] for table in tables] for name in everywhere}
    times = np.array([value for _, value in increments])
    analyses = {block.analysis for block in file.blocks}
    if _FREQUENCY in analyses:
        notes += ("modes: their frequencies or their numbers stand for times",)
    if np.any(np.diff(times) <= 0):
        notes += ("the increments' times do not rise: they are numbered from 1 instead",)
        times = np.arange(1.0, len(times) + 1)
    return None if len(times) == 1 and analyses == {_STATIC} else times, fields, notes


def _alike(block: FrdBlock | None, other: FrdBlock) -> bool:
    return block is not None and block.components == other.components


def _values(file: FrdFile, blocks: list[FrdBlock], numbers: np.ndarray) -> tuple[np.ndarray, int]:
    """(t, n, c) values, NaN at nodes without one, and the largest number of such nodes."""
    values, n_missing = None, 0
    for t, block in enumerate(blocks):
        nodes, block_values = file.values(block)
        if values is None:
            values = np.full((len(blocks), len(numbers), block_values.shape[1]), np.nan, block_values.dtype)
        values[t, slice(None) if np.array_equal(nodes, numbers) else _places(file, nodes, numbers)] = (
            block_values
        )
        n_missing = max(n_missing, len(numbers) - len(nodes))
    assert values is not None
    return values, n_missing


def _places(file: FrdFile, nodes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Positions of node numbers among the mesh's nodes."""
    order = np.argsort(numbers, kind="stable")
    places = order[np.minimum(np.searchsorted(numbers, nodes, sorter=order), len(numbers) - 1)]
    if np.any(numbers[places] != nodes):
        raise file.damaged("values or elements at nodes that the mesh does not have")
    return places


register(FrdReader())
