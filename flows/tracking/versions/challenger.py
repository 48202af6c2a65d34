"""The challenger: the registered version that has not been promoted and comes nearest to it."""

from __future__ import annotations

from mlflow.exceptions import MlflowException

from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion

CHALLENGER = "challenger"
"""Its alias, by which an endpoint asks it beside the champion."""
DATA = "data"
"""Tag of a version: the digest of what it was trained and evaluated on."""


def challenger_of(tracking: Tracking) -> ModelVersion | None:
    """The version with the alias; None where there is none."""
    try:
        version = tracking.client.get_model_version_by_alias(tracking.name, CHALLENGER)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise
    return ModelVersion(str(version.version), str(version.run_id), version.tags)


def put_forward(tracking: Tracking, version: ModelVersion) -> None:
    """Gives the alias to a version that was not promoted, unless the present one is of the same data and better."""
    present = challenger_of(tracking)
    comparable = present is not None and _comparable(present, version)
    if present is not None and comparable and float(present.tags["score"]) <= float(version.tags["score"]):
        return
    tracking.client.set_registered_model_alias(tracking.name, CHALLENGER, version.version)


def retire(tracking: Tracking, version: ModelVersion | None = None) -> None:
    """Takes the alias away, or only if this version bears it."""
    present = challenger_of(tracking)
    if present is not None and (version is None or present.version == version.version):
        tracking.client.delete_registered_model_alias(tracking.name, CHALLENGER)


def _comparable(one: ModelVersion, other: ModelVersion) -> bool:
    return bool(one.tags.get(DATA)) and all(
        one.tags.get(key) == other.tags.get(key) for key in (DATA, "metric")
    )
