"""A single long run without parameters, forecast from what was measured last: from its files to an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import meshio
import numpy as np
import pytest
from rich.console import Console

from fieldwright.data.errors import QueryError, StudyError
from fieldwright.flows.commands.predictions.predict import PredictOptions, predict_study
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.serving.fields.answer import predict, prediction_reply
from fieldwright.serving.fields.histories_answer import histories_reply
from fieldwright.serving.fields.served import load_served
from fieldwright.serving.forms.json_form import write_json
from fieldwright.serving.hosting.shelf import Shelved

TIMES, STEP = 70, 0.1
STUDY = """
name = "wake"
[runs]
folder = "runs"
pattern = "run_*"
file = "step_*.vtu"
minimum = 1
step = 0.1
[fields]
speed = { unit = "m/s" }
[time]
history = 6
horizon = 9
[validation]
folds = 4
[[candidates]]
kind = "dmd"
"""


def wave(angle: float | np.ndarray, place: np.ndarray) -> np.ndarray:
    return np.sin(angle - 2.0 * place) + 0.3 * np.cos(2.0 * angle - 4.0 * place)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "run_1"
    folder.mkdir(parents=True)
    grid = np.linspace(0.0, 1.0, 4)
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
    corner = np.array([4 * row + column for row in range(3) for column in range(3)])
    quads = np.stack([corner, corner + 1, corner + 5, corner + 4], axis=1)
    for k in range(TIMES):
        speed: dict[str, Any] = {"speed": wave(np.pi * STEP * k, x)}
        mesh = meshio.Mesh(np.stack([x, y, 0.0 * x], axis=1), {"quad": quads}, point_data=speed)
        mesh.write(folder / f"step_{k:03d}.vtu")
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


def test_a_single_run_becomes_an_endpoint_that_forecasts(study, tmp_path, check_report):
    report = run_study(str(study))
    assert "fieldwright predict" not in check_report(report)
    assert report.best == "dmd"
    assert report.promoted
    loaded = Study.load(study)
    assert loaded.parameters.columns == {}
    champion = Tracking(loaded.tracking.uri, loaded.name).registry.champion()
    assert champion is not None
    folder = next((tmp_path / "home").rglob("model.json")).parent
    # As the endpoint does: it tries the model before it answers, and reads strict JSON.
    served = load_served(Shelved("wake", champion.version, folder.name), folder)
    place = np.tile(np.linspace(0.0, 1.0, 4), 4)
    true = wave(np.pi * STEP * np.arange(15)[:, None] + 0.4, place)[..., None]
    history = {"times": [3.0 + STEP * k for k in range(6)], "fields": {"speed": true[:6].tolist()}}
    query = served.read({"history": history, "fields": ["speed"], "times": [0.6, 1.25, 1.4]})
    answer = predict(served, query)
    np.testing.assert_allclose(answer.fields["speed"].mean[0, [0, 2]], true[[6, 14]], atol=1e-2)
    assert b'"times":[0.6,1.25,1.4]' in write_json(prediction_reply(served, query, answer))
    (body,) = served.interface()[0].bodies.values()
    assert [name for name, info in get_args(body)[0].model_fields.items() if info.is_required()] == [
        "history"
    ]
    assert "/gradients" not in [operation.path for operation in served.interface()]
    # Windows of the one run, whose first times are those of the wave.
    examples = histories_reply(served)
    stored = examples.arrays["fields", "speed", "values"]
    assert len(stored) == len(examples.header["runs"]) > 1
    np.testing.assert_allclose(
        stored[0, :, :, 0], wave(np.pi * STEP * np.arange(6)[:, None], place), atol=1e-6
    )
    assert "/histories" in [operation.path for operation in served.interface()]
    table = tmp_path / "measured.csv"
    rows = [f"{3.0 + STEP * k},{j},{true[k, j, 0]}" for k in range(6) for j in range(16)]
    table.write_text("\n".join(["time,point,speed [m/s]", *rows]))
    options = PredictOptions((), history=table, out=tmp_path / "forecast.csv", plot=tmp_path / "forecast.png")
    answer_here = predict_study(loaded, options, Console(quiet=True))
    by_name = {column.name: np.asarray(column.values) for column in answer_here.columns if column.times}
    np.testing.assert_allclose(by_name["max(speed)"][0], true[..., 0].max(axis=1), atol=2e-2)
    assert (tmp_path / "forecast.csv").read_text().startswith("query,time,max(speed) [m/s]")
    with pytest.raises(QueryError, match="must be given the measured first times by '--history'"):
        predict_study(loaded, PredictOptions(()), Console(quiet=True))
    short = {"times": history["times"][:4], "fields": {"speed": true[:4].tolist()}}
    for document, sentence in (
        ({}, "must contain the first 6 times of 'speed'"),
        ({"history": short}, "must have 6 times"),
        (
            {"history": history | {"fields": {"speed": [[[1.0]], [[1.0], [2.0]]]}}},
            "nested lists of numbers of equal",
        ),
        ({"history": history | {"fields": {"sped": []}}}, "'speed' was meant"),
        ({"history": [1]}, "an object of times and fields"),
        ({"history": history, "times": [9.0]}, "trained range 0 to 1.4. Got 9"),
        ({"history": history, "times": "all"}, "must be a list of numbers"),
    ):
        with pytest.raises(QueryError, match=sentence):
            served.read(document)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("history = 6\n", "", "'horizon' needs a 'history'"),
        ("history = 6\nhorizon = 9\n", "", "must name the inputs, unless"),
        ('[[candidates]]\nkind = "dmd"\n', "[search]\ntrials = 4\n", "a search does not forecast"),
    ],
)
def test_a_study_without_parameters_must_forecast(study, old, new, sentence):
    study.write_text(STUDY.replace(old, new))
    with pytest.raises(StudyError, match=sentence):
        Study.load(study)
