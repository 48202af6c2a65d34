"""A pipeline that is killed at any of its steps goes on from the last finished one, to the same numbers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from PIL import Image

from fieldwright.data.environment import home
from fieldwright.flows import workflow
from fieldwright.flows.equations.steps import EquationSteps
from fieldwright.flows.photos.steps import PhotosSteps
from fieldwright.flows.report import Report
from fieldwright.flows.resumption.step_results import StepResults, steps_folder
from fieldwright.flows.runs.steps import RunsSteps
from fieldwright.flows.shapes.steps import ShapesSteps
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.fields.per_field import PER_FIELD
from fieldwright.surrogates.persistence.artifact import ARRAYS

MakeStudy = Callable[..., Path]
THREE = 'kind = "bayes"\n[[candidates]]\nkind = "pce"\n[[candidates]]\nkind = "rbf"\n'
ANY = "[promotion]\nallow_no_better = true\n"
KILLER = """
import os, pkgutil, signal, sys
study, place, moment, number = sys.argv[1:]
owner, _, name = place.rpartition(".")
owner = pkgutil.resolve_name(owner)
function, calls = getattr(owner, name), 0

def killing(*args, **kwargs):
    global calls
    calls += 1
    if moment == "before" and calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    value = function(*args, **kwargs)
    if moment == "after" and calls == int(number):
        os.kill(os.getpid(), signal.SIGKILL)
    return value

setattr(owner, name, killing)
from fieldwright.flows.own_prefect_server import own_prefect_server
from fieldwright.flows.workflow import run_study

with own_prefect_server():
    run_study(study)
