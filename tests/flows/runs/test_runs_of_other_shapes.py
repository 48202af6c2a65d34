"""A sweep in which geometry varies and the connectivity does not, from files to the answered mesh."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np
import pytest

from benchmarks.plates import kirsch, plate_with_hole
from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.inspection import inspect_path
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.commands.predictions.version_answer import answer_of_surrogate
from fieldwright.flows.runs import frozen_fields
from fieldwright.flows.runs.holdout import split_runs
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.runs.inspection.first_study import runs_first_study
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.serving.fields.answer import predict, prediction_reply
from fieldwright.serving.fields.served import load_served
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.surrogates.fields.surrogate import Surrogate

STEPS = 6


def plate(stretch: float, load: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, quads and displacement of a plate that is longer and, towards its end, wider by a stretch."""
    grid = np.linspace(0.0, 1.0, STEPS + 1)
    s, t = (axis.ravel() for axis in np.meshgrid(grid, grid))
    points = np.stack([stretch * s, t * (1.0 + 0.2 * (stretch - 1.0) * s**2), 0.0 * s], axis=1)
    corner = np.array([(STEPS + 1) * row + column for row in range(STEPS) for column in range(STEPS)])
    quads = np.stack([corner, corner + 1, corner + STEPS + 2, corner + STEPS + 1], axis=1)
    x, y = points[:, 0], points[:, 1]
    displacement = load * np.stack([x + 0.3 * x**2, -0.3 * y * x, 0.0 * x], axis=1)
    return points, quads, displacement


