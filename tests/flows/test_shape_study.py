"""Runs whose shape varies, from their files to a registered model and answers for new shapes."""

from __future__ import annotations

from pathlib import Path

import meshio
import mlflow
import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import QueryError, StudyError
from fieldwright.flows.commands.predictions.predict import PredictOptions, predict_study
from fieldwright.flows.runs.available_runs import accepted_runs
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.serving.families import load_shelved
from fieldwright.serving.fields.answer import predict
from fieldwright.serving.hosting.shelf import Shelved

ROWS, COLUMNS, CELL = 12, 24, 0.25
STUDY = """
name = "cylinders"
[runs]
folder = "runs"
pattern = "run_*"
file = "result.vtu"
[geometry]
field = "sdf"
mirror = ["y"]
[fields]
u = { unit = "m/s" }
[[candidates]]
kind = "unet"
members = 2
widths = [6, 8]
steps = 60
learning_rate = 5e-3
"""


def write_run(folder: Path, a: float, cx: float, cy: float, cell: float = CELL, sick: bool = False) -> None:
    """The potential flow past a circle of radius a about (cx, cy)."""
    y, x = np.mgrid[:ROWS, :COLUMNS] * cell
    x, y = x.ravel(), y.ravel()
    r = np.maximum(np.hypot(x - cx, y - cy), 1e-9)
    u = 1.0 - a**2 * ((x - cx) ** 2 - (y - cy) ** 2) / r**4
    v = -2.0 * a**2 * (x - cx) * (y - cy) / r**4
    distance = r - a
    distance[0] = np.nan if sick else distance[0]
    corner = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).ravel()
    quads = np.stack([corner, corner + 1, corner + COLUMNS + 1, corner + COLUMNS], axis=1)
    data = {"sdf": distance, "u": np.stack([u, v], axis=1) * (r >= a)[:, None]}
    folder.mkdir(parents=True)
    mesh = meshio.Mesh(np.stack([x, y, 0.0 * x], axis=1), {"quad": quads}, point_data=data)
    mesh.write(folder / "result.vtu")


def write_study(folder: Path, number: int, text: str = STUDY) -> Path:
    rng = np.random.default_rng(0)
    for k in range(number):
        place = folder / "runs" / f"run_{k:02d}"
        write_run(place, rng.uniform(0.4, 0.6), rng.uniform(1.5, 3.0), rng.uniform(1.1, 1.6))
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


