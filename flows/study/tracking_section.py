"""The table `[tracking]` of a study file."""

from __future__ import annotations

from pydantic import Field

from fieldwright.flows.study.section import Section


class TrackingSection(Section):
    """Where runs and models are tracked."""

    uri: str | None = Field(
        None,
        description="MLflow tracking URI; $MLFLOW_TRACKING_URI if left out, else SQLite under $FIELDWRIGHT_HOME.",
    )
