"""Answers on a mesh that the query gives, against Kirsch's stress about a hole."""

from __future__ import annotations

import re
from dataclasses import replace

import meshio
import numpy as np
import pytest

from benchmarks.plates import kirsch, plate_with_hole
from fieldwright.data.errors import QueryError
from fieldwright.data.formats import Field, Run
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.own_meshes.morphing import Morphing
from fieldwright.data.mesh.own_meshes.own_coordinates import COORDINATES
from fieldwright.surrogates.fields.answers.given_mesh import (
    answers_on,
    given_mesh,
    read_given_mesh,
    with_shape,
)
from fieldwright.surrogates.fields.answers.meshes import prediction_meshes
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

RADII = np.linspace(0.2, 0.4, 9)


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    meshes = [plate_with_hole(radius, 0.15, k) for k, radius in enumerate(RADII.tolist())]
    morphing = Morphing(meshes[4])
    runs = [
        morphing(Run(mesh, {"stress": Field(kirsch(mesh.points, radius)[None, :, :1], "point")}), 1.0)
        for mesh, radius in zip(meshes, RADII, strict=True)
    ]
    values = {
        name: np.stack([run.fields[name].values[0] for run in runs]).astype(np.float64)
        for name in ("stress", COORDINATES)
    }
    config, x = kind_config({"kind": "rbf"}), RADII[:, None]
    reductions = {name: reduction_config({"kind": "svd"}) for name in values}
    n = meshes[4].n_points
    return Surrogate.train(
        config,
        reductions,
        x,
        values,
        parameters=[ParameterInfo(name="radius")],
        fields=[
            FieldInfo(name="stress", components=("",), n_points=n),
            FieldInfo(name=COORDINATES, components=("x", "y", "z"), n_points=n, places=True),
        ],
        points=dict.fromkeys(values, meshes[4].points),
        cells=meshes[4].cells,
        cross_validation=cross_validate(config, reductions, x, values, folds=9, seed=0),
        seed=0,
        name="plates",
    )


def test_an_answer_lies_on_the_nodes_of_the_mesh_that_is_given(surrogate, tmp_path):
    mesh, x = plate_with_hole(0.31, 0.15, 77), np.array([[0.31]])
    meshio.Mesh(mesh.points, [*mesh.cells.items()]).write(tmp_path / "new.vtu")
    given = given_mesh(surrogate, read_given_mesh(tmp_path / "new.vtu"), x)
    prediction = surrogate.predict(x, ["stress"])
    (answer,) = answers_on(given, prediction_meshes(surrogate, prediction, ["stress"]))
    np.testing.assert_array_equal(answer.points, mesh.points)
    np.testing.assert_array_equal(answer.cells["triangle"], mesh.cells["triangle"])
    true = kirsch(mesh.points, 0.31)[:, :1]
    assert np.linalg.norm(answer.point_data["stress"] - true) / np.linalg.norm(true) < 0.05
    lower, upper = (answer.point_data[f"stress {one}"] for one in ("lower", "upper"))
    assert (lower <= answer.point_data["stress"]).all()
    assert (answer.point_data["stress"] <= upper).all()
    assert with_shape(prediction, given) is prediction


def test_a_mesh_of_another_shape_than_the_parameters_describe_is_outside(surrogate):
    x = np.array([[0.25]])
    given = given_mesh(surrogate, plate_with_hole(0.31, 0.15, 77), x)
    prediction = surrogate.predict(x, ["stress"])
    assert prediction.inside[0]
    outside = with_shape(prediction, given)
    assert not outside.inside[0]
    assert given.why is not None
    distance = re.search(r"lies up to ([\d.]+) beside it", given.why)
    assert distance is not None
    # The radii differ by 0.06; sides of the hole's polygon lie within the circle by their height at most.
    height = 0.15**2 / (8 * 0.31)
    assert 0.06 - height <= float(distance[1]) <= 0.06 + height
    assert outside.why[0] is not None
    assert given.why in outside.why[0]


def test_meshes_that_cannot_be_morphed_are_refused_in_a_sentence(surrogate):
    mesh, x = plate_with_hole(0.31, 0.15, 77), np.array([[0.31]])
    (triangles,) = mesh.cells.values()
    twice = Mesh(
        np.concatenate([mesh.points, mesh.points + np.array([5.0, 0.0, 0.0])]),
        {"triangle": np.concatenate([triangles, triangles + mesh.n_points])},
    )
    plain = Mesh(np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0.0]]), {"quad": np.array([[0, 1, 2, 3]])})
    for bad, said in (
        (replace(mesh, points=1000.0 * mesh.points), "one unit of length"),
        (twice, "2 bodies"),
        (plain, "0 holes instead of 1"),
        (Mesh(mesh.points), "no cells whose nodes are known"),
    ):
        with pytest.raises(QueryError, match=said):
            given_mesh(surrogate, bad, x)
