"""The whole pipeline on real files: Prefect, Zarr, MLflow and its registry, nothing replaced."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import meshio
import mlflow
import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from fieldwright.data.errors import StudyError
from fieldwright.data.tracking_file import default_uri
from fieldwright.flows.commands.report_tables import print_report
from fieldwright.flows.commands.status import print_status
from fieldwright.flows.nothing_new import standing_report
from fieldwright.flows.report import Report
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.pipeline_inputs import pipeline_inputs
from fieldwright.flows.tracking.pipelines import last_pipeline
from fieldwright.flows.tracking.sqlite_reading import StudyState, study_state
from fieldwright.flows.tracking.study_lock import study_lock
from fieldwright.flows.workflow import run_study
from fieldwright.surrogates.fields.surrogate import Surrogate

MakeStudy = Callable[..., Path]


def tracking_of(path: Path) -> Tracking:
    study = Study.load(path)
    return Tracking.of(study)


def metrics_of_best(client: mlflow.MlflowClient, experiment, report: Report) -> dict[str, float]:
    (run,) = client.search_runs(
        [experiment.experiment_id], f"tags.role = 'candidate' and tags.candidate = '{report.best}'"
    )
    return run.data.metrics


def shown_status(path: Path) -> str:
    page = io.StringIO()
    print_status(Study.load(path), Console(file=page, width=200))
    return page.getvalue()


def test_runs_become_a_champion_and_everything_is_on_record(
    make_study: MakeStudy, tmp_path: Path, common_names
) -> None:
    path = make_study(more="per_field = false")
    report = run_study(str(path))
    assert len(report.ingested.accepted) == 24
    assert [one.candidate for one in report.evaluations] == ["bayes", "gp"]
    assert report.best == min(report.evaluations, key=lambda one: one.score).candidate
    assert report.version == "1"
    assert report.promoted
    # The fields are smooth in two parameters: any sound model gets them to a percent.
    assert max(max(one.relative_l2.values()) for one in report.evaluations) < 1e-2

    tracking = tracking_of(path)
    champion = tracking.registry.champion()
    assert champion is not None
    assert champion.version == "1"
    assert float(champion.tags["score"]) == min(one.score for one in report.evaluations)

    client = tracking.client
    runs = client.search_runs([tracking.experiment_id()])
    parent = next(run for run in runs if run.data.tags["role"] == "pipeline")
    children = {run.data.tags["candidate"]: run for run in runs if run.data.tags["role"] == "candidate"}
    assert set(children) == {"bayes", "gp"}
    own = {item.path for item in client.list_artifacts(parent.info.run_id, "figures")}
    for what in ("ranks", "modes"):
        assert f"figures/stress_{what}.png" in own
    # The mean stress is that of the load alone, whatever the modulus.
    assert parent.data.metrics["sobol.mean.stress.load.first"] > 0.99
    assert {"figures/sensitivity.png", "figures/responses.png"} <= own
    # load (1 + x y) + 0.1 load sin(load x) is close to a plane: rank 2 leaves less than a percent of new runs.
    assert parent.data.metrics["stress.projection_error"] < 1e-2
    for one in report.evaluations:
        child = children[one.candidate]
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.data.metrics["score"] == one.score
        assert child.data.metrics["stress.relative_l2.mean"] == one.relative_l2["stress"]
        assert child.data.metrics["fit_seconds"] > 0
        assert child.data.params["kind"] == one.candidate
        common_names(child, "fields")
        pictures = {item.path for item in client.list_artifacts(child.info.run_id, "figures")}
        of_the_best = {
            f"figures/{field}_{picture}.png"
            for field in ("stress", "displacement")
            for picture in ("predicted_against_true", "worst_run")
        }
        assert pictures == (of_the_best if one.candidate == report.best else set())


def test_a_test_set_is_not_learned_from_and_evaluates_the_bands(
    make_study: MakeStudy, check_report: Callable[[Report], str]
) -> None:
    path = make_study(more="test_size = 0.25")
    report = run_study(str(path))
    kept = report.test_set
    assert kept is not None
    assert kept.runs == 6
    assert kept.fields.keys() == {"stress", "displacement"}
    assert kept.fields["stress"].error < 1e-2
    assert kept.quantities["max(stress)"].error < 1e-2
    client = mlflow.MlflowClient(default_uri())
    experiment = client.get_experiment_by_name("beam")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id], "tags.role = 'pipeline'")
    assert run.data.metrics["runs"] == 18
    assert run.data.metrics["test.stress.coverage"] == kept.fields["stress"].pointwise
    assert run.data.metrics["test.max.stress.width"] == kept.quantities["max(stress)"].width
    console = Console(record=True, width=150)
    print_report(console, report)
    printed = console.export_text()
    assert "Test set: 6 runs" in printed
    assert report.page in printed.replace("\n", "")
    page = check_report(report)
    assert report.page == f"{run.info.artifact_uri.removeprefix('file://')}/report.html"
    assert "6 of them are the test set" in page
    assert f"{kept.fields['stress'].pointwise:.1%}" in page
    assert f"bands of 90% cover {metrics_of_best(client, experiment, report)['stress.coverage']:.1%}" in page
    (first,) = {name for name in ("load", "modulus") if f"mean(stress) depends most on {name}:" in page}
    assert f"alone it explains {run.data.metrics[f'sobol.mean.stress.{first}.first']:.0%}" in page
    assert "The training runs in the planes of the parameters that matter most" in page
    for section in ("Spectra and modes", "Worst cases", "Domain of use", "How to query"):
        assert section in page


def test_a_test_set_leaves_the_runs_that_a_study_needs(make_study: MakeStudy) -> None:
    path = make_study(more="test_size = 23")
    with pytest.raises(StudyError, match=r"must be left beside the test set. Got 24 accepted, 22 of them"):
        run_study(str(path))


def test_mlflow_itself_loads_the_champion_and_answers_like_the_artifact(make_study: MakeStudy) -> None:
    path = make_study()
    run_study(str(path))
    mlflow.set_tracking_uri(default_uri())
    loaded = mlflow.pyfunc.load_model("models:/beam@champion")
    answer = loaded.predict(pd.DataFrame({"modulus": [6.0, 8.0], "load": [1.5, 9.0]}))
    folder = next(Path(mlflow.artifacts.download_artifacts("models:/beam@champion")).rglob("manifest.json"))
    surrogate = Surrogate.load(folder.parent)
    own = surrogate.predict(np.array([[1.5, 6.0], [9.0, 8.0]]), fields=["stress"])
    np.testing.assert_array_equal(
        answer["max(stress)"].to_numpy(), own.fields["stress"].mean[..., 0].max(axis=1)
    )
    assert (answer["max(stress):lower"] < answer["max(stress):upper"]).all()
    assert answer["inside"].tolist() == [True, False]
    info = mlflow.models.get_model_info("models:/beam@champion")
    assert info.signature is not None
    assert info.signature.inputs.input_names() == list(surrogate.example() or ())
    assert info.signature.outputs.input_names() == list(answer.columns)
    example = loaded.input_example
    assert loaded.predict(example).columns.tolist() == answer.columns.tolist()


def test_an_unchanged_study_trains_nothing_and_registers_nothing(make_study: MakeStudy) -> None:
    path = make_study()
    first = run_study(str(path))
    assert not first.nothing_new
    tracking = tracking_of(path)
    before = tracking.client.search_runs([tracking.experiment_id()])
    # As a pipeline of this machine leaves them that was killed: its own run, and that of a candidate.
    tags = {"host": socket.gethostname(), "process": number_of_an_ended_process()}
    pipeline = tracking.client.create_run(tracking.experiment_id(), tags=tags).info.run_id
    tags = {"mlflow.parentRunId": pipeline}
    candidate = tracking.client.create_run(tracking.experiment_id(), tags=tags).info.run_id
    killed_ids = [pipeline, candidate]

    assert standing_report(Study.load(path)) is None, "a pipeline must end what was killed"
    second = run_study(str(path))
    assert second.ingested.unchanged == 24
    assert second.nothing_new.startswith("Nothing new: data, study and code are those of version 1 (")
    assert second == replace(first, ingested=second.ingested, nothing_new=second.nothing_new)
    assert {tracking.client.get_run(run_id).info.status for run_id in killed_ids} == {"KILLED"}
    after = tracking.client.search_runs([tracking.experiment_id()])
    assert len(after) == len(before) + len(killed_ids)
    assert [
        str(one.version) for one in tracking.client.search_model_versions(f"name = '{tracking.name}'")
    ] == ["1"]

    # The command finds the same without Prefect and MLflow, and only where it holds.
    study = Study.load(path)
    assert standing_report(study) == second
    champion = tracking.registry.champion()
    assert champion is not None
    state = StudyState(last_pipeline(tracking), champion.version, champion.tags)
    assert study_state(None, study.name) == state
    assert standing_report(study.model_copy(update={"seed": 1})) is None
    with study_lock(study.name, str):
        assert standing_report(study) is None
    result = path.parent / "runs" / "run_0001" / "result.vtu"
    whole = result.read_bytes()
    result.write_bytes(whole + b" ")
    assert standing_report(study) is None
    result.write_bytes(whole)
    assert standing_report(study) == second
    moved = result.parent.rename(path.parent / "elsewhere")
    assert standing_report(study) is None
    moved.rename(result.parent)

    # A version that is no longer there is made again, and forcing trains whatever is there.
    third = run_study(str(path), force=True)
    assert not third.nothing_new
    assert third.version == "2"
    assert [one.score for one in third.evaluations] == [one.score for one in first.evaluations]
    assert not third.promoted
    assert "does not beat version 1" in third.why
    champion = tracking.registry.champion()
    assert champion is not None
    assert champion.version == "1"
    tracking.client.delete_registered_model(study.name)
    assert standing_report(study) is None


def number_of_an_ended_process() -> str:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return str(process.pid)


def test_the_inputs_of_a_pipeline_are_all_that_changes_its_numbers(make_study: MakeStudy) -> None:
    path = make_study()
    study = Study.load(path)
    inputs = pipeline_inputs(study, "data")
    assert pipeline_inputs(Study.load(path), "data") == inputs
    assert pipeline_inputs(study, "other data") != inputs
    for key, value in {"seed": 1, "candidates": study.candidates[:1]}.items():
        assert pipeline_inputs(study.model_copy(update={key: value}), "data") != inputs
    assert pipeline_inputs(study.model_copy(update={"description": "in other words"}), "data") == inputs


def test_one_pipeline_of_a_study_runs_at_a_time(own_home: Path) -> None:
    said: list[str] = []
    order: list[str] = []

    def second() -> None:
        with study_lock("beam", said.append):
            order.append("second")

    with study_lock("beam", said.append):
        thread = threading.Thread(target=second)
        thread.start()
        while not said:
            thread.join(0.01)
        order.append("first")
        with study_lock("another", said.append):
            pass
    thread.join()
    assert order == ["first", "second"]
    assert said == ["Another run of 'beam' is under way; this one waits until it has ended"]


def test_broken_runs_are_rejected_with_their_reason_and_the_rest_goes_on(make_study: MakeStudy) -> None:
    path = make_study()
    runs = path.parent / "runs"
    poisoned = meshio.read(runs / "run_0003" / "result.vtu")
    poisoned.point_data["stress"][5] = np.nan
    poisoned.write(runs / "run_0003" / "result.vtu")
    whole = (runs / "run_0005" / "result.vtu").read_bytes()
    (runs / "run_0005" / "result.vtu").write_bytes(whole[: len(whole) // 2])
    (runs / "run_0007" / "result.vtu").unlink()
    table = (runs / "parameters.csv").read_text().splitlines()
    (runs / "parameters.csv").write_text("\n".join(row for row in table if "run_0009" not in row) + "\n")

    report = run_study(str(path))
    reasons = {run: reason for run, reason, _ in report.ingested.rejected}
    assert set(reasons) == {"run_0003", "run_0005", "run_0007", "run_0009"}
    assert reasons["run_0003"] == "not finite"
    assert reasons["run_0009"] == "missing parameter"
    assert len(report.ingested.accepted) == 20
    shown = shown_status(path)
    assert "20 runs accepted, 4 rejected" in shown
    assert "run_0003" in shown
    assert "not finite" in shown

    (runs / "run_0005" / "result.vtu").write_bytes(whole)
    assert "run_0005" in run_study(str(path)).ingested.accepted, "a run mended on disk is taken the next time"


def test_too_few_runs_is_one_sentence_and_loses_nothing(make_study: MakeStudy) -> None:
    path = make_study(n_runs=9)
    for number in (1, 2, 3):
        (path.parent / "runs" / f"run_{number:04d}" / "result.vtu").write_bytes(b"")
    with pytest.raises(StudyError) as error:
        run_study(str(path))
    assert "at least 8 accepted runs" in str(error.value)
    assert "6 accepted and 3 rejected" in str(error.value)
    assert "6 runs accepted, 3 rejected" in shown_status(path)
    last = last_pipeline(tracking_of(path))
    assert last is not None
    assert last["status"] == "FAILED"


@pytest.mark.slow
def test_a_limit_that_does_not_hold_keeps_the_alias_away(make_study: MakeStudy) -> None:
    path = make_study(more="[promotion]\nmax_error = { stress = 1e-12 }\n")
    report = run_study(str(path))
    assert not report.promoted
    assert "above the limit 1e-12" in report.why
    assert report.version == "1", "the model is registered all the same, to be looked at"
    assert tracking_of(path).registry.champion() is None
