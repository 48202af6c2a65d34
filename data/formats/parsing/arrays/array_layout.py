"""Named arrays as one run or many: the axes of every field, times and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Field, FieldDescription, Run, RunDescription
from fieldwright.data.formats.parsing.arrays.array_axes import Sizes, by_names, meanings
from fieldwright.data.formats.parsing.arrays.array_space import Space, unfit
from fieldwright.data.formats.parsing.arrays.named_arrays import ArrayFile, roles_of
from fieldwright.data.formats.parsing.vtk.vtk_cells import cell_notes
from fieldwright.data.formats.parsing.vtk.vtk_pieces import component_names

_RUN_NAMES = {"run", "sample", "batch", "member", "realization", "case"}


class ArrayLayout:
    """The arrays of a file as runs.

    letters: for every field its axes, as `fieldwright.data.formats.parsing.arrays.array_axes` has them.
    Raises ReadError where no field fits, or where a shape can be read in more ways than one.
    """

    def __init__(self, file: ArrayFile) -> None:
        self.file, self.roles = file, roles_of(file.arrays)
        self.space = Space(file, self.roles)
        self.notes: list[str] = (
            [] if self.space.has_coordinates else ["no coordinates: the points are numbered"]
        )
        self.letters: dict[str, str] = {}
        self._read_axes()

    @cached_property
    def n_runs(self) -> int | None:
        """How many runs the file holds; None where it is one run, with no axis that counts runs."""
        shapes = {name: self.file.arrays[name].shape for name in self.letters}
        counts = {shapes[n][letters.index("r")] for n, letters in self.letters.items() if "r" in letters}
        if len(counts) > 1:
            raise unfit(self.file, list(self.letters), f"{' and '.join(map(str, sorted(counts)))} runs")
        return counts.pop() if counts else None

    @cached_property
    def parameters(self) -> dict[str, np.ndarray]:
        """(runs,) values by name: the columns of `params`, and every other array with one number per run."""
        columns: dict[str, np.ndarray] = {}
        if self.n_runs is None:
            return columns
        name = self.roles.parameters
        if name and self.file.arrays[name].shape[0] == self.n_runs:
            table = self.file.arrays[name].values().astype(np.float64).reshape(self.n_runs, -1)
            names = [name] if table.shape[1] == 1 else [f"{name}_{i + 1}" for i in range(table.shape[1])]
            columns = dict(zip(names, table.T, strict=True))
        rows = [
            n for n in self.roles.others if n not in self.letters and self.file.squeezed(n) == (self.n_runs,)
        ]
        return columns | {n: self.file.real(n).reshape(-1) for n in rows}

    def describe(self, reader: str, path: Path) -> RunDescription:
        """The fields, counts and times of the file's (first) run; a note gives the number of runs."""
        mesh = self.space.mesh(self._space_letters)
        fields = {name: self._info(name) for name in self._fields()}
        many = () if self.n_runs is None else (f"{self.n_runs} runs, the first is '{path.name}#0'",)
        size, notes = path.stat().st_size, (*many, *self.notes)
        return RunDescription(reader, fields, mesh.n_points, mesh.n_cells, self._times(0), size, notes)

    def run(self, path: Path, name: str | None, fields: Sequence[str] | None) -> Run:
        """One run, by its number as `name` where the file holds many."""
        number = int(name) if name is not None and name.isdigit() else None
        if (name is None) != (self.n_runs is None) or (
            name is not None and number not in range(self.n_runs or 0)
        ):
            contents = "one run" if self.n_runs is None else f"{self.n_runs} runs, #0 to #{self.n_runs - 1}"
            got = "no number of a run" if name is None else f"'#{name}'"
            raise ReadError(
                f"A run that '{path.name}' holds ({contents}) must be named", got, "Correct the name"
            )
        missing = [name for name in fields or () if name not in self.letters]
        if missing:
            raise ReadError(
                f"'{path.name}' must hold the field '{missing[0]}'",
                f"the fields {', '.join(self._fields()) or 'none'}",
                "Correct 'fields' in the study file",
            )
        mesh = self.space.mesh(self._space_letters)
        names = self._fields() if fields is None else fields
        read = {name: self._field(name, number or 0) for name in names}
        return Run(mesh, read, self._times(number or 0), (path,), (*self.notes, *cell_notes(mesh)))

    @property
    def _space_letters(self) -> str:
        """The space axes that the fields have."""
        used = {"".join(c for c in letters if c not in "rtcb") or "n" for letters in self.letters.values()}
        kinds = {"".join(sorted(one)) for one in used}
        if len(kinds) > 1:
            raise unfit(self.file, list(self.letters), f"fields on {' and on '.join(sorted(kinds))}")
        return kinds.pop()

    def _fields(self) -> list[str]:
        """Fields of a run: where runs are many, those that differ between them."""
        return [name for name, letters in self.letters.items() if self.n_runs is None or "r" in letters]

    def _read_axes(self) -> None:
        parameters = self.roles.parameters
        n_runs = self.file.arrays[parameters].shape[0] if parameters else 0
        unread = [name for name in self.roles.others if not self._read(name, n_runs)]
        if not parameters:
            # Only what has no other reading counts runs in its first axis.
            unread = [name for name in unread if not self._read(name, None)]
        if not self.letters:
            raise unfit(self.file, unread or [*self.file.arrays, "nothing"], "no reading")
        unused = [n for n in self.file.arrays if not self.file.arrays[n].is_numeric]
        unused += [n for n in unread if n not in self.parameters]
        unused += [n for n in self.letters if n not in self._fields()]
        if unused:
            self.notes.append(f"left out, as no field of a run: {', '.join(unused)}")

    def _read(self, name: str, n_runs: int | None) -> bool:
        array = self.file.arrays[name]
        if array.dimensions:
            letters = by_names(array.dimensions, self._known_dimensions, array.shape)
            if letters and not set(letters) - set("rtc"):
                return False
            if letters:
                self.letters[name] = letters
                return True
        readings = meanings(array.shape, Sizes(n_runs, self._lengths_of_time, self.space.options))
        # Equal axes give both orders: x comes first, as in u[x, y].
        if len(readings) == 2 and readings[0] != readings[1] and sorted(readings[0]) == sorted(readings[1]):
            first, second = sorted(readings, key=lambda text: [text.find(axis) for axis in "xyzuvw"])
            if not set("rtc") & set(first) or [first.find(c) for c in "rtc"] == [
                second.find(c) for c in "rtc"
            ]:
                self.notes.append(f"{name}: its axes are taken as {', '.join(first)}")
                readings = [first]
        if len(readings) > 1:
            raise unfit(self.file, [name], " or ".join(readings))
        if readings:
            self.letters[name] = readings[0]
        return bool(readings)

    @cached_property
    def _known_dimensions(self) -> dict[str, str]:
        """Letters of the dimensions' names, as the coordinates have them."""
        arrays = self.file.arrays
        dimensions: dict[str, tuple[str, ...]] = {name: arrays[name].dimensions or () for name in arrays}
        axes = {
            dimensions[name][0]: axis for axis, name in self.roles.axes.items() if len(dimensions[name]) == 1
        }
        # x and y over one dimension are columns of points.
        letter_of = {d: axis if len(axes) == len(self.roles.axes) else "n" for d, axis in axes.items()}
        if self.roles.points and dimensions[self.roles.points]:
            letter_of[dimensions[self.roles.points][0]] = "n"
        if self.roles.time and len(dimensions[self.roles.time]) == 1:
            letter_of[dimensions[self.roles.time][0]] = "t"
        names = {one for row in dimensions.values() for one in row}
        return letter_of | {one: "r" for one in names if one.lower().rstrip("s") in _RUN_NAMES}

    @cached_property
    def _lengths_of_time(self) -> tuple[int, ...]:
        if self.roles.time is None:
            return ()
        length = (
            self.file.arrays[self.roles.time].shape[-1]
            if self._time_per_run
            else self.file.squeezed(self.roles.time)[0]
        )
        # PDEBench gives the ends of its steps: one more than there are.
        return (length, length - 1) if self.roles.time.endswith("coordinate") else (length,)

    @property
    def _time_per_run(self) -> bool:
        return self.roles.time is not None and len(self.file.squeezed(self.roles.time)) > 1

    def _times(self, number: int) -> np.ndarray | None:
        lengths = {
            self.file.arrays[n].shape[letters.index("t")]
            for n, letters in self.letters.items()
            if "t" in letters
        }
        if not lengths or self.roles.time is None:
            return None
        values = self.file.real(self.roles.time)
        times = np.atleast_1d(values[number] if self._time_per_run else values)[: max(lengths)]
        if len(lengths) > 1 or np.any(np.diff(times) <= 0):
            raise self.file.refused("times that rise, the same for all fields", self.roles.time)
        return times

    def _info(self, name: str) -> FieldDescription:
        array, letters = self.file.arrays[name], self.letters[name]
        names = component_names(array.shape[letters.index("c")] if "c" in letters else 1)
        if "b" in letters:
            # Blocks may be of different fields, so they are numbered.
            names = tuple(map(str, range(array.shape[letters.index("b")] // self.space.options[-1][1][0])))
        if array.dtype.kind == "c":
            names = tuple(f"{one} {part}".strip() for part in ("real", "imaginary") for one in names)
        return FieldDescription("point", names, array.unit)

    def _field(self, name: str, number: int) -> Field:
        """(t, n, c) values of one run."""
        array, letters = self.file.arrays[name], self.letters[name]
        values = array.values(tuple(number if letter == "r" else slice(None) for letter in letters))
        axes = letters.replace("r", "")
        if "b" in axes:
            at = axes.index("b")
            n_points = self.space.options[-1][1][0]
            values = values.reshape(*values.shape[:at], -1, n_points, *values.shape[at + 1 :])
            axes = axes.replace("b", "cn")
            self._note_once(f"{name}: {values.shape[at]} blocks of {n_points} columns are its components")
        space = sorted(letter for letter in axes if letter not in "tc")
        # Points of a grid are numbered with x fastest, those of a curved one as the arrays run.
        order = "t" * ("t" in axes) + "".join(space if "u" in axes else space[::-1]) + "c" * ("c" in axes)
        values = np.transpose(values, [axes.index(letter) for letter in order])
        n_times, n_parts = (values.shape[i] if c in axes else 1 for c, i in (("t", 0), ("c", -1)))
        values = values.reshape(n_times, -1, n_parts)
        if values.dtype.kind == "c":
            values = np.concatenate([np.real(values), np.imag(values)], axis=2)
        if values.dtype not in (np.float32, np.float64):
            values = values.astype(np.float64)
        info = self._info(name)
        return Field(np.ascontiguousarray(values), "point", info.components, info.unit)

    def _note_once(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)
