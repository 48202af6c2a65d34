"""Answers on a mesh that the query gives: of a shape like those of the runs, on nodes of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from fieldwright.data.errors import QueryError, RunRejected
from fieldwright.data.formats import reader_for
from fieldwright.data.mesh.interpolation import apply
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.mesh_difference import same_connectivity
from fieldwright.data.mesh.own_meshes.morphing import Morphing
from fieldwright.data.mesh.own_meshes.orientation import check_cells, check_not_turned
from fieldwright.data.mesh.own_meshes.own_coordinates import check_unit
from fieldwright.data.output.vtu_file import MeshData
from fieldwright.surrogates.fields.prediction import Band, Prediction
from fieldwright.surrogates.fields.surrogate import Surrogate

MOST_HALF_WIDTHS = 2.0
"""Of the coordinates' bands, by which a node may lie elsewhere than the parameters say."""
LEAST_SHARE = 1e-3
"""Of the mesh's diagonal, within which a shape is the one that is described, however narrow the bands."""


@dataclass(frozen=True, eq=False)
class GivenMesh:
    """A mesh on which an answer is asked for, and the way there from the study's mesh.

    places: (n, 3) where the nodes of the study's mesh come to lie in it. back: by place ("point" or "cell") the
    matrix that takes values from the study's mesh to this one; None where both share their numbers. why: what speaks
    against its shape, or None.
    """

    mesh: Mesh
    places: np.ndarray
    back: Mapping[str, csr_array] | None
    why: str | None

    def carried(self, answer: MeshData) -> MeshData:
        """The answer on this mesh's own points and cells."""
        if not answer.cells:
            raise QueryError(
                "An answer on a mesh that is given must be of fields whose cells are known",
                "values at places alone",
                "Ask without the mesh",
            )
        point, cell = (
            self._taken(on, data) for on, data in (("point", answer.point_data), ("cell", answer.cell_data))
        )
        return replace(
            answer, points=self.mesh.points, cells=self.mesh.cells, point_data=point, cell_data=cell
        )

    def _taken(self, on: str, data: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        if self.back is None:
            return data
        return {name: apply(self.back[on], np.asarray(values)[None])[0] for name, values in data.items()}


def read_given_mesh(path: Path) -> Mesh:
    """The mesh of a file in any format that results are read from; its fields are not looked at. Raises ReadError."""
    return reader_for(path).read(path, []).mesh


def given_mesh(surrogate: Surrogate, mesh: Mesh, x: np.ndarray) -> GivenMesh:
    """The mesh with its way from the study's, for the query x (1, p).

    A mesh of the study's connectivity whose nodes lie nearer to where the model puts them as they are than morphed is
    taken as it is. Raises QueryError where the mesh cannot be morphed: another topology, the mirror image, another
    unit, several bodies, bad cells.
    """
    name = _field_of_places(surrogate)
    reference = Mesh(surrogate.points(name), dict(surrogate.cells))
    band = surrogate.predict(x, [name]).fields[name]
    try:
        places, back = _way(reference, mesh, band.mean[0])
    except RunRejected as error:
        raise QueryError(*error.args[1:]) from error
    return GivenMesh(mesh, places, back, _why_unlike(band, places))


def _field_of_places(surrogate: Surrogate) -> str:
    """The field that tells where the nodes of an answer lie; raises QueryError where all answers share one mesh."""
    names = [info.name for info in surrogate.description.fields if info.places and info.on == "point"]
    if not names:
        raise QueryError(
            "A mesh must be given to a model that has learned the coordinates of its runs",
            "one whose answers all lie on the study's mesh",
            'Leave it out, or learn the shapes: rule = "follow" or "morph" in [mesh]',
        )
    return names[0]


def answers_on(given: GivenMesh, answers: Sequence[MeshData]) -> list[MeshData]:
    """The answers at all times on the mesh that is given."""
    return [given.carried(one) for one in answers]


def with_shape(prediction: Prediction, given: GivenMesh) -> Prediction:
    """The prediction of one query, which lies outside where the mesh is not of the shape that it describes."""
    if given.why is None:
        return prediction
    why = given.why if prediction.why[0] is None else f"{prediction.why[0]}; {given.why}"
    return replace(prediction, inside=np.zeros_like(prediction.inside), why=(why,))


def _way(
    reference: Mesh, mesh: Mesh, expected: np.ndarray
) -> tuple[np.ndarray, Mapping[str, csr_array] | None]:
    """Where the nodes of the reference come to lie in the mesh, and the way back; raises RunRejected."""
    check_cells(mesh)
    check_unit(mesh, reference)
    if not same_connectivity(mesh, reference):
        return _morphed(reference, mesh)
    try:
        morphed = _morphed(reference, mesh)
    except RunRejected:
        morphed = None
    if morphed is not None and _distance(morphed[0], expected).max() < _distance(mesh.points, expected).max():
        return morphed
    check_not_turned(mesh, reference)
    return mesh.points, None


def _morphed(reference: Mesh, mesh: Mesh) -> tuple[np.ndarray, Mapping[str, csr_array]]:
    carried = Morphing(reference).between(mesh, {"point", "cell"})
    return carried.places, carried.backward


def _why_unlike(band: Band, places: np.ndarray) -> str | None:
    """What speaks against the shape being the one that the parameters describe, or None.

    A shape that no run has shows as a distance beyond the bands of the coordinates.
    """
    half = np.linalg.norm((band.upper[0] - band.lower[0]) / 2.0, axis=1).max()
    size = np.linalg.norm(np.ptp(places, axis=0))
    off = _distance(places, band.mean[0])
    limit = max(MOST_HALF_WIDTHS * half, LEAST_SHARE * size)
    worst = int(off.argmax())
    if off[worst] <= limit:
        return None
    place = ", ".join(f"{one:.4g}" for one in places[worst])
    return (
        f"the mesh is not of the shape that the parameters describe: it lies up to {off[worst]:.3g} beside it, "
        f"at ({place}), where {limit:.2g} is allowed"
    )


def _distance(places: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.linalg.norm(places - expected, axis=1)