@pytest.mark.slow
def test_shapes_become_a_registered_model_that_answers_new_ones(tmp_path, common_names, check_report):
    path = write_study(tmp_path, 20)
    runs = tmp_path / "runs"
    write_run(runs / "run_edge", 0.5, 0.3, 1.3)
    write_run(runs / "run_nan", 0.5, 2.0, 1.3, sick=True)
    write_run(runs / "run_other", 0.5, 2.0, 1.3, cell=0.2)
    report = run_study(str(path))
    page = check_report(report)
    assert all(words in page for words in ("Worst cases", "roundness", "cover", '"outline"')), page

    assert report.promoted
    assert report.best == "unet"
    reasons = {run: (reason, sentence) for run, reason, sentence in report.ingested.rejected}
    assert set(reasons) == {"run_edge", "run_nan", "run_other"}
    assert reasons["run_edge"][0] == "no shape"
    assert (
        "must not touch the edge of the grid. Got one that reaches the first column" in reasons["run_edge"][1]
    )
    assert reasons["run_nan"][0] == "not finite"
    assert "mesh" in reasons["run_other"][0]

    again = run_study(str(path))
    assert again.nothing_new
    assert again.ingested.rejected == report.ingested.rejected

    study = Study.load(path)
    tracking = Tracking.of(study)
    children = tracking.client.search_runs([tracking.experiment_id()], "tags.role = 'candidate'")
    assert {"u.near_wall.mean", "u.away.mean", "u.mirror.y.mean", "u.divergence.mean"} <= set(
        children[0].data.metrics
    )
    common_names(children[0], "shapes")
    losses = tracking.client.get_metric_history(children[0].info.run_id, "loss")
    assert [point.step for point in losses] == [1, 26, 51, 60]
    pictures = {file.path for file in tracking.client.list_artifacts(children[0].info.run_id, "figures")}
    assert "figures/u_worst_shape.png" in pictures

    mlflow.set_tracking_uri(tracking.uri)
    model = mlflow.pyfunc.load_model("models:/cylinders@champion")
    y, x = np.mgrid[:ROWS, :COLUMNS] * CELL
    distance = np.hypot(x - 2.2, y - 1.3) - 0.5
    answer = model.predict(distance[None])
    u = answer["u"][0, :, 0].reshape(ROWS, COLUMNS)
    assert np.all(u[distance < 0.0] == 0.0)
    # Slower ahead of the circle than beside it.
    assert u[5, 5] < u[8:10, 9].max()
    assert (answer["u:lower"] <= answer["u:upper"]).all()
    with pytest.raises(Exception, match="12 rows of 24 values"):
        model.predict(distance[None, :, :-1])

    # As the endpoint does with the version that it finds in the registry.
    folder = next((tmp_path / "home").rglob("manifest.json")).parent
    served = load_shelved(Shelved("cylinders", report.version, folder.name), folder)
    query = served.read({"distance": distance.tolist()})
    np.testing.assert_array_equal(predict(served, query).fields["u"].mean, answer["u"])
    table = tmp_path / "outline.csv"
    table.write_text("x,y\n2.5,1\n3.5,1\n3.5,1.8\n2.5,1.8\n")
    options = PredictOptions((), outline=table, out=tmp_path / "shape.vtu", plot=tmp_path / "shape.png")
    asked = predict_study(Study.load(path), options, Console(quiet=True))
    assert len(meshio.read(tmp_path / "shape.vtu").points) == ROWS * COLUMNS
    fastest = next(column for column in asked.columns if column.name.startswith("largest"))
    body = {"outline": [[2.5, 1.0], [3.5, 1.0], [3.5, 1.8], [2.5, 1.8]]}
    fields = predict(served, served.read(body)).fields
    assert np.asarray(fastest.values)[0] == pytest.approx(
        max(one.mean[..., 0].max() for one in fields.values())
    )
    with pytest.raises(QueryError, match="must be given the corners of a shape by '--outline'"):
        predict_study(Study.load(path), PredictOptions(()), Console(quiet=True))
    table.write_text("a,b\n1,2\n")
    with pytest.raises(QueryError, match=r"the columns 'x' and 'y' in 'outline\.csv'\. Got a, b"):
        predict_study(Study.load(path), options, Console(quiet=True))


def test_too_few_sound_shapes_end_the_pipeline_with_the_first_reason(tmp_path):
    path = write_study(tmp_path, 7)
    for k in range(2):
        write_run(tmp_path / "runs" / f"run_edge_{k}", 0.5 + 0.01 * k, 0.3, 1.3)
    with pytest.raises(
        StudyError, match=r"8 runs with a sound shape .*Got 7; the first of the others, 'run_edge_0'"
    ):
        run_study(str(path))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            '[geometry]\nfield = "sdf"\nmirror = ["y"]\n',
            "",
            "'parameters.columns' must name the inputs, unless",
        ),
        ('kind = "unet"', 'kind = "gp"', "can only have candidates of the kind 'unet'"),
        ('field = "sdf"', 'field = "u"', "is given with each shape and not learned"),
        (
            "[fields]",
            '[[symmetries]]\nkind = "mirror"\naxis = "y"\n[fields]',
            "states its symmetries there, by 'mirror' and 'periodic'",
        ),
    ],
)
def test_what_a_study_of_shapes_must_say(tmp_path, old, new, says):
    settings = STUDY if "gp" not in new else STUDY[: STUDY.index("members")]
    (tmp_path / "study.toml").write_text(settings.replace(old, new))
    with pytest.raises(StudyError, match=says):
        Study.load(tmp_path / "study.toml")


def test_commands_that_think_in_parameters_refuse_shapes(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    with pytest.raises(StudyError, match="whose runs differ by parameters"):
        accepted_runs(Study.load(tmp_path / "study.toml"))


def test_a_study_of_shapes_that_names_no_candidate_tries_a_unet(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY[: STUDY.index("[[candidates]]")])
    assert [one.kind for one in Study.load(tmp_path / "study.toml").candidates] == ["unet"]
