"""An OpenFOAM case folder: which of its parts hold results, at which times, which fields, on which mesh."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats.parsing.openfoam.foam_dictionary import FoamDictionary, RefusedError
from fieldwright.data.formats.parsing.openfoam.foam_file import FoamField, FoamFile
from fieldwright.data.formats.parsing.openfoam.foam_mesh import (
    FoamMesh,
    count_points_and_cells,
    read_foam_mesh,
)

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MESH = Path("constant/polyMesh")


@dataclass(frozen=True)
class FoamCase:
    """One case. Its properties raise ReadError where the folder is no whole case with results."""

    folder: Path

    @cached_property
    def processors(self) -> list[Path]:
        """The folders of a decomposed case, in order; none for a serial one."""
        folders = {
            int(path.name[9:]): path for path in self.folder.glob("processor*") if path.name[9:].isdigit()
        }
        if not folders and any(self.folder.glob("processors*")):
            raise ReadError(
                "A decomposed case must have one folder per processor", "collated files", "Run reconstructPar"
            )
        scheme = self.folder / "system" / "decomposeParDict"
        count_text = (
            FoamFile(scheme, needs_header=False).entry("numberOfSubdomains")
            if folders and scheme.exists()
            else ""
        )
        n_processors = int(count_text) if count_text.isdigit() else max(folders, default=-1) + 1
        if sorted(folders) != list(range(n_processors)) and folders:
            got = f"{len(folders)} of {n_processors} processor folders in '{self.folder.name}'"
            raise ReadError("A decomposed case must be whole", got, "Copy them all, or run reconstructPar")
        return [folders[i] for i in sorted(folders)]

    @cached_property
    def parts(self) -> list[Path]:
        """The case itself or its processors, whichever came further."""
        # A decomposed case that was not reconstructed keeps time 0, alone, at its root.
        furthest = [
            max(map(float, _times(part)), default=-np.inf) for part in [self.folder, *self.processors]
        ]
        return [self.folder] if furthest[0] >= max(furthest) or not self.processors else self.processors

    @cached_property
    def times(self) -> list[str]:
        """Names of the time folders that hold results, rising. The initial state is none."""
        times_of_parts = [_times(part) for part in self.parts]
        times = [time for time in times_of_parts[0] if all(time in other for other in times_of_parts)]
        if not times and self.control("application") == "potentialFoam" and (self.folder / "0").is_dir():
            times = ["0"]
        if not times:
            got = "its initial state alone" if (self.folder / "0").is_dir() else "no time folder with fields"
            raise ReadError(f"The case '{self.folder.name}' must hold a time after 0", got, "Run the solver")
        if len({float(time) for time in times}) < len(times):
            raise ReadError(
                "Each time must have one folder", ", ".join(times), "Remove those that stand twice"
            )
        return times

    def control(self, entry: str) -> str:
        """An entry of system/controlDict, "" where there is none."""
        path = self.folder / "system" / "controlDict"
        return FoamFile(path, needs_header=False).entry(entry) if path.exists() else ""

    @cached_property
    def steady(self) -> bool:
        """Whether the time scheme says that times are iterations."""
        path = self.folder / "system" / "fvSchemes"
        file = FoamFile(path, needs_header=False) if path.exists() else None
        schemes = file.dictionary.find("ddtSchemes") if file else None
        if not isinstance(schemes, FoamDictionary):
            return False
        words_of_term = {name: _words_of(schemes, name) for name in schemes.entries}
        default = words_of_term.pop("default", ["none"])
        if default == ["none"] and words_of_term:
            return all("steadyState" in words for words in words_of_term.values())
        return "steadyState" in default

    @cached_property
    def fields(self) -> dict[str, FoamField]:
        """The fields on cells or points that every time of every part holds."""
        return {
            name: field
            for name, field in self._last_fields.items()
            if field and all(name in _files(part / time) for part in self.parts for time in self.times)
        }

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Remarks on joined parts, on what was left out, and on signs of an unfinished run."""
        notes = []
        if self.steady:
            notes.append(f"steady run: its times are iterations, {self.times[-1]} is the last")
        first = float(self.times[0])
        for name in _numbered(self.folder):
            if name not in self.times and (float(name) == 0 or float(name) < min(first, 0)):
                notes.append(f"time {name}, the initial state, left out")
            elif name in self.times and float(name) == 0 > first:
                notes.append("time 0 counts as a result: earlier times are there")
        if self.parts != [self.folder]:
            notes.append(f"{len(self.parts)} processor folders put together")
        for name, field in self._last_fields.items():
            if field is None:
                notes.append(f"{name} left out: it lives on faces or is no field")
            elif name not in self.fields:
                notes.append(f"{name} left out: not every time holds it")
        end, start = self.control("endTime"), self.control("startTime")
        times = [float(time) for time in self.times]
        if len(times) == 1:
            times.insert(0, float(start) if _NUMBER.fullmatch(start) else min(0.0, times[0]))
        # The last step may be cut short by endTime, so only a whole missing step tells.
        if (
            not self.steady
            and _NUMBER.fullmatch(end)
            and float(end) - times[-1] > 0.99 * (times[-1] - times[-2])
        ):
            notes.append(f"stopped early: the last time is {self.times[-1]}, endTime is {end}")
        return tuple(notes)

    def counts(self) -> tuple[int, int]:
        """Points and cells by the headers; points between processors count once if the root has the mesh."""
        at_root = (
            _has(self.folder / _MESH, "points")
            and self._mesh_folders(self.parts[0])[1].parent.name == "constant"
        )
        counted = [self.folder / _MESH] if at_root else [self._mesh_folders(part)[1] for part in self.parts]
        points, cells = zip(*map(count_points_and_cells, counted), strict=True)
        return sum(points), sum(cells)

    def mesh(self) -> tuple[FoamMesh, dict[Path, dict[str, np.ndarray]], tuple[str, ...]]:
        """The mesh; for each part, where its "cell"s and "point"s stand in the mesh; and notes."""
        if self.parts == [self.folder]:
            mesh = read_foam_mesh(*self._mesh_folders(self.folder))
            return mesh, {self.folder: _own_rows(mesh, 0, 0)}, ()
        pieces = [read_foam_mesh(*self._mesh_folders(part)) for part in self.parts]
        rows = [self._addresses(part, piece) for part, piece in zip(self.parts, pieces, strict=True)]
        notes: tuple[str, ...] = ()
        addresses = [row for row in rows if row is not None]
        n_cells = sum(len(piece.volumes) for piece in pieces)
        together = np.sort(np.concatenate([row["cell"] for row in addresses])) if addresses else np.empty(0)
        if len(addresses) < len(rows) or not np.array_equal(together, np.arange(n_cells)):
            notes = ("the mesh was changed after it was decomposed: cells stand processor by processor",)
            before = np.cumsum([(0, 0), *((len(p.volumes), len(p.points)) for p in pieces)], axis=0)
            addresses = [_own_rows(piece, *start) for piece, start in zip(pieces, before[:-1], strict=True)]
        n_points = max(int(row["point"].max(initial=-1)) for row in addresses) + 1
        if n_points > sum(len(piece.points) for piece in pieces):
            raise ReadError(
                f"The pieces of '{self.folder.name}' must fit together",
                f"points numbered up to {n_points}",
                "Decompose and run it again, or run reconstructPar",
            )
        if _has(self.folder / _MESH, "points") and count_points_and_cells(self.folder / _MESH) == (
            n_points,
            n_cells,
        ):
            mesh = read_foam_mesh(self.folder / _MESH, self.folder / _MESH)
        else:
            mesh = _joined(pieces, addresses, n_points, n_cells)
        return mesh, dict(zip(self.parts, addresses, strict=True)), notes

    @cached_property
    def _last_fields(self) -> dict[str, FoamField | None]:
        folder = self.parts[0] / self.times[-1]
        return {name: FoamFile(folder / name, head_only=True).about() for name in _files(folder)}

    def _mesh_folders(self, part: Path) -> tuple[Path, Path]:
        """Where the points and the faces stand: in the last time folder so far with them, or constant."""
        folders = []
        for name in ("points", "faces"):
            changed = [t for t in _numbered(part) if _has(part / t / "polyMesh", name)]
            before = [t for t in changed if float(t) <= float(self.times[0])]
            after = [t for t in changed if float(self.times[0]) < float(t) <= float(self.times[-1])]
            if after:
                raise ReadError(
                    f"The mesh of the case '{self.folder.name}' must stay the same",
                    f"other {name} at time {after[0]}",
                    "Map the results to one mesh (mapFields), or keep the times of one mesh",
                )
            if not before and not _has(part / _MESH, name):
                self._refuse_regions(part)
            folders.append(part / before[-1] / "polyMesh" if before else part / _MESH)
        return folders[0], folders[1]

    def _refuse_regions(self, part: Path) -> None:
        regions = sorted(path.parent.name for path in (part / "constant").glob("*/polyMesh"))
        if regions:
            got = f"the regions {', '.join(regions)}"
            raise ReadError(
                f"The case '{self.folder.name}' must have one mesh", got, "Export a region by foamToVTK"
            )

    def _addresses(self, part: Path, piece: FoamMesh) -> dict[str, np.ndarray] | None:
        """Where the part's cells and points stand in the undecomposed mesh; None where that is not known."""
        rows = {}
        for on, count in (("cell", len(piece.volumes)), ("point", len(piece.points))):
            if not _has(part / _MESH, f"{on}ProcAddressing"):
                return None
            file = FoamFile(part / _MESH / f"{on}ProcAddressing")
            rows[on] = file.list_of("label")[0]
            if len(rows[on]) != count:
                return None
            if rows[on].min(initial=0) < 0:
                raise file.damaged("negative positions")
        return rows