"""
STEPS = "fieldwright.flows.runs.steps:RunsSteps"
RESULTS = "fieldwright.flows.resumption.step_results:StepResults"
REGISTRY = "fieldwright.flows.tracking.model_registry:ModelRegistry"
RUN = "fieldwright.flows.tracking.tracked_run:TrackedRun"
PLACES = (
    ("during ingestion", "fieldwright.data.store.snapshot_store:SnapshotStore.commit", "after", 5),
    ("after ingestion", f"{STEPS}.ingest", "after", 1),
    ("during the split", f"{STEPS}.split", "after", 1),
    ("while the first is evaluated", f"{STEPS}.evaluate", "before", 1),
    ("while the first's result is written", f"{STEPS}.keep", "after", 1),
    ("when the first is kept", f"{RESULTS}.keep", "after", 1),
    ("while the second is evaluated", f"{STEPS}.evaluate", "before", 1),
    ("while the second's result is written", f"{STEPS}.keep", "before", 1),
    ("while the third is evaluated", f"{STEPS}.evaluate", "before", 2),
    ("while the best is trained", f"{STEPS}.finish", "before", 1),
    ("when the best is trained", f"{STEPS}.finish", "after", 1),
    ("before it is registered", f"{REGISTRY}.register", "before", 1),
    ("while it is registered", "mlflow:MlflowClient.create_model_version", "before", 1),
    ("when it is registered", f"{REGISTRY}.register", "after", 1),
    ("between decision and promotion", f"{REGISTRY}.promote", "before", 1),
    ("when it is promoted", f"{REGISTRY}.promote", "after", 1),
    ("while pictures are drawn", "fieldwright.flows.pictures.picture_bytes", "after", 5),
    ("when pictures are written", f"{RUN}.figures", "after", 2),
    ("before the report", "fieldwright.flows.pipeline_tasks.publish_report", "before", 1),
    ("when it is reported", "fieldwright.flows.workflow.pipeline_megabytes", "before", 1),
    ("before its results are removed", f"{RESULTS}.clear", "before", 1),
)


def study_of_three(make_study: MakeStudy) -> Path:
    path = make_study(12)
    text = path.read_text()
    path.write_text(text[: text.index('kind = "bayes"')] + THREE)
    return path


def numbers(report: Report) -> Any:
    """All that does not measure time."""
    rows = report.as_dict()
    for one in rows["evaluations"]:
        one.pop("fit_seconds")
    return {key: rows[key] for key in ("best", "version", "promoted", "why", "metric", "evaluations")}


def in_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(folder))
    # MLflow leaves the address of the last store here.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def champion_arrays(path: Path) -> bytes:
    tracking = tracking_of(path)
    champion = tracking.registry.champion()
    assert champion is not None
    return (tracking.registry.download(champion, home() / "download") / ARRAYS).read_bytes()


def tracking_of(path: Path) -> Tracking:
    study = load_study(path)
    return Tracking(study.tracking.uri, study.name)


def of_role(tracking: Tracking, role: str) -> list[Any]:
    return list(tracking.client.search_runs([tracking.experiment_id()], f"tags.role = '{role}'"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_pipeline_killed_at_every_step_ends_with_the_same_champion(
    make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = study_of_three(make_study)
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(tmp_path / "uninterrupted"))
    expected, arrays = numbers(run_study(str(path))), champion_arrays(path)

    in_home(monkeypatch, tmp_path / "killed")
    log = tmp_path / "log"
    for name, place, moment, number in PLACES:
        words = [sys.executable, "-c", KILLER, str(path), place, moment, str(number)]
        with log.open("w") as out:
            # A group of its own: processes that the killed one had started end too.
            ended = subprocess.Popen(
                words, env=dict(os.environ), stdout=out, stderr=out, start_new_session=True
            )
            status = ended.wait(600)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(ended.pid, signal.SIGKILL)
        assert status == -signal.SIGKILL, f"{name}: {log.read_text()[-3000:]}"
    report = run_study(str(path))
    assert numbers(report) == expected
    assert champion_arrays(path) == arrays
    tracking = tracking_of(path)
    (version,) = tracking.client.search_model_versions("name = 'beam'")
    assert str(version.version) == "1"
    (pipeline,) = (run for run in of_role(tracking, "pipeline") if run.info.status == "FINISHED")
    own = [
        run
        for run in of_role(tracking, "candidate")
        if run.data.tags["mlflow.parentRunId"] == pipeline.info.run_id and run.info.status == "FINISHED"
    ]
    assert {run.data.tags["candidate"] for run in own} == {"bayes", "pce", "rbf"}
    assert len(own) == 3
    assert all({"score", "fit_seconds"} <= set(run.data.metrics) for run in own)
    assert int(pipeline.data.tags["resumed"]) >= 8
    assert not steps_folder("beam").exists()
    (best,) = (run for run in own if run.data.tags["candidate"] == report.best)
    assert {len(figure_names(tracking, run.info.run_id)) for run in (pipeline, best)} == {7, 4}
    assert Path(report.page).exists()


class Interruption(BaseException):
    """As if the process had been ended."""


def interrupted_at(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, path: Path, do: Any = None
) -> None:
    """Runs the study until the function is called, or has been where it is to `do` something."""

    def interrupt(*words: Any, **_: object) -> None:
        if do is not None:
            do(*words)
        raise Interruption

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupt)
        with pytest.raises(Interruption):
            run_study(str(path))


def evaluations_of(monkeypatch: pytest.MonkeyPatch, owner: type) -> list[str]:
    """The labels of the candidates that learn from now on; one that is joined of the others does not."""
    labels: list[str] = []
    evaluate = owner.evaluate  # type: ignore[attr-defined]

    def noted(self: Any, label: str, *more: Any) -> Any:
        if label != PER_FIELD:
            labels.append(label)
        return evaluate(self, label, *more)

    monkeypatch.setattr(owner, "evaluate", noted)
    return labels


def test_finished_candidates_are_taken_and_a_changed_one_is_evaluated_again(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = study_of_three(make_study)
    expected = numbers(run_study(str(path)))
    path.write_text(path.read_text().replace('name = "beam"', 'name = "girder"'))
    labels = evaluations_of(monkeypatch, RunsSteps)
    interrupted_at(monkeypatch, RunsSteps, "finish", path)
    assert labels == ["bayes", "pce", "rbf"]
    tracking = tracking_of(path)
    (first,) = of_role(tracking, "pipeline")
    assert first.info.status == "FAILED"
    before = {run.info.run_id for run in of_role(tracking, "candidate")}

    # Another setting of one, and a rule that changes no evaluation.
    text = path.read_text()
    path.write_text(
        text.replace('kind = "pce"', 'kind = "pce"\nmax_degree = 1') + "[promotion]\nmin_improvement = 0.1\n"
    )
    labels.clear()
    interrupted_at(monkeypatch, RunsSteps, "finish", path)
    assert labels == ["pce"]
    assert {run.info.run_id for run in of_role(tracking, "candidate")} > before

    path.write_text(text)
    labels.clear()
    caplog.set_level("INFO")
    report = run_study(str(path))
    assert labels == ["pce"], "the result of other settings was removed with them"
    assert "evaluate bayes: taken from the run of 20" in caplog.text
    assert numbers(report) == expected
    pipeline = max(of_role(tracking, "pipeline"), key=lambda run: run.info.start_time)
    own = {
        run.data.tags["candidate"]: run
        for run in of_role(tracking, "candidate")
        if run.data.tags["mlflow.parentRunId"] == pipeline.info.run_id
    }
    assert set(own) == {one.candidate for one in report.evaluations} >= {"bayes", "pce", "rbf"}
    assert own["bayes"].info.run_id in before
    assert all(run.info.status == "FINISHED" and run.data.metrics["score"] for run in own.values())
    assert not steps_folder("girder").exists()


def test_damaged_results_are_done_again_and_a_full_disk_costs_only_the_resumption(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_study(9)
    labels = evaluations_of(monkeypatch, RunsSteps)
    interrupted_at(monkeypatch, RunsSteps, "finish", path)
    damaged = sorted(steps_folder("beam").rglob(ARRAYS))[0]
    damaged.write_bytes(damaged.read_bytes()[:-8])
    labels.clear()
    interrupted_at(monkeypatch, RunsSteps, "finish", path)
    assert len(labels) == 1
    assert "is damaged" in caplog.text
    assert not list(steps_folder("beam").glob(".*"))

    StepResults("beam").clear()
    steps_folder("beam").write_text("no folder")
    report = run_study(str(path))
    assert report.promoted
    assert "could not be kept" in caplog.text


@pytest.mark.slow
def test_a_decision_is_taken_once_unless_the_champion_has_changed(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = make_study(9)
    path.write_text(path.read_text().replace('[[candidates]]\nkind = "gp"\n', ""))
    first = run_study(str(path))
    assert (first.version, first.promoted) == ("1", True)
    path.write_text(path.read_text().replace("folds = 4", "folds = 3\n[promotion]\nmin_improvement = 0.9"))
    tracking = tracking_of(path)
    caplog.set_level("INFO")

    # Interrupted between decision and report; nothing has changed since.
    interrupted_at(monkeypatch, workflow, "decide_and_promote", path, workflow.decide_and_promote)
    versions = tracking.client.search_model_versions("name = 'beam'")
    assert sorted(str(one.version) for one in versions) == ["1", "2"]
    second = run_study(str(path))
    assert "decide: taken from the run of" in caplog.text
    assert (second.version, second.promoted) == ("2", False)

    # Interrupted again, with another training, and somebody takes the champion's alias away meanwhile.
    path.write_text(path.read_text().replace("folds = 3", "folds = 5"))
    interrupted_at(monkeypatch, workflow, "decide_and_promote", path, workflow.decide_and_promote)
    tracking.client.delete_registered_model_alias("beam", "champion")
    caplog.clear()
    third = run_study(str(path))
    assert "decide: taken" not in caplog.text
    assert (third.version, third.promoted) == ("3", True), "there is no champion to compare with any more"


def photos(folder: Path) -> tuple[Path, type]:
    """Walls with a dark line across every other one."""
    for k in range(40):
        rng = np.random.default_rng(k)
        grey = 150.0 + rng.normal(0.0, 15.0, (32, 48))
        if k % 2:
            grey[rng.integers(4, 26) :][:3] -= 80.0
        place = folder / "walls" / ("Positive" if k % 2 else "Negative")
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        Image.fromarray(pixels).save(place / f"{k:03d}.png")
    candidate = (
        '[[candidates]]\nkind = "crack_cnn"\nsize = 32\nwidths = [6, 8]\nmembers = 2\nepochs = 2\n' + ANY
    )
    text = 'name = "walls"\nkind = "classification"\n[photos]\nfolder = "walls"\n'
    (folder / "study.toml").write_text(text + candidate)
    return folder / "study.toml", PhotosSteps


def shapes(folder: Path) -> tuple[Path, type]:
    """A field around circles, which is its distance and the square of it."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:12, :24] * 0.25
    corner = (np.arange(11)[:, None] * 24 + np.arange(23)).ravel()
    quads = np.stack([corner, corner + 1, corner + 25, corner + 24], axis=1)
    for k in range(12):
        distance = np.hypot(x - rng.uniform(1.5, 3.0), y - rng.uniform(1.1, 1.6)).ravel() - rng.uniform(
            0.4, 0.6
        )
        place = folder / "runs" / f"run_{k:02d}"
        place.mkdir(parents=True)
        points = np.stack([x.ravel(), y.ravel(), 0.0 * x.ravel()], axis=1)
        fields = {"sdf": distance, "u": np.where(distance > 0.0, distance**2, 0.0)}
        meshio.Mesh(points, {"quad": quads}, point_data=fields).write(place / "result.vtu")
    candidate = '[[candidates]]\nkind = "unet"\nmembers = 2\nwidths = [6, 8]\nsteps = 20\n' + ANY
    text = 'name = "circles"\n[runs]\nfolder = "runs"\npattern = "run_*"\nfile = "result.vtu"\n'
    (folder / "study.toml").write_text(text + '[geometry]\nfield = "sdf"\n[fields]\nu = {}\n' + candidate)
    return folder / "study.toml", ShapesSteps


