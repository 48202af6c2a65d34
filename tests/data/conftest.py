"""A toy solver whose runs are small VTU files, to ingest and to break on purpose."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.ingest.ingestion import Rules, RunSource, find_runs
from fieldwright.data.ingest.parameters.table import ParameterTable, table_from_rows
from fieldwright.data.store.snapshot_store import SnapshotStore


def _array(name: str, values: np.ndarray) -> str:
    return (
        f'<DataArray type="Float64" Name="{name}" NumberOfComponents="{values[:1].size}" format="ascii">'
        f"{' '.join(map(repr, np.ravel(values).tolist()))}</DataArray>"
    )


class Solver:
    """Solves T = a x + b y, U = (a, b, x) on a strip of eight triangles and writes VTU in full precision."""

    points = np.stack([np.arange(10) // 2, np.arange(10) % 2, np.zeros(10)], axis=1).astype(float)
    rules = Rules({"T": "K", "U": "m/s"}, bound=1e6)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def parameters(self, i: int) -> dict[str, float]:
        """Two parameters that vary and one that does not, of run i."""
        return {"a": 1.0 + i, "b": 0.5 * i * i, "rho": 1000.0}

    def table(self, n: int) -> ParameterTable:
        """The parameters of n runs run_0, run_1, ..."""
        rows = {f"run_{i}": self.parameters(i) for i in range(n)}
        return table_from_rows(rows, {"a": "m", "b": None, "rho": "kg/m3"})

    def fields(self, a: float, b: float, **_: float) -> dict[str, np.ndarray]:
        """T (10,) and U (10, 3)."""
        x, y, _z = self.points.T
        return {"T": a * x + b * y, "U": np.stack([np.full(10, a), np.full(10, b), x], axis=1)}

    def run(self, n: int) -> list[RunSource]:
        """Writes n runs and finds them."""
        for i in range(n):
            self.write(self.path(i), self.fields(**self.parameters(i)))
        return self.sources()

    def path(self, i: int) -> Path:
        """The result file of run i."""
        return self.folder / f"run_{i}" / "result.vtu"

    def sources(self) -> list[RunSource]:
        """The runs that are on disk."""
        return find_runs(self.folder, "run_*", "result.vtu")

    def write(
        self,
        path: Path,
        fields: Mapping[str, np.ndarray],
        points: np.ndarray = points,
        triangles: np.ndarray | None = None,
    ) -> Path:
        """Writes point fields over triangles (a strip unless they are given)."""
        if triangles is None:
            triangles = np.arange(len(points) - 2)[:, None] + np.arange(3)
        count = len(triangles)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            '<?xml version="1.0"?><VTKFile type="UnstructuredGrid" version="1.0" byte_order="LittleEndian">'
            f'<UnstructuredGrid><Piece NumberOfPoints="{len(points)}" NumberOfCells="{count}">'
            f"<PointData>{''.join(_array(n, v) for n, v in fields.items())}</PointData>"
            f"<Points>{_array('Points', points)}</Points><Cells>"
            f'<DataArray type="Int64" Name="connectivity" format="ascii">{" ".join(map(str, triangles.flat))}'
            '</DataArray><DataArray type="Int64" Name="offsets" format="ascii">'
            f"{' '.join(str(3 * i + 3) for i in range(count))}</DataArray>"
            f'<DataArray type="UInt8" Name="types" format="ascii">{"5 " * count}</DataArray></Cells>'
            "</Piece></UnstructuredGrid></VTKFile>"
        )
        return path


@pytest.fixture
def solver(tmp_path: Path) -> Solver:
    return Solver(tmp_path / "runs")


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    return SnapshotStore(tmp_path / "store")