def _joined(
    pieces: list[FoamMesh], rows: list[dict[str, np.ndarray]], n_points: int, n_cells: int
) -> FoamMesh:
    points, centres, volumes = np.empty((n_points, 3)), np.empty((n_cells, 3)), np.empty(n_cells)
    for piece, row in zip(pieces, rows, strict=True):
        points[row["point"]] = piece.points
        centres[row["cell"]], volumes[row["cell"]] = piece.centres, piece.volumes
    return FoamMesh(points, centres, volumes, tuple(file for piece in pieces for file in piece.files))


def _own_rows(mesh: FoamMesh, first_cell: int, first_point: int) -> dict[str, np.ndarray]:
    return {
        "cell": first_cell + np.arange(len(mesh.volumes)),
        "point": first_point + np.arange(len(mesh.points)),
    }


def _numbered(part: Path) -> list[str]:
    return sorted((p.name for p in part.iterdir() if _NUMBER.fullmatch(p.name) and p.is_dir()), key=float)


def _times(part: Path) -> list[str]:
    """The times with results: all but the initial state."""
    names = [name for name in _numbered(part) if _files(part / name)]
    return [name for name in names if name not in _initial_state(part, names)]


def _initial_state(part: Path, times: list[str]) -> list[str]:
    """Which of the times the run began from: 0 in front of all others, or one that the solver did not write.

    The solver writes a folder "uniform" into each time; what was set up by hand has none. With crank angles for
    times the run begins below 0, and 0 may be a result like the others.
    """
    if not times:
        return []
    if float(times[0]) >= 0:
        return times[:1] if float(times[0]) == 0 else []
    by_solver = [name for name in times if (part / name / "uniform").is_dir()]
    by_hand = [name for name in times if float(name) == 0 or name == times[0]]
    return [name for name in by_hand if by_solver and name not in by_solver]


def _words_of(dictionary: FoamDictionary, name: str) -> list[str]:
    try:
        return [token.text for token in dictionary.tokens(name) or ()]
    except RefusedError:
        return []


def _files(folder: Path) -> list[str]:
    """Names of the files of a time, without ".gz"; backups and hidden files are none."""
    files = (path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else ()
    return sorted(
        {
            path.name.removesuffix(".gz")
            for path in files
            if not path.name.startswith(".") and path.name[-1] != "~"
        }
    )


def _has(folder: Path, name: str) -> bool:
    return (folder / name).exists() or (folder / f"{name}.gz").exists()
