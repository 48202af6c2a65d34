"""What MLflow's page of a study shows when it opens: training runs, their candidates beneath them, and the columns.

MLflow 3 opens every experiment as one of language models unless the address says otherwise, and with no column of
numbers: the experiment therefore carries a shared view, and `experiment_address` leads to it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import mlflow

KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Tag of the experiment: it trains models."""
CANDIDATE_TAGS = {"mlflow.runType": "evaluation"}
"""Tag of a candidate's run, by which the page opens the pipeline above it."""
VIEW = "fieldwright"
SHARED_VIEW = f"mlflow.sharedViewState.{VIEW}"
SHOWN_ENDS = (".relative_l2.mean", ".coverage", ".error")
"""Ends of the names of the metrics that have a column, beside those that every family has."""
MOST_COLUMNS = 12


def experiment_address(server: str, experiment_id: str) -> str:
    """The address of the study's page in the MLflow UI at `server`, as model training and with its columns."""
    return (
        f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs?viewStateShareKey={VIEW}"
        "&workflowType=machine_learning"
    )


def run_address(server: str, experiment_id: str, run_id: str) -> str:
    """The address of one run in the MLflow UI at `server`."""
    return f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}?workflowType=machine_learning"


def headline_metrics(names: Iterable[str]) -> list[str]:
    """Those of a candidate that are worth a column: errors and coverage of each field or output."""
    return sorted(name for name in names if name.endswith(SHOWN_ENDS))


def show_columns(client: mlflow.MlflowClient, experiment_id: str, metrics: Sequence[str]) -> None:
    """Writes the view of the experiment: dataset, source, kind and `metrics`, the latest run first."""
    columns = ["attributes.`Dataset`", "attributes.`Source`", "params.`kind`", "params.`samples.train`"]
    columns += [f"metrics.`{name}`" for name in list(metrics)[:MOST_COLUMNS]]
    state: dict[str, Any] = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "runsHiddenMode": "FIRST_10_RUNS",
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
    }
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    client.set_experiment_tag(experiment_id, SHARED_VIEW, f"deflate;{packed}")
