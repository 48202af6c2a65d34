"""File formats: one module each, found here by itself once it ends in `register(...)`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from fieldwright.data.disk import broken_link, is_broken_link, unreadable
from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Field:
    """Values of one field of one run.

    values: (t, n, c): times (1 if steady), nodes or cells, components; float32 or float64 as in the file.
    on: where the values live; "run" is one value of the whole run, of which n and t are 1.
    components: c names: ("",) for a scalar, ("x", "y", "z"), ("xx", "yy", "zz", "xy", "yz", "xz"), ...
    unit: as the file gives it, None where it does not.
    """

    values: np.ndarray
    on: Literal["point", "cell", "run"]
    components: tuple[str, ...] = ("",)
    unit: str | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """One run as a reader returns it.

    times: (t,) as the solver wrote them, strictly rising; None for a steady run.
    files: every file that the values came from, for provenance and for noticing changes.
    notes: remarks of the reader for the user ("2 boundary-line cells left out").
    """

    mesh: Mesh
    fields: dict[str, Field]
    times: np.ndarray | None = None
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class FieldDescription:
    """One field in a `RunDescription`: where it lives, its components, its unit if the file gives one."""

    on: Literal["point", "cell", "run"]
    components: tuple[str, ...]
    unit: str | None = None


@dataclass(frozen=True, eq=False)
class RunDescription:
    """Content of a file or folder, as far as it is known without reading all values."""

    reader: str
    fields: dict[str, FieldDescription]
    n_points: int
    n_cells: int
    times: np.ndarray | None = None
    size_bytes: int = 0
    notes: tuple[str, ...] = field(default=())


class Reader(Protocol):
    """A file format. Stateless; heavy libraries are imported inside the methods."""

    name: str
    version: str
    """Increased when the same file would give other values than before: the store then reads it again."""

    def accepts(self, path: Path) -> bool:
        """Whether this file or folder seems to be of this format (by name and first bytes; cheap, never raises)."""
        ...

    def describe(self, path: Path) -> RunDescription:
        """The content of a file or folder; raises ReadError."""
        ...

    def read(self, path: Path, fields: Sequence[str] | None = None) -> Run:
        """All times of the named fields (all fields if None); raises ReadError, never loses values silently."""
        ...


class ManyRuns(Protocol):
    """Added method of a reader whose files can hold many runs; its `read` takes the address of one run."""

    def runs(self, path: Path) -> dict[str, dict[str, float]]:
        """Names of the runs, each with the parameters the file gives; empty where the file is one run."""
        ...


def split_address(path: Path) -> tuple[Path, str | None]:
    """The file, and the name of the run within it: "sweep.npz#3" is run "3"; None where the path is a file."""
    base, mark, run = str(path).rpartition("#")
    if not mark or path.exists() or not Path(base).is_file():
        return path, None
    return Path(base), run


def runs_in(path: Path, reader: Reader | None = None) -> dict[str, dict[str, float]]:
    """The runs that a file holds, as `ManyRuns.runs` has them; each one's address is f"{path}#{name}"."""
    reader = reader or reader_for(path)
    runs = getattr(reader, "runs", None)
    return runs(path) if runs else {}


READERS: dict[str, Reader] = {}


def register(reader: Reader) -> None:
    """Registers a reader under its name; called at the end of the format's module."""
    READERS[reader.name] = reader


def _load_all() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def reader_named(name: str) -> Reader:
    """The reader of that name; raises ReadError naming those that exist."""
    _load_all()
    if name not in READERS:
        raise ReadError(
            f"The reader must be one of {', '.join(sorted(READERS))}",
            f"'{name}'",
            "Correct 'reader' in the study file, or leave it out to have it recognised",
        )
    return READERS[name]


def _check_open(path: Path) -> None:
    """Raises ReadError where no reader could recognise a file because the system denies access to it."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                empty = not file.read(1)
            if empty:
                raise TruncatedError(
                    f"'{path.name}' must hold a result",
                    "an empty file",
                    "Run the case again, or export it again",
                )
    except OSError as error:
        raise unreadable(path, error) or ReadError(
            f"'{path.name}' must be readable", str(error), "Look at it"
        ) from None


def reader_for(path: Path) -> Reader:
    """The one reader that accepts this file, folder or address of a run; raises ReadError when none does."""
    _load_all()
    path, _ = split_address(path)
    if is_broken_link(path):
        raise broken_link(path)
    if not path.exists():
        raise ReadError("The file or folder must exist", str(path), "Correct the path")
    for reader in READERS.values():
        try:
            accepted = reader.accepts(path)
        except OSError as error:
            why = unreadable(path, error)
            raise why or ReadError(f"'{path.name}' must be readable", str(error), "Look at it") from None
        if accepted:
            return reader
    _check_open(path)
    raise ReadError(
        f"A result must be in a supported format ({', '.join(sorted(READERS))})",
        f"'{path.name}', which none of them recognises",
        "Export it as VTU from the solver or from ParaView, or name the reader in the study file",
    )
