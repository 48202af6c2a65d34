"""What MLflow and Prefect show of a pipeline, and what stands in a log that is no terminal."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter

from fieldwright.flows.tracking.experiment_page import SHARED_VIEW
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_card import MODEL_CARD
from fieldwright.flows.tracking.records import candidate_params


@pytest.mark.slow
def test_a_pipeline_is_worth_opening_in_mlflow_and_prefect(
    make_study: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_study()
    text = path.read_text()
    text = (
        text.split("[[candidates]]")[0]
        + "[tracking]\nsystem_metrics = true\n"
        + '[[candidates]]\nkind = "rbf"\n[[candidates]]\nkind = "bayes"\n'
    )
    path.write_text(text)
    table = path.parent / "runs" / "parameters.csv"
    table.write_text(table.read_text().replace("run_0003,", "run_9999,"))
    log = tmp_path / "run.log"
    command = [sys.executable, "-m", "fieldwright.flows.cli", "run", str(path), "--verbose"]
    environment = os.environ | {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}
    with log.open("w") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, env=environment, check=True)

    lines = log.read_text()
    assert "\x1b" not in lines
    assert "Add type hints" not in lines
    assert "View run" not in lines
    assert "runs accepted" in lines
    assert re.search(r"rbf: fluctuation_l2 \S+, stress \S+, displacement \S+, fit", lines)
    assert "Version 1 (" in lines

    tracking = Tracking(None, "beam")
    client, experiment_id = tracking.client, tracking.experiment_id()
    experiment = client.get_experiment(experiment_id)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    runs = client.search_runs([experiment_id])
    parent = next(run for run in runs if run.data.tags["role"] == "pipeline")
    children = [run for run in runs if run.data.tags["role"] == "candidate"]
    assert parent.info.run_name == f"beam-{date.today().isoformat()}-1"
    assert len(children) == 2

    # Every column of the page has a number in every row: pipelines and candidates alike.
    view = json.loads(
        zlib.decompress(base64.b64decode(experiment.tags[SHARED_VIEW].removeprefix("deflate;")))
    )
    columns = [name[len("metrics.`") : -1] for name in view["selectedColumns"] if name.startswith("metrics.")]
    assert {"score", "fit_seconds", "stress.relative_l2.mean", "stress.coverage"} <= set(columns)
    for run in (parent, *children):
        assert set(columns) <= set(run.data.metrics)
        assert run.data.tags["mlflow.source.name"] == str(path)
        assert run.data.tags["mlflow.user"] not in ("", "unknown")
        (dataset,) = run.inputs.dataset_inputs
        assert dataset.dataset.name == "beam"
        assert len(dataset.dataset.digest) == 12
        assert json.loads(dataset.dataset.profile)["num_rows"] == parent.data.metrics["runs"]
    assert "system/cpu_utilization_percentage" in parent.data.metrics
    assert 0.5 < parent.data.metrics["stress.coverage"] <= 1.0
    for child in children:
        assert child.data.tags["mlflow.runType"] == "evaluation"
        kind = child.data.params["kind"]
        assert {name.split(".")[0] for name in child.data.params} <= {
            *("kind", "seed", "samples", "folds", "reduction"),
            kind,
        }
        assert not [
            value for value in child.data.params.values() if value in ("None", "") or value[0] in "{[("
        ]

    version = tracking.registry.champion()
    assert version is not None
    card = Path(client.download_artifacts(parent.info.run_id, MODEL_CARD, str(tmp_path))).read_text()
    described = client.get_model_version("beam", version.version).description
    assert described == card[:5000]
    for part in (
        "there is no champion yet",
        "| load |",
        "| stress | Pa |",
        "calibrated for 90%",
        'load_model("models:/beam@champion")',
    ):
        assert part in card
    code = card.split("```python\n")[1].split("```")[0]
    asked = code.replace("model.predict", "answer = model.predict")
    script = (
        f"import mlflow\nmlflow.set_tracking_uri({tracking.uri!r})\n{asked}\nassert answer['inside'].all()\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Add type hints" not in ran.stderr

    with get_client(sync_client=True) as prefect:
        # Tests of the same process have runs of a study of the same name on this server.
        runs_of_study = [one for one in prefect.read_flow_runs(limit=200) if one.name.startswith("beam-")]
        flow_run = max(runs_of_study, key=lambda one: one.created)
        assert flow_run.name == parent.info.run_name
        artifacts = {
            one.key: one
            for one in prefect.read_artifacts(
                artifact_filter=ArtifactFilter.model_validate({"flow_run_id": {"any_": [flow_run.id]}})
            )
        }
    assert {"beam-ingest", "beam-candidates", "beam-comparison", "beam-decision", "beam-report"} <= set(
        artifacts
    )
    assert "there is no champion yet" in str(artifacts["beam-decision"].data)
    assert "run_0003" in str(artifacts["beam-ingest"].data)


def test_settings_of_a_candidate_stand_under_its_kind_in_words() -> None:
    settings = {"kind": "mlp", "hidden": (64, 32), "batch_norm": False, "inner": {"a": 1.5}, "fidelity": None}
    assert candidate_params(settings) == {
        "kind": "mlp",
        "mlp.hidden": "64, 32",
        "mlp.batch_norm": "no",
        "mlp.inner.a": "1.5",
    }
