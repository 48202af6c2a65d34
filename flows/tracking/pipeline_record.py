"""What a pipeline's run and its candidates' say in the end: the dataset, the best one's numbers, the columns."""

from __future__ import annotations

from collections.abc import Mapping

from fieldwright.flows.tracking.dataset_input import log_dataset
from fieldwright.flows.tracking.experiment_page import headline_metrics, show_columns
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_card import MODEL_CARD, model_card
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.versions.promotion import Decision
from fieldwright.surrogates.model import Model

MOST_DESCRIPTION = 5000
"""Letters that a database holds of a version's description."""
COMMON = ("score", "fit_seconds", "runs")
"""Metrics that have a column whatever the family."""


def complete_pipeline(
    tracking: Tracking, pipeline: TrackedRun, digest: str, best: str, samples: Mapping[str, int]
) -> None:
    """Writes the dataset into all runs of a pipeline, the best candidate's numbers into its own, and the columns.

    Parameters
    ----------
    tracking
        Of the study.
    pipeline
        Its run.
    digest
        Of what its candidates learned from.
    best
        The label of the best candidate.
    samples
        How many there were of each part.
    """
    client, experiment = tracking.client, tracking.experiment_id()
    children = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{pipeline.id}'")
    for run_id in (pipeline.id, *(child.info.run_id for child in children)):
        run = TrackedRun(client, run_id)
        log_dataset(run, tracking.name, digest, tracking.source, samples)
        run.metrics({"runs": samples["train"]})
    seconds = sum(child.data.metrics.get("fit_seconds", 0.0) for child in children)
    numbers = next((child.data.metrics for child in children if child.data.tags.get("candidate") == best), {})
    headline = headline_metrics(numbers)
    pipeline.metrics({name: numbers[name] for name in headline} | {"fit_seconds": seconds})
    show_columns(client, experiment, [*COMMON, *headline])


def describe_version(
    tracking: Tracking, pipeline: TrackedRun, model: Model, version: str, decision: Decision
) -> None:
    """Writes the card of a version: as its description, and whole as a file of the pipeline's run."""
    tags = tracking.client.get_model_version(tracking.name, version).tags
    card = model_card(model, tags, version, decision)
    pipeline.texts({MODEL_CARD: card})
    tracking.client.update_model_version(tracking.name, version, card[:MOST_DESCRIPTION])