@pytest.fixture(scope="module")
def study_path(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plates")
    rng, rows = np.random.default_rng(5), ["run,stretch,load"]
    for number in range(20):
        stretch, load = rng.uniform(1.0, 2.0), rng.uniform(1.0, 2.0)
        points, quads, displacement = plate(stretch, load)
        if number == 11:
            # Mirrored in place: all cells are turned inside out.
            points = points * [-1.0, 1.0, 1.0]
        if number == 12:
            points[STEPS + 2] = points[2 * STEPS + 4] + [0.3, 0.3, 0.0]
        if number == 13:
            points = points * 1000.0
        if number == 14:
            quads = np.roll(quads[:, [1, 2, 3, 0]], 1, axis=0)
        name = f"plate_{number:02d}"
        (folder / "runs" / name).mkdir(parents=True)
        mesh = meshio.Mesh(points, {"quad": quads}, point_data={"displacement": displacement})
        mesh.write(folder / "runs" / name / "result.vtu")
        rows.append(f"{name},{stretch!r},{load!r}")
    (folder / "runs" / "parameters.csv").write_text("\n".join(rows) + "\n")
    text = runs_first_study(folder / "runs", folder, ["gp"])
    assert 'rule = "follow"' in text
    path = folder / "study.toml"
    path.write_text(
        text.replace('rule = "follow"', 'unit = "m"\nrule = "follow"').replace("folds = 8", "folds = 4")
    )
    return path


def test_a_query_answers_the_field_and_the_mesh_that_it_lives_on(study_path, tmp_path):
    study = Study.load(study_path)
    report = run_study(str(study_path))
    rejected = {name: (reason, sentence) for name, reason, sentence in report.ingested.rejected}
    assert {reason for reason, _ in rejected.values()} == {"wrong mesh"}
    said = {name: sentence for name, (_, sentence) in rejected.items()}
    assert set(said) == {"plate_11", "plate_12", "plate_13", "plate_14"}
    assert "mirror image" in said["plate_11"]
    assert "turned inside out" in said["plate_12"]
    assert "1000 times the size" in said["plate_13"] or "unit of length" in said["plate_13"]
    assert "connectivity" in said["plate_14"]

    snapshots = SnapshotStore(study.store_path).snapshots()
    np.testing.assert_array_equal(snapshots["coordinates"][3], plate(float(snapshots["stretch"][3]), 1.0)[0])

    assert report.promoted, report
    registry = Tracking.of(study).registry
    champion = registry.champion()
    assert champion is not None
    artifact = registry.download(champion, tmp_path / "champion")
    surrogate = Surrogate.load(artifact)
    info = surrogate.info("coordinates")
    assert (info.places, info.unit, info.on, info.components) == (True, "m", "point", ("x", "y", "z"))
    # An area is s (1 + 0.2 (s - 1) / 3) of a plate of stretch s; weights are the mean over the runs.
    s = snapshots["stretch"].values
    quadrature = np.mean(s * (1.0 + 0.2 * (s - 1.0) / 3.0))
    np.testing.assert_allclose(surrogate.weights["displacement"].sum(), quadrature, rtol=3e-3)

    assert [one.name for one in surrogate.description.parameters] == ["stretch", "load"]
    asked = np.array([[1.37, 1.8], [1.71, 1.2]])
    answer = answer_of_surrogate(surrogate, asked, (), None, None)
    assert not any(column.name.startswith("coordinates") for column in answer.columns)
    for mesh, (stretch, load) in zip(answer.meshes(), asked, strict=True):
        points, _, displacement = plate(stretch, load)
        np.testing.assert_allclose(mesh.points, points, atol=2e-3)
        error = np.linalg.norm(mesh.point_data["displacement"] - displacement) / np.linalg.norm(displacement)
        assert error < 0.01
    # A mesh of the same connectivity that the query gives is taken node by node.
    points, quads, _ = plate(*asked[0])
    followed = answer_of_surrogate(
        surrogate, asked[:1], (), None, "displacement", mesh=Mesh(points, {"quad": quads})
    )
    assert followed.inside[0], followed.why
    (mesh,), usual = followed.meshes(), answer.meshes()[0]
    np.testing.assert_array_equal(mesh.points, points)
    np.testing.assert_allclose(mesh.point_data["displacement"], usual.point_data["displacement"], rtol=1e-9)
    # By HTTP likewise, where the coordinates are not asked for.
    served = load_served(Shelved("plates", "1", artifact.name), artifact)
    query = served.read({"parameters": {"stretch": 1.37, "load": 1.8}, "fields": ["displacement"]})
    (mesh,) = prediction_reply(served, query, predict(served, query)).meshes()
    np.testing.assert_allclose(mesh.points, plate(1.37, 1.8)[0], atol=2e-3)
    assert set(mesh.point_data) == {
        "displacement",
        *(f"displacement {one}" for one in ("lower", "upper", "std")),
    }

    band = surrogate.predict(asked, ["coordinates"]).fields["coordinates"]
    assert (band.lower <= band.mean).all()
    assert (band.mean <= band.upper).all()


def test_plates_with_holes_on_meshes_of_their_own_are_learned_with_what_they_lose(tmp_path, monkeypatch):
    rows = ["run,radius"]
    for number, radius in enumerate(np.linspace(0.2, 0.4, 9).tolist()):
        name, mesh = f"hole_{number:02d}", plate_with_hole(radius, 0.15, number)
        (tmp_path / "runs" / name).mkdir(parents=True)
        stress = kirsch(mesh.points, radius)[:, 0]
        whole = meshio.Mesh(mesh.points, [*mesh.cells.items()], point_data={"stress": stress})
        whole.write(tmp_path / "runs" / name / "result.vtu")
        rows.append(f"{name},{radius!r}")
    (tmp_path / "runs" / "parameters.csv").write_text("\n".join(rows) + "\n")
    text = runs_first_study(tmp_path / "runs", tmp_path, ["gp"])
    assert 'rule = "morph"' in text
    assert inspect_path(tmp_path / "runs").unlike == {}
    (tmp_path / "study.toml").write_text(text)
    study = Study.load(tmp_path / "study.toml")
    report = read_runs(study)
    assert len(report.accepted) == 9, report.rejected
    store = SnapshotStore(study.store_path)
    targets = split_runs(study, store, report.accepted).train
    assert [info.name for info in targets.fields] == ["stress", "coordinates"]
    assert set(targets.losses) == {"stress"}
    assert targets.losses["stress"].shape == targets.values["stress"].shape
    # Each plate is 2 x 2 without a hole whose area is that of its polygon.
    area = 4.0 - np.pi * np.mean(targets.x**2)
    assert targets.weights["stress"].sum() == pytest.approx(area, rel=5e-3)
    for radius, places, values in zip(
        targets.x[:, 0], targets.values["coordinates"], targets.values["stress"], strict=True
    ):
        true = kirsch(places, radius)[:, 0]
        assert np.linalg.norm(values[:, 0] - true) / np.linalg.norm(true) < 0.05
    monkeypatch.setattr(frozen_fields, "SHARE", 10**12)
    frozen = split_runs(study, store, report.accepted).train
    np.testing.assert_array_equal(frozen.losses["stress"][:], targets.losses["stress"])
    np.testing.assert_allclose(frozen.weights["stress"], targets.weights["stress"], rtol=1e-12)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[fields]\ncoordinates = {}", 'is the field that rule = "follow"'),
        ("[fields]\nT = {}\n[time]\nhistory = 3", "differ by parameters"),
    ],
)
def test_a_study_says_what_does_not_go_with_it(tmp_path, more, said):
    path = tmp_path / "study.toml"
    path.write_text(
        'name = "a"\n[runs]\nfolder = "runs"\n[parameters]\nin_file = true\n[parameters.columns]\na = {}\n'
        f'[mesh]\nrule = "follow"\n{more}\n'
    )
    with pytest.raises(StudyError, match=said):
        load_study(path)
