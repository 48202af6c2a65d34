"""The dataset that a run has learned from, as MLflow shows it: name, digest, rows, columns and where it lies."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mlflow.entities import Dataset, DatasetInput, InputTag

from fieldwright.flows.tracking.tracked_run import TrackedRun

DIGITS = 12
"""Of the digest, of which MLflow holds 36 letters."""


def log_dataset(run: TrackedRun, name: str, digest: str, source: str, samples: Mapping[str, int]) -> None:
    """Writes the dataset of a study into a run.

    Parameters
    ----------
    run
        Of a pipeline or of a candidate.
    name
        Of the study.
    digest
        Of the contents of all accepted runs or photos, as hexadecimal digits.
    source
        The folder of the study.
    samples
        How many there are of each part, such as "train" and "test".
    """
    dataset = Dataset(
        name=name,
        digest=digest[:DIGITS],
        source_type="local",
        source=json.dumps({"uri": source}),
        profile=json.dumps({"num_rows": sum(samples.values()), **samples}),
    )
    run.client.log_inputs(run.id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])
