"""What readers of named arrays have in common: one run or many, by the layout of the arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Run, RunDescription, split_address
from fieldwright.data.formats.parsing.arrays.array_layout import ArrayLayout
from fieldwright.data.formats.parsing.arrays.named_arrays import ArrayFile, NamedArray
from fieldwright.data.formats.parsing.damage import damage_is_a_read_error


class ArrayReader(ABC):
    """Reads files of named arrays; a subclass decides which files it accepts and opens their arrays."""

    name: str
    version: str

    @abstractmethod
    def accepts(self, path: Path) -> bool:
        """As `fieldwright.data.formats.Reader.accepts`."""

    @abstractmethod
    def open_arrays(self, path: Path) -> AbstractContextManager[Mapping[str, Mapping[str, NamedArray]]]:
        """The arrays by run: under "" those of the whole file; under other names those of a run each."""

    @damage_is_a_read_error
    def describe(self, path: Path) -> RunDescription:
        """Fields, counts and times of the file's first run; a note gives the number of runs."""
        file, _ = split_address(path)
        with self.open_arrays(file) as groups:
            first = next(iter(groups))
            described = ArrayLayout(ArrayFile(file.name, groups[first])).describe(self.name, file)
            if first:
                note = f"{len(groups)} runs, the first is '{file.name}#{first}'"
                described = RunDescription(**{**vars(described), "notes": (note, *described.notes)})
            return described

    @damage_is_a_read_error
    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All times of the named fields of the run at an address: "file.npz#3", or "file.npz" if it is one."""
        file, run = split_address(path)
        with self.open_arrays(file) as groups:
            if "" in groups:
                return ArrayLayout(ArrayFile(file.name, groups[""])).run(file, run, fields)
            if run is None or run not in groups:
                names = list(groups)
                must = f"A run that '{file.name}' holds must be named ('{names[0]}' to '{names[-1]}')"
                raise ReadError(
                    must, f"'{run}'" if run else "none", f"Read '{file.name}#{names[0]}' or another"
                )
            return ArrayLayout(ArrayFile(file.name, groups[run])).run(file, None, fields)

    @damage_is_a_read_error
    def runs(self, path: Path) -> dict[str, dict[str, float]]:
        """Names of the runs, each with the parameters the file gives; empty where the file is one run."""
        with self.open_arrays(path) as groups:
            if "" not in groups:
                return {name: {} for name in groups}
            layout = ArrayLayout(ArrayFile(path.name, groups[""]))
            rows = {name: values.tolist() for name, values in layout.parameters.items()}
            return {str(i): {name: row[i] for name, row in rows.items()} for i in range(layout.n_runs or 0)}