def equation(folder: Path) -> tuple[Path, type]:
    """A boundary value problem."""
    (folder / "study.toml").write_text(
        'name = "bvp"\nproblem = "second_order_bvp"\n[[candidates]]\nkind = "pinn"\nfirst_steps = 20\n'
        "look_every = 10\nrounds = 3\nsteps = 30\ntolerance = 0.05\narchitecture = { hidden = [8] }\n"
        "sampling = { points = 60 }\n"
    )
    return folder / "study.toml", EquationSteps


FAMILIES = {"photos": photos, "shapes": shapes, "equation": equation}


@pytest.mark.slow
@pytest.mark.parametrize("family", ["photos", "shapes", "equation"])
def test_candidates_of_every_family_are_restored_number_for_number(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, owner = FAMILIES[family](tmp_path)
    expected, arrays = numbers(run_study(str(path))), champion_arrays(path)
    pictures = pictures_of(path)
    in_home(monkeypatch, tmp_path / "interrupted")
    labels = evaluations_of(monkeypatch, owner)
    interrupted_at(monkeypatch, owner, "finish", path)
    assert labels
    # The pictures too: they are drawn from what was restored.
    for result in steps_folder(load_study(path).name).glob("*/"):
        if json.loads((result / "step.json").read_text()).keys() == {"key", "ended"}:
            shutil.rmtree(result)
    labels.clear()
    assert numbers(run_study(str(path))) == expected
    assert labels == []
    assert champion_arrays(path) == arrays
    assert pictures_of(path) == pictures


def pictures_of(path: Path) -> set[str]:
    tracking = tracking_of(path)
    runs = [run for role in ("candidate", "pipeline") for run in of_role(tracking, role)]
    return {name for run in runs for name in figure_names(tracking, run.info.run_id)}


def figure_names(tracking: Tracking, run_id: str) -> list[str]:
    """Of the PNG alone: a note beside them would be another number."""
    return [item.path for item in tracking.client.list_artifacts(run_id, "figures")]
